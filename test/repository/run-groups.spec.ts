import { jest } from '@jest/globals';
import { RunGroups } from '../../src/ai/runs/run-groups.js';
import { RunGroupsRepository } from '../../src/ai/runs/ledger/run-groups.repository.js';
import { type RunJob, RunQueue, runsOf } from '../../src/ai/runs/queue/run-queue.js';
import type { RunId } from '../../src/ai/runs/run.types.js';
import type { UserId } from '../../src/identity/user-id.js';
import type { JobQueue } from '../../src/platform/database/job-queue.js';
import { questionOf } from '../support/accepted-runs.js';
import { freshDatabase, type TestDatabase } from '../support/database.js';

describe('the runs of a batch', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await freshDatabase();
  });
  afterAll(() => database.close());

  const sql = <Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> =>
    database.transaction.sql<Row>(text, values);

  /** Accepts so many runs, each of which asks for its place in the batch. */
  async function accept(count: number, queued: boolean, system: string | null = null) {
    const [user] = await sql<{ id: UserId }>(`insert into users (name) values ('Ada') returning id`);
    const insert = `insert into batches (user_id, mode, created_at) values ($1, 'realtime', now()) returning id`;
    const [batch] = await sql<{ id: number }>(insert, [user!.id]);
    const sendAll = jest.fn<(queue: string, jobs: { data: RunJob }[]) => Promise<void>>(() => Promise.resolve());
    const queue = new RunQueue({ sendAll } as unknown as JobQueue, database.transaction);
    const groups = new RunGroups(new RunGroupsRepository(database.transaction), queue);
    const questions = Array.from({ length: count }, (_, index) => ({
      question: questionOf(user!.id, {
        messages: [{ role: 'user', content: `${index}` }],
        system,
        model: 'claude-sonnet-5-5',
        settings: { max_tokens: 1000 + index },
      }),
      index,
      customId: null,
    }));
    const ids = await database.transaction.run(() => groups.accept(user!.id, batch!.id, questions, queued));
    return { owner: user!.id, ids, sendAll };
  }

  it('are recorded in order, and named by jobs whose size goes by the whole batch, however it is recorded', async () => {
    const { ids, sendAll } = await accept(601, true);
    const rows = await sql<{ id: RunId; asked: string; batch_index: number; turn: number }>(
      `select id, messages->0->>'content' as asked, batch_index, turn from runs where id = any($1) order by id`,
      [ids],
    );
    const firstTurn = rows[0]!.turn;
    expect(rows).toEqual(
      ids.map((id, index) => ({ id, asked: `${index}`, batch_index: index, turn: firstTurn + index })),
    );
    const jobs = sendAll.mock.calls.flatMap(([, sent]) => sent).map(({ data }) => runsOf(data));
    expect(jobs.map(({ length }) => length)).toEqual([...Array.from({ length: 60 }, () => 10), 1]);
    expect(jobs.flat()).toEqual(ids);
  });

  it('have each its own worst case set aside, and their owner the sum', async () => {
    const { owner, ids } = await accept(301, true);
    const attempts = await sql<{ max_tokens: number; reserved: number }>(
      `select (settings->>'max_tokens')::integer as max_tokens, reserved_nano_usd as reserved
       from runs join run_attempts a on a.run_id = runs.id where runs.id = any($1) order by runs.id`,
      [ids],
    );
    const [account] = await sql<{ reserved: number }>('select reserved_nano_usd as reserved from users where id = $1', [
      owner,
    ]);
    expect(attempts.map(({ max_tokens }) => max_tokens)).toEqual(ids.map((_, index) => 1000 + index));
    const rises = attempts.slice(1).map(({ reserved }, index) => reserved - attempts[index]!.reserved);
    expect(Math.min(...rises)).toBeGreaterThan(0);
    expect(account!.reserved).toBe(attempts.reduce((sum, { reserved }) => sum + reserved, 0));
  });

  it('are recorded by as many statements as their texts need, also where these double as JSON', async () => {
    const recorded = jest.spyOn(RunGroupsRepository.prototype, 'accept');
    const { ids } = await accept(7, false, '\\'.repeat(1_500_000));
    expect(recorded.mock.calls.map(([, , , { columns }]) => JSON.parse(`[${columns[0]?.slice(1, -1)}]`))).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
      [6],
    ]);
    const [row] = await sql(
      'select count(*)::integer as runs, sum(length(system))::integer as text from runs where id = any($1)',
      [ids],
    );
    expect(row).toEqual({ runs: 7, text: 7 * 1_500_000 });
  });

  it('are named by no job where they do not go through the queue', async () => {
    const { ids, sendAll } = await accept(3, false);
    expect(ids).toHaveLength(3);
    expect(sendAll).not.toHaveBeenCalled();
  });
});
