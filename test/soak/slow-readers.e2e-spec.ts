import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { accepted, BATCHES, over } from '../support/batches.js';
import { dataOf, newUser, raw, type TestUser } from '../support/client.js';
import { figure } from '../support/metrics.js';
import { TestServer } from '../support/server.js';
import { liveAgainst, PATIENT_CLAUDE, sharedStack } from '../support/shared-stack.js';
import { scaled, tell } from '../support/soak.js';
import { type Run, readRun } from './audit.js';
import { pieceOf } from './cut-connection.js';
import { RUNS } from './steps.js';

const READERS = scaled(20, 100);
/** Each reader is to be sent 12 MB, of which the system takes some. */
const QUERIES = 150;
const CHARACTERS = 80_000;
/** What the process may have more than before for each reader: well below what it is to be sent, and some at large. */
const GROWTH_MB = 30 + READERS;
/** Readers that do read, before the measurement and in it: time for all that the server would send to the others. */
const ROUNDS = 5;
const MEGABYTE = 1024 * 1024;

describe('readers that do not read', () => {
  const { folder, template, simulatorUrl } = sharedStack();
  const sockets: Socket[] = [];
  let server: TestServer;
  let user: TestUser;

  beforeAll(async () => {
    server = await TestServer.start({ folder, template, env: { ...liveAgainst(simulatorUrl), ...PATIENT_CLAUDE } });
    user = await newUser(server.baseUrl);
  });
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });
  afterAll(() => server.dispose());

  /** Asks for a path, and takes no more of the answer than the system does by itself. */
  async function stall(path: string): Promise<Socket> {
    const { hostname, port } = new URL(server.baseUrl);
    const socket = connect(Number(port), hostname).pause();
    sockets.push(socket);
    await once(socket, 'connect');
    socket.write(`GET ${path} HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: Bearer ${user.key}\r\n\r\n`);
    return socket;
  }

  /** What the process uses, in its heap and beside it: of what it has from the system, it keeps a part that comes and goes. */
  async function usedMb(): Promise<number> {
    const used = await Promise.all(
      ['nodejs_heap_size_used_bytes', 'nodejs_external_memory_bytes'].map((name) => figure(server, name)),
    );
    return used.reduce((sum, bytes) => sum + bytes, 0) / MEGABYTE;
  }

  /**
   * The least memory that the process has after somebody has read all results, of several times: what it keeps is there each time,
   * and what waits for the garbage collector comes and goes.
   */
  async function leastAfterReading(batchId: number): Promise<number> {
    let least = Number.POSITIVE_INFINITY;
    for (let round = 0; round < ROUNDS; round += 1) {
      const answer = await raw(`${BATCHES}/${batchId}/results`, { key: user.key, baseUrl: server.baseUrl });
      expect((await answer.arrayBuffer()).byteLength).toBeGreaterThan(QUERIES * CHARACTERS);
      least = Math.min(least, await usedMb());
    }
    return least;
  }

  it('hold up no run that they follow, and no other reader of it', async () => {
    const input = `[[sim text="${'word '.repeat(20_000)}" deltas=200 delta_ms=10]]`;
    const settings = { max_tokens: 60_000 };
    const { id } = dataOf(
      await user.api.POST(RUNS, { params: { header: { Prefer: 'wait=0' } }, body: { input, settings } }),
    );
    const stalled = await Promise.all(Array.from({ length: READERS }, () => stall(`${RUNS}/${id}/events`)));
    const path = `${RUNS}/${id}/events`;
    const all = await (await raw(path, { key: user.key, baseUrl: server.baseUrl })).text();
    const run: Run = await readRun(user, id, server.baseUrl);
    expect([run.status, run.output_text]).toEqual(['succeeded', 'word '.repeat(20_000)]);
    // Whenever they begin to read, nothing is missing.
    for (const socket of stalled.slice(0, 3)) expect(await bodyOf(socket)).toBe(all);
  }, 60_000);

  it('do not make the process keep what they leave', async () => {
    const text = 'x'.repeat(CHARACTERS);
    const queries = Array.from({ length: QUERIES }, (_, index) => ({
      input: `[[sim text="${text}"]] ${index}`,
      settings: { max_tokens: 60_000 },
    }));
    const { id } = await accepted(user.api, queries);
    expect((await over(user.api, id, 60_000)).counts.succeeded).toBe(QUERIES);
    const before = await leastAfterReading(id);
    await Promise.all(Array.from({ length: READERS }, () => stall(`${BATCHES}/${id}/results`)));
    const growth = (await leastAfterReading(id)) - before;
    tell('slow readers', { readers: READERS, 'MB each': (QUERIES * CHARACTERS) / 1e6, 'MB more': Math.round(growth) });
    expect(growth).toBeLessThan(GROWTH_MB);
  }, 120_000);
});

/** The body of the one answer on a socket that is read from now on. */
async function bodyOf(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const data of socket) {
    chunks.push(data as Buffer);
    const { body, whole } = pieceOf(Buffer.concat(chunks));
    if (whole) return body.toString();
  }
  throw new Error('The connection ended before the answer did');
}
