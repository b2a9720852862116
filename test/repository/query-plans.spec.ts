import { jest } from '@jest/globals';
import { BatchesRepository } from '../../src/ai/batches/batches.repository.js';
import { MessageBatchStepsRepository } from '../../src/ai/batches/provider/message-batch-steps.repository.js';
import type { HeldMessageBatch } from '../../src/ai/batches/provider/message-batch.types.js';
import { RunCancellationsRepository } from '../../src/ai/runs/cancellation/run-cancellations.repository.js';
import { RunEventsRepository } from '../../src/ai/runs/events/run-events.repository.js';
import { RunLeasesRepository } from '../../src/ai/runs/leases/run-leases.repository.js';
import { acceptedRun } from '../../src/ai/runs/ledger/run-acceptance.js';
import { RunClaimsRepository } from '../../src/ai/runs/ledger/run-claims.repository.js';
import { RunLedgerRepository } from '../../src/ai/runs/ledger/run-ledger.repository.js';
import { RunSettlementsRepository } from '../../src/ai/runs/ledger/run-settlements.repository.js';
import { type RunAttempt, type RunId, RUN_STATUSES } from '../../src/ai/runs/run.types.js';
import { type RunFilters, RunsRepository } from '../../src/ai/runs/runs.repository.js';
import { UsageRepository } from '../../src/ai/usage/usage.repository.js';
import { USAGE_GROUPS } from '../../src/ai/usage/usage.types.js';
import { ApiKeysRepository } from '../../src/identity/api-keys/api-keys.repository.js';
import type { UserId } from '../../src/identity/user-id.js';
import { UsersRepository } from '../../src/identity/users/users.repository.js';
import { arrayLiteral } from '../../src/platform/database/array-literal.js';
import { WatchedClient } from '../../src/platform/database/watched-client.js';
import type { PageRequest } from '../../src/platform/paging/pager.js';
import { LabelsRepository } from '../../src/prompts/labels/labels.repository.js';
import type { ResearchItemId } from '../../src/prompts/parent-item.js';
import { PromptsRepository } from '../../src/prompts/prompts.repository.js';
import type { PromptId } from '../../src/prompts/prompts.types.js';
import { PromptVersionsRepository } from '../../src/prompts/versions/prompt-versions.repository.js';
import { ResearchItemsRepository } from '../../src/research/research-items.repository.js';
import { StatisticsRepository } from '../../src/statistics/statistics.repository.js';
import { acceptRun, questionOf, RESERVE, WORKER } from '../support/accepted-runs.js';
import { freshDatabase, onPostgres, type TestDatabase } from '../support/database.js';

const ROWS = 20_000;
/** With more rows than this PostgreSQL analyzes a table by itself for the first time. */
const FIRST_ANALYZED = 50;
/** A table with fewer rows is small. */
const LARGE = 1000;
/** Some rows a day: statistics read all of a user. */
const SMALL_BY_DESIGN = 'daily_usage';
const SEED: string = '../../bench/support/seed.js';

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Index Cond'?: string;
  readonly Plans?: readonly Plan[];
}

interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

type Seeded = Readonly<
  Record<'userId' | 'itemId' | 'promptId' | 'labelledPromptId' | 'adHocItemId' | 'batchId', number>
>;
type Seed = (url: string, size: { items: number; runs: number }) => Promise<Seeded>;

const MODES = ['force_custom_plan', 'force_generic_plan'];

/** Every node of a plan. */
function nodesOf(plan: Plan): Plan[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];
}

/** A parameter as PREPAREd statements are given it. */
function literal(value: unknown): string {
  if (Array.isArray(value)) return literal(arrayLiteral(value as string[]));
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`;
  return typeof value === 'number' ? `'${value}'` : 'null';
}

/** What `act` sends to the database. */
async function statementsOf(act: () => Promise<unknown>): Promise<Statement[]> {
  const sent: Statement[] = [];
  const spy = jest.spyOn(WatchedClient.prototype, 'query');
  await act();
  for (const [text, values] of spy.mock.calls as unknown[][]) {
    if (typeof text === 'string' && Array.isArray(values)) sent.push({ text, values });
  }
  spy.mockRestore();
  return sent;
}

/**
 * The plan of a statement.
 * @param settings of the planner, such as whether it plans for the values or once for all values
 */
async function planOf(
  { transaction }: TestDatabase,
  { text, values }: Statement,
  settings: Readonly<Record<string, string>>,
): Promise<Plan[]> {
  const execute = `execute planned${values.length > 0 ? `(${values.map(literal).join(', ')})` : ''}`;
  return transaction.run(async () => {
    const sql = transaction.sql.bind(transaction);
    for (const [name, value] of Object.entries(settings)) await sql(`set local ${name} = ${value}`);
    await sql(`prepare planned as ${text}`);
    const rows = await sql<{ 'QUERY PLAN': [{ Plan: Plan }] }>(`explain (format json) ${execute}`);
    await sql('deallocate planned');
    return nodesOf(rows[0]!['QUERY PLAN'][0].Plan);
  });
}

/** What is sent in the course of a run, from being queued to its end, alone or in a Message Batch. */
async function courseOfRun({ transaction }: TestDatabase): Promise<Statement[]> {
  const [id, owner, at] = [1 as RunId, 1 as UserId, new Date()];
  const hold = { runId: id, workerId: WORKER, fence: 1 };
  const run = acceptedRun(questionOf(owner), { id, createdAt: at, reserve: RESERVE, running: true, sent: true });
  const [attempt] = run.attempts as [RunAttempt];
  const event = { sequence: 2, name: 'delta', data: '{}' } as const;
  const ledger = new RunLedgerRepository(transaction);
  const claims = new RunClaimsRepository(transaction);
  const leases = new RunLeasesRepository(transaction);
  const messageBatches = new MessageBatchStepsRepository(transaction);
  const held = { id: 1, workerId: WORKER, fence: 1 } as HeldMessageBatch;
  return statementsOf(async () => {
    await claims.findQueued([id]);
    await claims.claimAll([{ run, fence: 0, lastEvent: 1 }], WORKER, at);
    await claims.claim(id, WORKER, at);
    await ledger.markSent(hold, 1, at);
    await new RunEventsRepository(transaction).append([
      { hold, event, beginning: { number: 1, requestId: 'req_1', minNanoUsd: RESERVE } },
    ]);
    await ledger.closeAttempt(hold, attempt);
    await ledger.openAttempt(hold, owner, attempt).catch(() => undefined);
    await leases.renew(WORKER, [id]);
    await new RunCancellationsRepository(transaction).request(owner, id);
    await leases.giveBack(hold);
    await leases.takeOver(id, WORKER);
    await claims.takeSent(1, WORKER, [id]);
    await messageBatches.beginSending(held, at);
    await messageBatches.takeBack(held, at);
    await ledger.settle(hold, run, [event], null);
    await new RunSettlementsRepository(transaction).settleAll([{ hold, run, events: [event], price: null }]);
    await ledger.hasSettled(hold);
  });
}

/** Tables of runs, and their indexes that find one run, or those of one Message Batch, by these columns. */
const TABLES_OF_RUNS = new Set(['runs', 'run_attempts', 'run_events']);
const LOOKUPS: Readonly<Record<string, readonly string[]>> = {
  runs_pkey: ['id'],
  runs_id_user_id_key: ['id'],
  runs_user_id_id_idx: ['user_id', 'id'],
  runs_message_batch_idx: ['message_batch_id'],
  run_attempts_pkey: ['run_id'],
  run_events_pkey: ['run_id'],
};

/** How the statements in the course of a run come to rows of runs other than by the run's id. */
async function detours(database: TestDatabase, settings: Readonly<Record<string, string>>): Promise<unknown[]> {
  const found: unknown[] = [];
  const statements = await courseOfRun(database);
  expect(statements.length).toBeGreaterThanOrEqual(17);
  for (const statement of statements) {
    const plan = await planOf(database, statement, settings);
    const whole = plan.filter(
      (node) => node['Node Type'] === 'Seq Scan' && TABLES_OF_RUNS.has(node['Relation Name'] ?? ''),
    );
    const indexed = plan.filter((node) => /^run(s|_attempts|_events)_/.test(node['Index Name'] ?? ''));
    expect([statement.text, whole.length + indexed.length > 0]).toEqual([statement.text, true]);
    for (const node of whole) found.push([node['Relation Name'], 'read whole', statement.text]);
    for (const { 'Index Name': index = '', 'Index Cond': condition = '' } of indexed) {
      const columns = [...condition.matchAll(/\((\w+) = /g)].map(([, column]) => column);
      const lookedUp = LOOKUPS[index]?.every((column) => columns.includes(column)) ?? false;
      if (!lookedUp) found.push([index, condition, statement.text]);
    }
  }
  return found;
}

(onPostgres ? describe : describe.skip)('the plans of work on runs that are kept from when there were few', () => {
  const KEPT = { plan_cache_mode: 'force_generic_plan' };
  let database: TestDatabase;

  beforeAll(async () => {
    database = await freshDatabase();
  });
  afterAll(() => database.close());

  it('look them up in tables that are new', async () => {
    expect(await detours(database, KEPT)).toEqual([]);
  });

  it.each([3, 17, FIRST_ANALYZED + 1])('look them up in a table that is known to hold %d', async (count) => {
    const { transaction } = database;
    const users = await transaction.sql<{ id: UserId }>(`insert into users (name) values ('Ada') returning id`);
    const ledger = new RunLedgerRepository(transaction);
    const [{ present }] = (await transaction.sql<{ present: number }>('select count(*) as present from runs')) as [
      { present: number },
    ];
    for (let number = present; number < count; number += 1) await acceptRun(ledger, users[0]!.id, false);
    await transaction.sql('analyze');
    expect(await detours(database, { ...KEPT, enable_seqscan: 'on' })).not.toEqual([]);
    expect(await detours(database, KEPT)).toEqual([]);
  });
});

// The embedded database holds the library of one person; and its planner is the same.
(onPostgres ? describe : describe.skip)('the plans of lists and statistics on PostgreSQL', () => {
  let database: TestDatabase;
  let ids: Seeded;
  let owner: UserId;
  let large: Set<string>;

  beforeAll(async () => {
    database = await freshDatabase();
    const { seed } = (await import(SEED)) as { seed: Seed };
    const { url } = database.dataSource.options as { url: string };
    ids = await seed(url, { items: ROWS, runs: ROWS });
    owner = ids.userId as UserId;
    const tables = await database.transaction.sql<{ name: string }>(
      'select relname as name from pg_class where reltuples >= $1 and relname <> $2',
      [LARGE, SMALL_BY_DESIGN],
    );
    large = new Set(tables.map(({ name }) => name));
  }, 300_000);
  afterAll(() => database.close());

  /** Large tables that a statement would read from end to end. */
  async function scannedBy(statement: Statement, mode: string): Promise<string[]> {
    // As PostgreSQL would plan them if it were free to read a table whole: a missing index would not show otherwise.
    return (await planOf(database, statement, { plan_cache_mode: mode, enable_seqscan: 'on' }))
      .filter((node) => node['Node Type'].endsWith('Seq Scan') && large.has(node['Relation Name'] ?? ''))
      .map((node) => String(node['Relation Name']));
  }

  async function expectNoScan(act: () => Promise<unknown>): Promise<void> {
    const statements = await statementsOf(act);
    expect(statements.length).toBeGreaterThan(0);
    for (const statement of statements) {
      for (const mode of MODES) {
        expect([statement.text, mode, await scannedBy(statement, mode)]).toEqual([statement.text, mode, []]);
      }
    }
  }

  const first: PageRequest = { limit: 20, beforeId: null, offset: 0 };

  /** The first page, and one that begins deep in the list. */
  async function expectNoScanOfPages(list: (page: PageRequest) => Promise<unknown>): Promise<void> {
    await expectNoScan(() => list(first));
    await expectNoScan(() => list({ ...first, beforeId: ROWS / 10 }));
  }

  it('are of a database with large tables, where a scan is found', async () => {
    expect([...large]).toEqual(expect.arrayContaining(['runs', 'research_items', 'prompts', 'usage_rollups', 'users']));
    const scan = { text: 'select count(model) from runs where user_id > $1', values: [0] };
    expect(await scannedBy(scan, 'force_custom_plan')).toEqual(['runs']);
  });

  it.each([{}, { tag: 'physics' }, { tag: 'early' }, { tag: 'ancient' }, { tag: 'none' }])(
    'read no large table for items with %j',
    async (filters) => {
      const items = new ResearchItemsRepository(database.transaction);
      await expectNoScanOfPages((page) => items.list(owner, filters, page));
      await expectNoScan(() => items.list(owner, filters, { ...first, offset: 100 }));
    },
  );

  it('read no large table for what hangs on an item', async () => {
    const { transaction } = database;
    const [itemId, promptId] = [ids.itemId as ResearchItemId, ids.promptId as PromptId];
    const prompts = new PromptsRepository(transaction);
    const labels = new LabelsRepository(transaction);
    const versions = new PromptVersionsRepository(transaction);
    const label = (await labels.find(owner, promptId, 'label-1'))!;
    const some = Array.from({ length: 20 }, (_, index) => (itemId + index) as ResearchItemId);
    await expectNoScanOfPages((page) => prompts.listOfItem(owner, itemId, page));
    await expectNoScan(() => prompts.summariesOf(owner, some));
    await expectNoScanOfPages((page) => versions.list(owner, promptId, page));
    await expectNoScanOfPages((page) => labels.list(owner, ids.labelledPromptId as PromptId, page));
    await expectNoScanOfPages((page) => labels.history(owner, label, page));
  });

  it('read no large table for runs, however they are filtered', async () => {
    const runs = new RunsRepository(database.transaction);
    const { promptId, itemId, adHocItemId, batchId } = ids;
    const narrowed: RunFilters[] = [
      {},
      { promptId },
      { researchItemId: adHocItemId },
      { batchId },
      { promptId, researchItemId: itemId },
      { promptId, researchItemId: adHocItemId },
      { promptId, batchId },
      { researchItemId: itemId, batchId },
      { promptId, researchItemId: itemId, batchId },
    ];
    for (const filters of narrowed) {
      for (const status of [undefined, ...RUN_STATUSES]) {
        await expectNoScanOfPages((page) => runs.findPage(owner, { ...filters, status }, page));
      }
    }
  }, 120_000);

  it('read no large table for batches, keys and users', async () => {
    const { transaction } = database;
    await expectNoScanOfPages((page) => new BatchesRepository(transaction).findPage(owner, page));
    await expectNoScanOfPages((page) => new ApiKeysRepository(transaction).list(owner, page));
    await expectNoScanOfPages((page) => new UsersRepository(transaction).list(page));
  });

  it('read no large table for statistics and usage', async () => {
    await expectNoScan(() => new StatisticsRepository(database.transaction).compute(owner));
    const to = new Date();
    const days = { from: new Date(to.getTime() - 30 * 86_400_000), to };
    const range = { from: days.from.toISOString().slice(0, 10), to: days.to.toISOString().slice(0, 10) };
    const usage = new UsageRepository(database.transaction);
    for (const group of USAGE_GROUPS) await expectNoScan(() => usage.sumsBy(group, owner, range));
  });

  it.each(MODES)('look runs up in the course of their work, by a %s', async (mode) => {
    expect(await detours(database, { plan_cache_mode: mode })).toEqual([]);
  });
});
