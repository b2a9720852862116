import { raw } from './client.js';
import type { TestServer } from './server.js';

/** A figure of a server's `/metrics`, by its name and labels as they stand there; 0 when it is not there. */
export async function figure(server: TestServer, name: string): Promise<number> {
  const text = await (await raw('/metrics', { key: null, baseUrl: server.baseUrl })).text();
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  return line === undefined ? 0 : Number(line.slice(name.length));
}
