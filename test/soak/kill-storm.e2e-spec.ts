import { setTimeout as sleep } from 'node:timers/promises';
import { BATCHES, readBatch, resultsOf, type Batch } from '../support/batches.js';
import { clientFor, newUser, type TestUser, unique } from '../support/client.js';
import { onPostgres } from '../support/server-storage.js';
import { TestServer } from '../support/server.js';
import { liveAgainst, PATIENT_CLAUDE, sharedStack } from '../support/shared-stack.js';
import { Simulator, upstreamCalls } from '../support/simulator.js';
import { Chance, scaled, seed, tell } from '../support/soak.js';
import { until } from '../support/until.js';
import { allOver, audit, NO_FIGURES, sumOf } from './audit.js';
import { type Answered, askPatiently } from './patient-client.js';

const KILLS = onPostgres ? scaled(5, 50) : scaled(3, 15);
const USERS = 3;
/** What marks the texts of all runs. */
const MARKER = 'storm';
/** How long a start gets before it is killed again. */
const LONGEST_LIFE_MS = 2500;
/** The first kill comes when so many calls are under way: a few random moments may all be quiet ones. */
const CAUGHT = 4;
/** One in so many starts is killed before it listens. */
const STILLBORN = 5;
/** After the last kill: on PostgreSQL leases and heartbeats of 30 s have to run out, and what was queued has to be done. */
const RECOVERY_MS = onPostgres ? 60_000 : 20_000;
/** A start takes seconds on a machine that has much else to do. */
const TIMEOUT_MS = KILLS * 30_000 + RECOVERY_MS + 60_000;

interface Client {
  readonly user: TestUser;
  readonly markers: string[];
  readonly batches: Promise<Answered>[];
  readonly singles: Promise<Answered>[];
}

describe('a server that is killed by kill -9 again and again', () => {
  const chance = new Chance(seed);
  const clients: Client[] = [];
  const { folder, template } = sharedStack();
  let simulator: Simulator;
  let server: TestServer;
  let kills = 0;
  let over = false;

  /** A text that one run alone has, with an answer of some pieces; now and then Claude is overloaded at first. */
  function input(client: Client): string {
    const marker = unique(MARKER);
    client.markers.push(marker);
    const deltas = chance.integer(1, 12);
    const pace = `deltas=${deltas} delta_ms=${chance.integer(5, 120)} text="${'word '.repeat(deltas)}"`;
    const fault = chance.integer(1, 20) === 1 ? `[[sim status=529 times=1 key=${marker}]] ` : '';
    return `${fault}[[sim ${pace}]] ${marker}`;
  }

  function giveWork(client: Client): void {
    const queries = Array.from({ length: chance.integer(3, 12) }, () => ({ input: input(client) }));
    client.batches.push(
      askPatiently(server, client.user, BATCHES, { queries }, { 'idempotency-key': unique('batch') }),
    );
    const preferences = ['wait=300', 'wait=0', 'respond-async'];
    const headers = { 'idempotency-key': unique('run'), prefer: preferences[chance.integer(0, 2)]! };
    client.singles.push(askPatiently(server, client.user, '/api/v1/ai/runs', { input: input(client) }, headers));
  }

  async function callsUnderWay(): Promise<boolean> {
    const calls = await upstreamCalls(simulator.baseUrl, MARKER);
    return calls.filter(({ ended }) => !ended).length >= CAUGHT;
  }

  async function kill(): Promise<void> {
    kills += 1;
    await server.stop('SIGKILL');
  }

  /** Starts the server again, and sometimes kills it before it is up. */
  async function revive(): Promise<void> {
    if (chance.integer(1, STILLBORN) === 1 && kills < KILLS) {
      const boot = server.restart().catch((error: unknown) => String(error));
      await sleep(chance.integer(0, 1500));
      await kill();
      await boot;
    }
    if (!over) await server.restart();
  }

  beforeAll(async () => {
    simulator = await Simulator.start(folder);
    const env = { ...liveAgainst(simulator.baseUrl), ...PATIENT_CLAUDE, CLAUDE_MAX_CONCURRENCY: '8' };
    server = await TestServer.start({ folder, template, env });
    for (let count = 0; count < USERS; count += 1) {
      clients.push({ user: await newUser(server.baseUrl), markers: [], batches: [], singles: [] });
    }
    while (kills < KILLS && !over) {
      for (const client of clients) giveWork(client);
      if (kills === 0) await until('Calls under way', callsUnderWay);
      else await sleep(chance.integer(0, LONGEST_LIFE_MS));
      await kill();
      await revive();
    }
    for (const { batches, singles } of clients) await Promise.all([...batches, ...singles]);
    const { baseUrl } = server;
    const allEnded = async (): Promise<boolean> => {
      const states = await Promise.all(clients.map(({ user }) => allOver({ user, baseUrl })));
      return states.every(Boolean);
    };
    await until('The end of every run', allEnded, RECOVERY_MS);
  }, TIMEOUT_MS);

  afterAll(async () => {
    over = true;
    await server.dispose();
    await simulator.stop();
  });

  it('has lost no run, done or finished none twice, and accounts for every call to Claude', async () => {
    let figures = NO_FIGURES;
    for (const { user, markers } of clients) {
      const books = { user, baseUrl: server.baseUrl, simulatorUrl: simulator.baseUrl };
      figures = sumOf(figures, await audit(books, markers));
    }
    tell(`kill -9 on ${onPostgres ? 'PostgreSQL' : 'the embedded database'}`, { kills, ...figures });
    // Some were caught in the act, and most were not.
    expect(figures.interrupted).toBeGreaterThan(0);
    expect(figures.interrupted).toBeLessThan(figures.runs);
  }, 60_000);

  it('has every batch that it accepted whole, in the order of its queries', async () => {
    for (const { user, markers, batches } of clients) {
      for (const answered of batches) {
        const { status, body } = await answered;
        expect(status).toBe(202);
        const { id } = body as Batch;
        const { counts, finished_at: finishedAt } = await readBatch(clientFor(user.key, server.baseUrl), id);
        expect(finishedAt).not.toBeNull();
        const results = await resultsOf(user, id, server.baseUrl);
        expect(results.map(({ index }) => index)).toEqual(results.map((_, index) => index));
        expect([counts.total, counts.succeeded + counts.interrupted]).toEqual([results.length, results.length]);
      }
      expect(markers.length).toBeGreaterThan(batches.length);
    }
  }, 60_000);
});
