import { MessageBatchesRepository } from '../../src/ai/batches/provider/message-batches.repository.js';
import {
  MessageBatchLostError,
  MessageBatchStepsRepository,
} from '../../src/ai/batches/provider/message-batch-steps.repository.js';
import type { HeldMessageBatch } from '../../src/ai/batches/provider/message-batch.types.js';
import type { BatchId } from '../../src/ai/batches/batch.types.js';
import { runGroup, RunGroupsRepository } from '../../src/ai/runs/ledger/run-groups.repository.js';
import type { RunId } from '../../src/ai/runs/run.types.js';
import type { UserId } from '../../src/identity/user-id.js';
import { nanoUsd } from '../../src/platform/money/money.js';
import { questionOf } from '../support/accepted-runs.js';
import { freshDatabase, type TestDatabase } from '../support/database.js';

const A = '00000000-0000-4000-8000-00000000000a';
const B = '00000000-0000-4000-8000-00000000000b';
const NOW = new Date();

describe('Message Batches', () => {
  let database: TestDatabase;
  let messageBatches: MessageBatchesRepository;
  let steps: MessageBatchStepsRepository;
  let groups: RunGroupsRepository;

  beforeAll(async () => {
    database = await freshDatabase();
    messageBatches = new MessageBatchesRepository(database.transaction);
    steps = new MessageBatchStepsRepository(database.transaction);
    groups = new RunGroupsRepository(database.transaction);
  });
  afterAll(() => database.close());

  const sql = <Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> =>
    database.transaction.sql<Row>(text, values);

  /** A Message Batch of three queued runs, taken by `A`. */
  async function taken(): Promise<{ held: HeldMessageBatch; runs: RunId[] }> {
    await sql(`update message_batches set state = 'done'`);
    const [user] = await sql<{ id: UserId }>(`insert into users (name) values ('Ada') returning id`);
    const insert = `insert into batches (user_id, mode, created_at) values ($1, 'provider', now()) returning id`;
    const [batch] = await sql<{ id: BatchId }>(insert, [user!.id]);
    const messageBatchId = await messageBatches.plan(user!.id, batch!.id);
    const question = questionOf(user!.id, { batchId: batch!.id, messageBatchId });
    const grouped = [0, 1, 2].map((index) => ({
      question,
      index,
      customId: null,
      turn: null,
      reserve: nanoUsd(5),
      firstEventRest: '}',
    }));
    const runs = await groups.accept(user!.id, batch!.id, NOW, runGroup(grouped));
    return { held: (await messageBatches.take(A))!, runs };
  }

  const lapse = ({ id }: HeldMessageBatch) =>
    sql(`update message_batches set lease_until = now(), due_at = now() where id = $1`, [id]);
  const rowOf = async ({ id }: HeldMessageBatch) =>
    (
      await sql<Record<string, unknown>>(
        'select state, claude_id, refusals, requests from message_batches where id = $1',
        [id],
      )
    )[0];
  const standing = async ({ id }: HeldMessageBatch) =>
    (
      await sql<{ stands: string }>(
        `select r.status || ' ' || a.state as stands from runs r join run_attempts a on a.run_id = r.id
         where r.message_batch_id = $1 order by r.id`,
        [id],
      )
    ).map(({ stands }) => stands);

  it('are taken by one worker, and by another only when the first is silent', async () => {
    const { held } = await taken();
    expect(held).toMatchObject({ state: 'planned', workerId: A, cancelRequested: false });
    expect(await messageBatches.take(B)).toBeNull();
    await lapse(held);
    const again = await messageBatches.take(B);
    expect(again).toMatchObject({ id: held.id, workerId: B, fence: held.fence + 1 });
  });

  it('go out with their runs in one step, without those that are to be cancelled', async () => {
    const { held, runs } = await taken();
    await sql('update runs set cancel_requested_at = now() where id = $1', [runs[1]]);
    expect(await steps.beginSending(held, NOW)).toEqual([runs[0], runs[2]]);
    expect(await standing(held)).toEqual(['running sent', 'queued intent', 'running sent']);
    expect(await rowOf(held)).toMatchObject({ state: 'sending', requests: 2 });
    expect(await steps.beginSending(held, NOW)).toBeNull();
    await steps.takeBack(held, NOW);
    expect(await standing(held)).toEqual(['queued intent', 'queued intent', 'queued intent']);
    expect(await rowOf(held)).toMatchObject({ state: 'planned', refusals: 1 });
  });

  it('are not moved by a worker that has lost them', async () => {
    const { held } = await taken();
    await lapse(held);
    const theirs = (await messageBatches.take(B))!;
    expect(await steps.beginSending(held, NOW)).toBeNull();
    await steps.takeBack(held, NOW);
    await steps.noteCancelled(held);
    expect(await steps.finish(held)).toBe(false);
    await expect(database.transaction.run(() => steps.secure(held))).rejects.toThrow(MessageBatchLostError);
    expect(await rowOf(held)).toMatchObject({ state: 'planned', refusals: 0 });
    await database.transaction.run(() => steps.secure(theirs));
  });

  it("take Claude's late answer while the sending that it answers still counts, and not after it", async () => {
    const { held } = await taken();
    const sending = { ...held, sentAt: NOW };
    await steps.beginSending(held, NOW);
    await lapse(held);
    const theirs = (await messageBatches.take(B))!;
    expect(await steps.markSent(sending, 'msgbatch_1', NOW)).toBe(true);
    await steps.takeBack(theirs, NOW);
    expect(await rowOf(held)).toMatchObject({ state: 'sent', claude_id: 'msgbatch_1' });

    const other = (await taken()).held;
    await steps.beginSending(other, NOW);
    await steps.takeBack(other, NOW);
    expect(await steps.markSent({ ...other, sentAt: NOW }, 'msgbatch_2', NOW)).toBe(false);
  });

  it('are not done while a run of theirs has no end', async () => {
    const { held, runs } = await taken();
    await steps.beginSending(held, NOW);
    expect(await steps.finish(held)).toBe(false);
    await sql(`update runs set status = 'failed' where id = any($1)`, [runs]);
    expect(await steps.finish(held)).toBe(true);
    await lapse(held);
    expect(await messageBatches.take(B)).toBeNull();
  });
});
