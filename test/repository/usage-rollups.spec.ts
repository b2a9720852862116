import fc from 'fast-check';
import { acceptedRun } from '../../src/ai/runs/ledger/run-acceptance.js';
import { type Hold, RunLedgerRepository } from '../../src/ai/runs/ledger/run-ledger.repository.js';
import {
  billingOf,
  brokenBilling,
  costOfUsage,
  NOT_BILLED,
  settledBilling,
  worstCaseOf,
} from '../../src/ai/runs/ledger/run-money.js';
import { BudgetExceededError } from '../../src/ai/runs/run.errors.js';
import type { FinalStatus, Run, RunAttempt, RunQuestion } from '../../src/ai/runs/run.types.js';
import type { ClaudeAnswer, ClaudeUsage } from '../../src/ai/claude/claude.types.js';
import type { UserId } from '../../src/identity/user-id.js';
import { UsageRollups1790000000007 } from '../../src/migrations/1790000000007-usage-rollups.js';
import { Statistics1790000000012 } from '../../src/migrations/1790000000012-statistics.js';
import { nanoUsd } from '../../src/platform/money/money.js';
import type { ResearchItemId } from '../../src/prompts/parent-item.js';
import { freshDatabase, onPostgres, type TestDatabase } from '../support/database.js';

const WORKER = '00000000-0000-4000-8000-000000000001';
const MODEL = 'claude-sonnet-5-5';
const UNPRICED = 'claude-unknown-9';
const USAGE: ClaudeUsage = {
  input_tokens: 100,
  output_tokens: 10,
  cache_creation_input_tokens: 3,
  cache_read_input_tokens: 2,
};

/** How one attempt of a run goes. Its worker never heard whether it was opened: `unlearnt` was, `unmade` was not. */
const COURSES = ['answered', 'refused', 'broken', 'broken unseen', 'unlearnt', 'unmade'] as const;
type Course = (typeof COURSES)[number];

/** What a made-up run is like. The last course is how it ends. */
interface Life {
  readonly model: string;
  readonly item: boolean;
  readonly day: string;
  readonly courses: readonly Course[];
  readonly status: FinalStatus;
  readonly usage: ClaudeUsage;
  /** The last attempt is closed before the run ends, as when its retry is refused. */
  readonly closedBefore?: boolean;
}

describe('the rollups of usage', () => {
  let database: TestDatabase;
  let ledger: RunLedgerRepository;

  beforeAll(async () => {
    database = await freshDatabase();
    ledger = new RunLedgerRepository(database.transaction);
  });
  afterAll(() => database.close());

  const sql = <Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> =>
    database.transaction.sql<Row>(text, values);

  async function newUser(budget: number | null = null): Promise<UserId> {
    const text = `insert into users (name, budget_nano_usd) values ('Ada', $1) returning id`;
    return (await sql<{ id: UserId }>(text, [budget]))[0]!.id;
  }

  async function newItem(owner: UserId): Promise<ResearchItemId> {
    const text = `insert into research_items (user_id, title) values ($1, 'Tides') returning id`;
    return (await sql<{ id: ResearchItemId }>(text, [owner]))[0]!.id;
  }

  const deleteItem = (id: ResearchItemId) => sql('delete from research_items where id = $1', [id]);

  const rollupsOf = (owner: UserId) =>
    sql<Record<string, unknown>>(
      `select to_char(day, 'YYYY-MM-DD') as day, model, research_item_id as item, runs, input_tokens, output_tokens,
         cache_creation_input_tokens, cache_read_input_tokens, cost_nano_usd as cost, unknown_max_nano_usd as unknown
       from usage_rollups where user_id = $1 order by day, model, research_item_id nulls last`,
      [owner],
    );

  /** What is spent and reserved, and the same by the rollups and by the runs. */
  async function sumsOf(owner: UserId) {
    const [row] = await sql<Record<'spent' | 'reserved' | 'rolled' | 'rolledRuns' | 'costs' | 'runs', number>>(
      `select spent_nano_usd as spent, reserved_nano_usd as reserved,
         (select coalesce(sum(cost_nano_usd + unknown_max_nano_usd), 0)::bigint from usage_rollups where user_id = u.id) as rolled,
         (select coalesce(sum(runs), 0)::bigint from usage_rollups where user_id = u.id) as "rolledRuns",
         (select coalesce(sum(cost_nano_usd), 0)::bigint from runs where user_id = u.id) as costs,
         (select count(*) from runs where user_id = u.id) as runs
       from users u where id = $1`,
      [owner],
    );
    return row!;
  }

  /** What is kept by day is what a scan of all runs gives, and what is kept by item gives together. */
  async function expectDailyUsage(owner: UserId): Promise<void> {
    const counts = ['input_tokens', 'output_tokens', 'cache_creation_input_tokens', 'cache_read_input_tokens'];
    const group = `group by 1, 2 order by 1, 2`;
    const scan = `
      select (finished_at at time zone 'UTC')::date::text as day, model, count(*) as runs,
        count(*) filter (where status = 'succeeded') as succeeded, count(*) filter (where status = 'failed') as failed,
        ${counts.map((count) => `sum(coalesce((usage->>'${count}')::bigint, 0))::bigint as ${count}`).join(', ')},
        sum(coalesce(cost_nano_usd, 0))::bigint as cost_nano_usd
      from runs where user_id = $1 and finished_at is not null ${group}`;
    const sums = [...counts, 'cost_nano_usd'];
    const kept = `select day::text, model, runs, succeeded, failed, ${sums.join(', ')} from daily_usage
      where user_id = $1 order by day::text, model`;
    expect(await sql(kept, [owner])).toEqual(await sql(scan, [owner]));
    const all = ['runs', ...sums, 'unknown_max_nano_usd'].map((sum) => `sum(${sum})::bigint as ${sum}`).join(', ');
    const of = (table: string): string => `select day::text, model, ${all} from ${table} where user_id = $1 ${group}`;
    expect(await sql(of('daily_usage'), [owner])).toEqual(await sql(of('usage_rollups'), [owner]));
  }

  function questionOf(userId: UserId, model: string, researchItemId: ResearchItemId | null): RunQuestion {
    const none = { promptId: null, promptVersion: null, variables: null, batchId: null, messageBatchId: null };
    const messages = [{ role: 'user' as const, content: 'Why?' }];
    const settings = { max_tokens: 100 };
    return { ...none, userId, researchItemId, model, settings, system: null, messages, simulated: true };
  }

  function attempt(question: RunQuestion, number: number): RunAttempt {
    const fields = { durationMs: null, waitMs: 0, statusCode: null, errorType: null, claudeRequestId: null };
    const reserve = worstCaseOf(question);
    const money = { reservedNanoUsd: reserve, minNanoUsd: nanoUsd(0), maxNanoUsd: reserve };
    return { ...fields, ...money, number, state: 'sent', startedAt: new Date() };
  }

  async function begin(question: RunQuestion): Promise<{ run: Run; hold: Hold }> {
    const createdAt = new Date();
    const reserve = worstCaseOf(question);
    const id = await ledger.accept({
      question,
      createdAt,
      reserve,
      workerId: WORKER,
      sent: true,
      firstEventRest: '}',
    });
    const run = acceptedRun(question, { id, createdAt, reserve, running: true, sent: true });
    return { run, hold: { runId: id, workerId: WORKER, fence: 1 } };
  }

  function closed(open: RunAttempt, course: Course, model: string, usage: ClaudeUsage): RunAttempt {
    const seen = course === 'broken' ? ({ usage } as ClaudeAnswer) : null;
    const billing =
      course === 'answered'
        ? settledBilling(costOfUsage({ model, messageBatchId: null }, usage, open.startedAt)?.nano ?? null)
        : course === 'refused' || course === 'unlearnt' || course === 'unmade'
          ? NOT_BILLED
          : brokenBilling({ model, messageBatchId: null }, open, true, seen);
    return { ...open, ...billing };
  }

  async function end({ run, hold }: { run: Run; hold: Hold }, life: Omit<Life, 'item' | 'model'>): Promise<void> {
    const { courses, status, usage, day, closedBefore = false } = life;
    const attempts: RunAttempt[] = [];
    for (const [index, course] of courses.entries()) {
      const open = attempt(run, index + 1);
      if (index > 0 && course !== 'unmade') await ledger.openAttempt(hold, run.userId, open);
      const ended = closed(open, course, run.model, usage);
      attempts.push(ended);
      if (course === 'unmade' || course === 'unlearnt') break;
      if (index < courses.length - 1 || closedBefore) await ledger.closeAttempt(hold, ended);
    }
    const known = attempts;
    const finishedAt = new Date(`${day}T23:59:59.999Z`);
    const finished: Run = { ...run, status, usage, finishedAt, attempts: known, ...billingOf(known) };
    expect(await ledger.settle(hold, finished, [], null)).toBe(true);
    expect(await ledger.settle(hold, finished, [], null)).toBe(false);
  }

  const answered = { courses: ['answered'], status: 'succeeded', usage: USAGE, day: '2026-11-23' } as const;

  it('count a finished run once, on the UTC day of its end', async () => {
    const owner = await newUser();
    const item = await newItem(owner);
    const nano = costOfUsage({ model: MODEL, messageBatchId: null }, USAGE, new Date())!.nano;
    await end(await begin(questionOf(owner, MODEL, item)), answered);
    await end(await begin(questionOf(owner, MODEL, item)), answered);
    await end(await begin(questionOf(owner, MODEL, null)), answered);
    await begin(questionOf(owner, MODEL, null));
    const tokens = (runs: number) => Object.fromEntries(Object.entries(USAGE).map(([key, n]) => [key, runs * n]));
    const row = { day: '2026-11-23', model: MODEL, unknown: 0 };
    expect(await rollupsOf(owner)).toEqual([
      { ...row, item, runs: 2, cost: 2 * nano, ...tokens(2) },
      { ...row, item: null, runs: 1, cost: nano, ...tokens(1) },
    ]);
  });

  it('hold what the attempts of a run may have cost beyond what is known', async () => {
    const owner = await newUser();
    const worst = worstCaseOf(questionOf(owner, MODEL, null))!;
    const nano = costOfUsage({ model: MODEL, messageBatchId: null }, USAGE, new Date())!.nano;
    const begun = await begin(questionOf(owner, MODEL, null));
    await end(begun, { ...answered, courses: ['refused', 'broken unseen', 'broken', 'answered'] });
    expect(await rollupsOf(owner)).toEqual([expect.objectContaining({ runs: 1, cost: nano, unknown: 2 * worst })]);
    expect(await sumsOf(owner)).toMatchObject({ spent: nano + 2 * worst, reserved: 0 });
  });

  it('count a run whose retry the budget refused with its earlier attempt', async () => {
    const owner = await newUser(worstCaseOf(questionOf(0 as UserId, MODEL, null)));
    const { run, hold } = await begin(questionOf(owner, MODEL, null));
    const broken = closed(attempt(run, 1), 'broken unseen', MODEL, USAGE);
    await ledger.closeAttempt(hold, broken);
    await expect(ledger.openAttempt(hold, owner, attempt(run, 2))).rejects.toThrow(BudgetExceededError);
    const attempts = [broken];
    await ledger.settle(
      hold,
      { ...run, status: 'failed', finishedAt: new Date(), attempts, ...billingOf(attempts) },
      [],
      null,
    );
    expect(await rollupsOf(owner)).toEqual([expect.objectContaining({ runs: 1, cost: 0, unknown: broken.maxNanoUsd })]);
  });

  it('give back what was reserved for an attempt that its worker never learnt of', async () => {
    const owner = await newUser();
    const begun = await begin(questionOf(owner, MODEL, null));
    await end(begun, { ...answered, courses: ['broken unseen', 'unlearnt'], status: 'cancelled' });
    expect(await sumsOf(owner)).toMatchObject({ spent: worstCaseOf(begun.run), reserved: 0 });
    const states = await sql('select state from run_attempts where run_id = $1 order by number', [begun.run.id]);
    expect(states).toEqual([{ state: 'unknown' }, { state: 'settled' }]);
  });

  it('are what the budget counts as spent, and give the cost of the runs, whatever the runs went through', async () => {
    const life: fc.Arbitrary<Life> = fc.record({
      model: fc.constantFrom(MODEL, 'claude-haiku-5-5', UNPRICED),
      item: fc.boolean(),
      day: fc.constantFrom('2026-11-22', '2026-11-23'),
      courses: fc.array(fc.constantFrom(...COURSES), { minLength: 1, maxLength: 4 }),
      status: fc.constantFrom<FinalStatus>('succeeded', 'failed', 'cancelled', 'interrupted'),
      closedBefore: fc.boolean(),
      usage: fc.record({
        input_tokens: fc.nat(1e6),
        output_tokens: fc.nat(1e5),
        cache_creation_input_tokens: fc.nat(1e6),
        cache_read_input_tokens: fc.nat(1e6),
      }),
    });
    const lives = fc.array(life, { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(lives, async (all) => {
        const owner = await newUser();
        const item = await newItem(owner);
        for (const each of all) await end(await begin(questionOf(owner, each.model, each.item ? item : null)), each);
        const { spent, reserved, rolled, rolledRuns, costs, runs } = await sumsOf(owner);
        expect({ rolled, rolledRuns, reserved }).toEqual({ rolled: spent, rolledRuns: runs, reserved: 0 });
        const [row] = await sql<{ cost: number; least: number }>(
          `select sum(cost_nano_usd)::bigint as cost, min(unknown_max_nano_usd) as least
           from usage_rollups where user_id = $1`,
          [owner],
        );
        expect(row?.cost).toBe(costs);
        expect(row?.least).toBeGreaterThanOrEqual(0);
        await expectDailyUsage(owner);
      }),
      { numRuns: 40 },
    );
  });

  it('are filled from the runs that are there when their tables are made', async () => {
    const all = async () => ({
      rollups: await sql(
        `select to_jsonb(u) - 'id' as row from usage_rollups u order by user_id, day, model, research_item_id`,
      ),
      daily: await sql(`select to_jsonb(u) - 'id' as row from daily_usage u order by user_id, day, model`),
      counts: await sql(
        'select user_id, table_name, sum(rows)::bigint as rows from owned_counts group by 1, 2 having sum(rows) > 0 order by 1, 2',
      ),
    });
    const before = await all();
    for (const rows of Object.values(before)) expect(rows.length).toBeGreaterThan(10);
    const runner = database.dataSource.createQueryRunner();
    const migrations = [new UsageRollups1790000000007(), new Statistics1790000000012()] as const;
    for (const migration of migrations.toReversed()) await migration.down(runner);
    for (const migration of migrations) await migration.up(runner);
    await runner.release();
    expect(await all()).toEqual(before);
  });

  it('are right when many runs of a user end at once, while more begin and their item is deleted', async () => {
    const owner = await newUser();
    const items = [await newItem(owner), await newItem(owner), await newItem(owner)];
    const place = (index: number) => items[index % 4] ?? null;
    const begun: { run: Run; hold: Hold }[] = [];
    for (let index = 0; index < 200; index += 1) begun.push(await begin(questionOf(owner, MODEL, place(index))));
    const [first, second] = items as [ResearchItemId, ResearchItemId];
    // Those that begin meanwhile may find their item gone: then they are refused, by name.
    const beginning = Array.from({ length: 60 }, (_, index) => begin(questionOf(owner, MODEL, place(index % 2))));
    const late = Promise.allSettled(beginning);
    const endings = ['succeeded', 'failed', 'cancelled', 'interrupted'] as const;
    const ends = begun.map((each, index) => end(each, { ...answered, status: endings[index % 4]! }));
    await Promise.all([...ends.slice(0, 60), deleteItem(first), deleteItem(second), ...ends.slice(60)]);
    const outcomes = await late;
    const refusals = outcomes.filter((outcome) => outcome.status === 'rejected').map(({ reason }) => String(reason));
    expect(refusals.filter((reason) => !/not found/.test(reason))).toEqual([]);
    for (const outcome of outcomes) if (outcome.status === 'fulfilled') await end(outcome.value, answered);
    const { spent, reserved, rolled, rolledRuns, runs } = await sumsOf(owner);
    expect({ rolled, rolledRuns, reserved }).toEqual({ rolled: spent, rolledRuns: runs, reserved: 0 });
    expect(runs).toBeGreaterThanOrEqual(200);
    expect(onPostgres || runs > 0).toBe(true);
    await expectDailyUsage(owner);
  });
});
