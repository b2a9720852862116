import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { accepted, BATCHES, over, readBatch } from '../support/batches.js';
import { newUser, raw, type Schemas, type TestUser } from '../support/client.js';
import { expectProblem } from '../support/problems.js';
import { TestServer } from '../support/server.js';
import { liveAgainst, sharedStack } from '../support/shared-stack.js';
import { readEvents, type SseEvent } from '../support/sse.js';
import { until } from '../support/until.js';

const RUNS = '/api/v1/ai/runs';
/** What running calls get, and a little for the rest. */
const LONGEST_MS = 26_000;

describe('a server that is told to stop by SIGTERM', () => {
  let server: TestServer;
  let user: TestUser;

  beforeEach(async () => {
    const { folder, template, simulatorUrl } = sharedStack();
    const env = { ...liveAgainst(simulatorUrl), CLAUDE_IDLE_TIMEOUT_MS: '60000', CLAUDE_DEADLINE_MS: '60000' };
    server = await TestServer.start({ folder, template, env });
    user = await newUser(server.baseUrl);
  });
  afterEach(() => server.dispose());

  async function stream(input: string): Promise<{ events: Promise<SseEvent[]>; begun: Promise<void> }> {
    const headers = { accept: 'text/event-stream' };
    const response = await raw(RUNS, {
      method: 'POST',
      key: user.key,
      baseUrl: server.baseUrl,
      headers,
      json: { input },
    });
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const events = readEvents(response, ({ length }) => {
      if (length >= 2) begin();
      return false;
    });
    return { events, begun };
  }

  it('exits with 0 at once when it has nothing to do', async () => {
    const start = Date.now();
    expect(await server.stop()).toBe(0);
    expect(Date.now() - start).toBeLessThan(5000);
  });

  it('is not held up by who does not read, or never asks', async () => {
    const text = 'word '.repeat(20_000);
    const queries = Array.from({ length: 120 }, (_, index) => ({ input: `[[sim text="${text}" deltas=1]] ${index}` }));
    const { id } = await accepted(user.api, queries);
    await over(user.api, id);
    const { hostname, port } = new URL(server.baseUrl);
    const connected = async (request: string): Promise<Socket> => {
      const socket = connect(Number(port), hostname);
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      socket.write(request);
      // From here on nothing is read: what does not fit into the buffers between stays with the server.
      if (request !== '') await once(socket, 'readable');
      return socket;
    };
    const head = (path: string) => `GET ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${user.key}\r\n\r\n`;
    const idle = await connected('');
    const stalled = await connected(head(`/api/v1/ai/batches/${id}/results`));
    const start = Date.now();
    expect(await server.stop()).toBe(0);
    expect(Date.now() - start).toBeLessThan(10_000);
    for (const socket of [idle, stalled]) socket.destroy();
  }, 60_000);

  it('tells who watches a batch of the end of what runs here', async () => {
    const slow = { input: `[[sim text="${'word '.repeat(20)}" deltas=20 delta_ms=100]]` };
    const { id } = await accepted(user.api, [slow, slow]);
    const watching = await raw(`${BATCHES}/${id}/events`, { key: user.key, baseUrl: server.baseUrl });
    const events = readEvents(watching);
    await until('Both calls', async () => (await readBatch(user.api, id)).counts.running === 2);
    expect(await server.stop()).toBe(0);
    expect((await events).at(-1)).toMatchObject({ name: 'finished', data: { counts: { succeeded: 2 } } });
  });

  it('lets running calls finish, interrupts what hangs, and gives every stream its last event', async () => {
    const short = await stream(`[[sim text="${'word '.repeat(20)}" deltas=20 delta_ms=100]]`);
    const hung = await stream(`[[sim hang_after=3 deltas=9 text="${'word '.repeat(9)}"]]`);
    await Promise.all([short.begun, hung.begun]);
    const start = Date.now();
    const exit = server.stop();
    await until('The shutdown', () => server.log('stopping').length > 0);

    const { baseUrl } = server;
    const ready = await raw('/health/ready', { baseUrl, key: null });
    await expectProblem(ready, 'shutting-down');
    expect(ready.headers.get('retry-after')).not.toBeNull();
    const live = await raw('/health/live', { baseUrl, key: null });
    expect(live.status).toBe(200);
    const refused = await raw(RUNS, { method: 'POST', key: user.key, baseUrl, json: { input: 'late' } });
    await expectProblem(refused, 'shutting-down');
    // Each of these connections is closed once it has answered, and its client is told so.
    for (const { headers } of [ready, live, refused]) expect(headers.get('connection')).toBe('close');

    const ends = await Promise.all([short.events, hung.events]);
    expect(ends.map((events) => events.at(-1)?.name)).toEqual(['succeeded', 'interrupted']);
    expect(await exit).toBe(0);
    expect(Date.now() - start).toBeLessThan(LONGEST_MS);
    const last = ends[1]?.at(-1)?.data as Schemas['RunResponse'];
    expect(last).toMatchObject({ error: { type: '/problems/run-interrupted' }, billing: { state: 'unknown' } });

    await server.restart();
    const read = await raw(`${RUNS}/${last.id}`, { key: user.key, baseUrl: server.baseUrl });
    expect(await read.json()).toEqual(last);
  }, 60_000);
});
