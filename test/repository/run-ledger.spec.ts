import type { UserId } from '../../src/identity/user-id.js';
import { type NanoUsd, nanoUsd } from '../../src/platform/money/money.js';
import { acceptedRun } from '../../src/ai/runs/ledger/run-acceptance.js';
import { RunClaimsRepository } from '../../src/ai/runs/ledger/run-claims.repository.js';
import { type Hold, RunLedgerRepository } from '../../src/ai/runs/ledger/run-ledger.repository.js';
import type { Run, RunAttempt, RunId } from '../../src/ai/runs/run.types.js';
import { BudgetExceededError } from '../../src/ai/runs/run.errors.js';
import { OTHER_WORKER, questionOf, RESERVE, WORKER } from '../support/accepted-runs.js';
import { freshDatabase, type TestDatabase } from '../support/database.js';

describe('the ledger of runs', () => {
  let database: TestDatabase;
  let ledger: RunLedgerRepository;

  beforeAll(async () => {
    database = await freshDatabase();
    ledger = new RunLedgerRepository(database.transaction);
  });
  afterAll(() => database.close());

  async function newUser(budget: number | null = null): Promise<UserId> {
    const text = `insert into users (name, budget_nano_usd) values ('Ada', $1) returning id`;
    return (await database.transaction.sql<{ id: UserId }>(text, [budget]))[0]!.id;
  }

  async function moneyOf(user: UserId): Promise<{ reserved: number; spent: number }> {
    const text = 'select reserved_nano_usd as reserved, spent_nano_usd as spent from users where id = $1';
    return (await database.transaction.sql<{ reserved: number; spent: number }>(text, [user]))[0]!;
  }

  /** A run that a worker has begun, its first attempt sent. */
  async function running(userId: UserId, reserve: NanoUsd | null = RESERVE): Promise<{ run: Run; hold: Hold }> {
    const question = questionOf(userId);
    const createdAt = new Date();
    const acceptance = { question, createdAt, reserve, workerId: WORKER, sent: true, firstEventRest: '}' };
    const id = await ledger.accept(acceptance);
    const run = acceptedRun(question, { id, createdAt, reserve, running: true, sent: true });
    return { run, hold: { runId: id, workerId: WORKER, fence: 1 } };
  }

  function attempt(number: number, fields: Partial<RunAttempt> = {}): RunAttempt {
    return {
      number,
      state: 'sent',
      startedAt: new Date(),
      durationMs: null,
      waitMs: 0,
      statusCode: null,
      errorType: null,
      claudeRequestId: null,
      reservedNanoUsd: RESERVE,
      minNanoUsd: nanoUsd(0),
      maxNanoUsd: RESERVE,
      ...fields,
    };
  }

  const closed = (number: number, nano: number): RunAttempt =>
    attempt(number, { state: 'settled', durationMs: 5, minNanoUsd: nanoUsd(nano), maxNanoUsd: nanoUsd(nano) });

  const attemptsOf = (id: RunId) =>
    database.transaction.sql<{ number: number; state: string }>(
      'select number, state from run_attempts where run_id = $1 order by number',
      [id],
    );

  it('opens an attempt once, however often it is told, since an answer may be lost', async () => {
    const user = await newUser(2000);
    const { run, hold } = await running(user);
    expect(await ledger.openAttempt(hold, user, attempt(2))).toBe(true);
    expect(await ledger.openAttempt(hold, user, attempt(2))).toBe(true);
    expect(await moneyOf(user)).toEqual({ reserved: 2000, spent: 0 });
    expect(await attemptsOf(run.id)).toHaveLength(2);
    await expect(ledger.openAttempt(hold, user, attempt(3))).rejects.toThrow(BudgetExceededError);
    expect(await moneyOf(user)).toEqual({ reserved: 2000, spent: 0 });
  });

  it('closes an attempt once, however often it is told', async () => {
    const user = await newUser();
    const { run, hold } = await running(user);
    expect(await ledger.closeAttempt(hold, closed(1, 300))).toBe(true);
    expect(await ledger.closeAttempt(hold, closed(1, 300))).toBe(true);
    expect(await moneyOf(user)).toEqual({ reserved: 0, spent: 300 });
    expect(await attemptsOf(run.id)).toEqual([{ number: 1, state: 'settled' }]);
  });

  it('says again that an attempt is sent', async () => {
    const user = await newUser();
    const question = questionOf(user);
    const queued = { question, createdAt: new Date(), reserve: RESERVE, workerId: null, sent: false };
    const runId = await ledger.accept({ ...queued, firstEventRest: '}' });
    const claim = await new RunClaimsRepository(database.transaction).claim(runId, WORKER, new Date());
    const hold = { runId, workerId: WORKER, fence: claim!.fence };
    expect(await attemptsOf(runId)).toEqual([{ number: 1, state: 'intent' }]);
    expect(await ledger.markSent(hold, 1, new Date())).toBe(true);
    expect(await ledger.markSent(hold, 1, new Date())).toBe(true);
    expect(await attemptsOf(runId)).toEqual([{ number: 1, state: 'sent' }]);
  });

  it.each<[string, Partial<Hold>]>([
    ['another worker', { workerId: OTHER_WORKER }],
    ['an earlier fence', { fence: 0 }],
  ])('takes nothing from %s', async (_, stale) => {
    const user = await newUser();
    const { run, hold } = await running(user);
    const foreign = { ...hold, ...stale };
    expect(await ledger.openAttempt(foreign, user, attempt(2))).toBe(false);
    expect(await ledger.closeAttempt(foreign, closed(1, 300))).toBe(false);
    expect(await ledger.markSent(foreign, 1, new Date())).toBe(false);
    const finished: Run = { ...run, status: 'succeeded', finishedAt: new Date(), attempts: [closed(1, 300)] };
    expect(await ledger.settle(foreign, finished, [], null)).toBe(false);
    expect(await moneyOf(user)).toEqual({ reserved: 1000, spent: 0 });
    expect(await attemptsOf(run.id)).toEqual([{ number: 1, state: 'sent' }]);
  });

  it('settles a run once, and knows by whom', async () => {
    const user = await newUser();
    const { run, hold } = await running(user);
    const finished: Run = { ...run, status: 'succeeded', finishedAt: new Date(), attempts: [closed(1, 300)] };
    expect(await ledger.hasSettled(hold)).toBe(false);
    expect(await ledger.settle(hold, finished, [{ sequence: 2, name: 'succeeded', data: '{}' }], null)).toBe(true);
    expect(await ledger.settle(hold, finished, [{ sequence: 2, name: 'succeeded', data: '{}' }], null)).toBe(false);
    expect(await ledger.hasSettled(hold)).toBe(true);
    expect(await ledger.hasSettled({ ...hold, workerId: OTHER_WORKER })).toBe(false);
    expect(await moneyOf(user)).toEqual({ reserved: 0, spent: 300 });
  });
});
