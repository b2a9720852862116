import { setTimeout as sleep } from 'node:timers/promises';
import { raw, type TestUser } from '../support/client.js';
import type { TestServer } from '../support/server.js';

/** Answers that say "later": the same request under the same key is sent again. */
const LATER = new Set([409, 503]);
const PAUSE_MS = 100;

/** What a client is answered at last, however often it had to ask. */
export interface Answered {
  readonly status: number;
  readonly body: unknown;
}

/**
 * A client as it should be: it sends its request under an `Idempotency-Key`, and again and again until it is answered, whatever
 * becomes of the server meanwhile.
 */
export async function askPatiently(
  server: TestServer,
  user: TestUser,
  path: string,
  json: unknown,
  headers: Readonly<Record<string, string>>,
): Promise<Answered> {
  for (;;) {
    const answer = await raw(path, { method: 'POST', key: user.key, baseUrl: server.baseUrl, json, headers }).then(
      async (response) => ({ status: response.status, body: JSON.parse(await response.text()) as unknown }),
      () => null, // The server was killed, or is not up again yet.
    );
    if (answer && !LATER.has(answer.status)) return answer;
    // A client that is never answered fails its test, and keeps nothing alive beyond it.
    await sleep(PAUSE_MS, undefined, { ref: false });
  }
}
