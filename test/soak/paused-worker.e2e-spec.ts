import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { raw, unique } from '../support/client.js';
import { onPostgres } from '../support/server-storage.js';
import { TestServer } from '../support/server.js';
import { liveAgainst, PATIENT_CLAUDE, sharedStack } from '../support/shared-stack.js';
import { Simulator } from '../support/simulator.js';
import { scaled, tell } from '../support/soak.js';
import { readEvents, type SseEvent, wireOf } from '../support/sse.js';
import { until } from '../support/until.js';
import { allOver, audit, NO_FIGURES, sumOf } from './audit.js';
import { RUNS, runsOf, Step, untilCalled, untilText } from './steps.js';

const LEASE_MS = 30_000;
const RECOVERY_MS = 60_000;
/** Some of it is told while the worker stands still, and lies in its sockets when it wakes up. */
const SLOW = `[[sim text="${'word '.repeat(100)}" deltas=100 delta_ms=150]]`;
const QUICK = '[[sim text="done"]]';
/** After the wake-up: longer than any pause between two tries of a worker to write. */
const AFTERMATH_MS = scaled(3000, 15_000);

/** All that is told of runs and money, row by row. */
const LEDGER = [
  'select * from runs order by id',
  'select * from run_attempts order by run_id, number',
  'select * from run_events order by run_id, sequence',
  'select id, spent_nano_usd, reserved_nano_usd from users order by id',
  'select * from usage_rollups order by user_id, day, model, research_item_id',
  'select * from idempotency_keys order by user_id, key',
];

/** The embedded database has one process, which nobody takes over from. */
(onPostgres ? describe : describe.skip)('a worker that stands still for longer than its lease', () => {
  const { folder, template } = sharedStack();
  const steps = new Map<string, Step>();
  let simulator: Simulator;
  let worker: TestServer;
  let other: TestServer;
  let before: unknown;
  let after: unknown;
  /** A request that was in the middle of its transaction. */
  let unfinished: Promise<Response>;
  /** What a reader that has stayed with the worker is told in all. */
  let watched: Promise<SseEvent[]>;

  async function ledger(): Promise<unknown> {
    const client = new pg.Client({ connectionString: worker.storage.databaseUrl });
    await client.connect();
    const tables: unknown[] = [];
    for (const select of LEDGER) tables.push((await client.query(select)).rows);
    await client.end();
    return tables;
  }

  const eventsOf = ({ user }: Step, { baseUrl }: TestServer, id: number): Promise<Response> =>
    raw(`${RUNS}/${id}/events`, { key: user.key, baseUrl });

  async function step(name: string, arrange: (step: Step) => Promise<unknown>): Promise<void> {
    const made = await Step.by({ server: worker, simulatorUrl: simulator.baseUrl });
    steps.set(name, made);
    await arrange(made);
  }

  /** Everything that the worker is in the middle of; it has five places. */
  async function arrange(): Promise<void> {
    await step('of somebody whose row it had locked', async (made) => {
      await made.accepted(SLOW);
      await made.accepted(SLOW, 'respond-async');
      await untilCalled(made, 2);
      // It stops with money reserved and not committed: as long as that transaction is open, its user's row is locked.
      const rows = await made.hold('users', made.user.id);
      const headers = { 'idempotency-key': unique('key') };
      const json = { input: QUICK };
      unfinished = raw(RUNS, { method: 'POST', key: made.user.key, baseUrl: worker.baseUrl, json, headers });
      await rows.untilWaiting(1);
    });
    await step('inside an answer', async (made) => {
      watched = readEvents(await eventsOf(made, worker, await made.accepted(SLOW)));
      await untilText(made);
    });
    await step('before an answer', async (made) => {
      await made.accepted('[[sim slow_ms=5000 text="late"]]');
      await untilCalled(made, 1);
    });
    await step('waiting for a place', (made) => made.accepted(QUICK));
    await step('in the queue', (made) => made.batch(10));
  }

  /** Another process works while this one is stopped; it is asked for everything from now on. */
  async function takeOver(): Promise<void> {
    other = await TestServer.start({ folder, storage: worker.storage, env: environment(), keep: true });
    for (const made of steps.values()) made.scene.server = other;
    const books = [...steps.values()].map(({ user }) => ({ user, baseUrl: other.baseUrl }));
    await until(
      'The end of every run',
      async () => (await Promise.all(books.map(allOver))).every(Boolean),
      RECOVERY_MS,
    );
  }

  const environment = (): Record<string, string> => ({
    ...liveAgainst(simulator.baseUrl),
    ...PATIENT_CLAUDE,
    CLAUDE_MAX_CONCURRENCY: '5',
  });

  beforeAll(async () => {
    simulator = await Simulator.start(folder);
    worker = await TestServer.start({ folder, template, env: environment() });
    await arrange();
    process.kill(worker.pid!, 'SIGSTOP');
    for (const { rows } of steps.values()) await rows?.release();
    const stoppedAt = Date.now();
    await takeOver();
    await sleep(Math.max(0, stoppedAt + LEASE_MS + 1000 - Date.now()));
    before = await ledger();
    process.kill(worker.pid!, 'SIGCONT');
    await until('The wake-up', () => worker.log('run_fenced').length >= 5);
    await sleep(AFTERMATH_MS);
    after = await ledger();
  }, RECOVERY_MS + 90_000);

  afterAll(async () => {
    process.kill(worker.pid!, 'SIGCONT');
    await other.dispose();
    await worker.dispose();
    await simulator.stop();
  });

  it('finds its runs ended by another, and writes nothing any more when it wakes up', () => {
    expect(after).toEqual(before);
  });

  it.each([
    ['of somebody whose row it had locked', 2],
    ['inside an answer', 1],
    ['before an answer', 1],
  ])('leaves runs %s as interrupted, and what they may have cost as unknown', async (name, count) => {
    const runs = await runsOf(steps.get(name)!);
    const ends = runs.map(({ status, billing }) => [status, billing.state]);
    expect(ends).toEqual(Array.from({ length: count }, () => ['interrupted', 'unknown']));
  });

  it.each([
    ['waiting for a place', 1],
    ['in the queue', 10],
  ])('leaves runs %s to be done by the other, once', async (name, count) => {
    const runs = await runsOf(steps.get(name)!);
    expect(runs.map(({ status }) => status)).toEqual(Array.from({ length: count }, () => 'succeeded'));
  });

  it('has its open transaction undone, and tells its caller to come again', async () => {
    expect((await unfinished).status).toBe(503);
    expect(await runsOf(steps.get('of somebody whose row it had locked')!)).toHaveLength(2);
  });

  it('tells a reader that has stayed with it how the run went on elsewhere', async () => {
    const made = steps.get('inside an answer')!;
    const [run] = await runsOf(made);
    const all = await readEvents(await eventsOf(made, other, run!.id));
    expect(wireOf(await watched)).toBe(wireOf(all));
    expect(all.at(-1)?.name).toBe('interrupted');
  });

  it('leaves nothing unaccounted for', async () => {
    let figures = NO_FIGURES;
    for (const { user, markers } of steps.values()) {
      figures = sumOf(figures, await audit({ user, baseUrl: other.baseUrl, simulatorUrl: simulator.baseUrl }, markers));
    }
    tell('SIGSTOP past the lease', { ...figures });
  });
});
