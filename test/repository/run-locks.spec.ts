import { acceptedRun } from '../../src/ai/runs/ledger/run-acceptance.js';
import { RunLedgerRepository } from '../../src/ai/runs/ledger/run-ledger.repository.js';
import { NOT_BILLED } from '../../src/ai/runs/ledger/run-money.js';
import type { Run, RunId, RunQuestion } from '../../src/ai/runs/run.types.js';
import type { UserId } from '../../src/identity/user-id.js';
import { nanoUsd } from '../../src/platform/money/money.js';
import type { ResearchItemId } from '../../src/prompts/parent-item.js';
import type { PromptId } from '../../src/prompts/prompts.types.js';
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
    const none = {
      promptVersion: 1,
      variables: null,
      batchId: null,
      messageBatchId: null,
      system: null,
      messages: [],
      simulated: true,
    };
    const parents = { userId: owner, researchItemId: item, promptId: prompt };
    const question: RunQuestion = { ...none, ...parents, model: 'm', settings: { max_tokens: 9 } };
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

  /** Holds the user's row until each of these waits for something, in this order, and then sees how they end. */
  async function afterOneAnother(...acts: (() => Promise<unknown>)[]): Promise<string[]> {
    const client = database.dataSource.createQueryRunner();
    await client.startTransaction();
    await client.query('select from users where id = $1 for no key update', [owner]);
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
      expect(await afterOneAnother(begin, () => end(run), remove)).toEqual([]);
      const rows = await sql<{ status: string }>('select status from runs where user_id = $1 order by id', [owner]);
      expect(rows.map(({ status }) => status)).toEqual(['succeeded', 'running']);
    },
  );
});
