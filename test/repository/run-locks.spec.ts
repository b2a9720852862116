import { acceptedRun } from '../../src/ai/runs/ledger/run-acceptance.js';
import { RunGroupsRepository } from '../../src/ai/runs/ledger/run-groups.repository.js';
import { RunLedgerRepository } from '../../src/ai/runs/ledger/run-ledger.repository.js';
import { NOT_BILLED } from '../../src/ai/runs/ledger/run-money.js';
import type { RunQueue } from '../../src/ai/runs/queue/run-queue.js';
import { RunGroups } from '../../src/ai/runs/run-groups.js';
import type { Run, RunId } from '../../src/ai/runs/run.types.js';
import type { UserId } from '../../src/identity/user-id.js';
import { nanoUsd } from '../../src/platform/money/money.js';
import type { ResearchItemId } from '../../src/prompts/parent-item.js';
import type { PromptId } from '../../src/prompts/prompts.types.js';
import { questionOf } from '../support/accepted-runs.js';
import { freshDatabase, onPostgres, type TestDatabase } from '../support/database.js';
import { until } from '../support/until.js';

const WORKER = '00000000-0000-4000-8000-000000000001';
const RESERVE = nanoUsd(1000);
const BLOCKED = `select count(*) as count from pg_stat_activity
  where datname = current_database() and wait_event_type = 'Lock'`;

// The embedded database is one session: nothing of it waits for anything.
(onPostgres ? describe : describe.skip)('what changes runs at once takes its locks in one order', () => {
  let database: TestDatabase;
  let ledger: RunLedgerRepository;
  let owner: UserId;
  let item: ResearchItemId;
  let prompt: PromptId;

  const sql = <Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> =>
    database.transaction.sql<Row>(text, values);
  const insert = async <Id>(text: string, values: readonly unknown[] = []): Promise<Id> =>
    (await sql<{ id: Id }>(`insert into ${text} returning id`, values))[0]!.id;

  beforeAll(async () => {
    database = await freshDatabase();
    ledger = new RunLedgerRepository(database.transaction);
  });
  beforeEach(async () => {
    owner = await insert<UserId>(`users (name) values ('Ada')`);
    item = await insert<ResearchItemId>(`research_items (user_id, title) values ($1, 'Tides')`, [owner]);
    prompt = await insert<PromptId>(
      `prompts (user_id, research_item_id, name, latest_version) values ($1, $2, 'Why', 1)`,
      [owner, item],
    );
  });
  afterAll(() => database.close());

  async function begin(): Promise<Run> {
    const question = questionOf(owner, { researchItemId: item, promptId: prompt, promptVersion: 1 });
    const createdAt = new Date();
    const acceptance = { question, createdAt, reserve: RESERVE, workerId: WORKER, sent: true, firstEventRest: '}' };
    const id: RunId = await ledger.accept(acceptance);
    return acceptedRun(question, { id, createdAt, reserve: RESERVE, running: true, sent: true });
  }

  function end(run: Run): Promise<boolean> {
    const attempts = run.attempts.map((attempt) => ({ ...attempt, ...NOT_BILLED }));
    const finished: Run = { ...run, status: 'succeeded', finishedAt: new Date(), attempts };
    return ledger.settle({ runId: run.id, workerId: WORKER, fence: 1 }, finished, [], null);
  }

  /** Records a run of a batch that hangs on the prompt. */
  async function acceptBatch(): Promise<unknown> {
    const insertBatch = `batches (user_id, mode, created_at) values ($1, 'realtime', now())`;
    const groups = new RunGroups(new RunGroupsRepository(database.transaction), {} as RunQueue);
    const question = questionOf(owner, { researchItemId: item, promptId: prompt, promptVersion: 1 });
    return database.transaction.run(async () => {
      const batch = await insert<number>(insertBatch, [owner]);
      return groups.accept(owner, batch, [{ question, index: 0, customId: null }], false);
    });
  }

  /** Holds a row, the user's if not another, until each of these waits for something, in this order, and then sees how they end. */
  async function afterOneAnother(acts: (() => Promise<unknown>)[], table = 'users', id = owner as number) {
    const client = database.dataSource.createQueryRunner();
    await client.startTransaction();
    await client.query(`select from ${table} where id = $1 for no key update`, [id]);
    const begun: Promise<unknown>[] = [];
    for (const act of acts) {
      begun.push(act().catch(String));
      await until('Waiting', async () => {
        const [row] = await sql<{ count: number }>(BLOCKED);
        return row?.count === begun.length;
      });
    }
    await client.commitTransaction();
    await client.release();
    return (await Promise.all(begun)).filter((outcome) => typeof outcome === 'string');
  }

  it.each(['research_items', 'prompts'])(
    'a run of %s begins while another ends and they are deleted',
    async (table) => {
      const run = await begin();
      const id = table === 'prompts' ? prompt : item;
      const remove = () => sql(`delete from ${table} where id = $1`, [id]);
      expect(await afterOneAnother([begin, () => end(run), remove])).toEqual([]);
      const rows = await sql<{ status: string }>('select status from runs where user_id = $1 order by id', [owner]);
      expect(rows.map(({ status }) => status)).toEqual(['succeeded', 'running']);
    },
  );

  it('a batch is accepted while its item is deleted: it comes too late, and nobody is a victim', async () => {
    const other = await insert<PromptId>(
      `prompts (id, user_id, research_item_id, name, latest_version) values (0, $1, $2, 'How', 1)`,
      [owner, item],
    );
    const remove = () => sql('delete from research_items where id = $1', [item]);
    const [refused, ...more] = await afterOneAnother([remove, acceptBatch], 'prompts', other);
    expect([refused, more]).toEqual([expect.stringContaining('not found'), []]);
    expect(await sql('select from research_items where id = $1', [item])).toEqual([]);
  });
});
