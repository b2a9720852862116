import { Injectable } from '@nestjs/common';
import { Transaction } from '../../../platform/database/transaction.js';
import { statusIs } from '../../runs/ledger/run-ledger.sql.js';
import type { RunId } from '../../runs/run.types.js';
import type { HeldMessageBatch } from './message-batch.types.js';

const HELD = 'id = $1::bigint and worker_id = $2::uuid and fence = $3::integer';

/** $4 now. In one transaction with its runs: a run is never counted as sent while its Message Batch is not. */
const BEGIN_SENDING = `
  with held as (
    update message_batches set state = 'sending', sent_at = $4::timestamptz where ${HELD} and state = 'planned'
    returning id),
  run as (
    update runs set status = 'running', started_at = $4::timestamptz from held
    where runs.message_batch_id = $1::bigint and ${statusIs(`= 'queued'`, 'runs.status')}
      and runs.cancel_requested_at is null
    returning runs.id),
  attempt as (
    update run_attempts a set state = 'sent', started_at = $4::timestamptz from run
    where a.run_id = run.id and a.state = 'intent')
  select held.id as held, run.id as run from held left join run on true order by run.id`;

/** $4 when to try again. */
const TAKE_BACK = `
  with held as (
    update message_batches set state = 'planned', refusals = refusals + 1, sent_at = null, due_at = $4::timestamptz,
      lease_until = null
    where ${HELD} and state = 'sending' returning id),
  run as (
    update runs set status = 'queued', started_at = null from held
    where runs.message_batch_id = $1::bigint and ${statusIs(`= 'running'`, 'runs.status')} returning runs.id),
  attempt as (
    update run_attempts a set state = 'intent' from run where a.run_id = run.id and a.state = 'sent')
  select id from held`;

/**
 * $2 when it was sent, $3 Claude's id, $4 when to look at it. It asks for this very sending, and not for the hold: others may have
 * come to trace it meanwhile, and wait for just this answer.
 */
const MARK_SENT = `
  update message_batches set state = 'sent', claude_id = $3::text, due_at = $4::timestamptz, lease_until = null
  where id = $1::bigint and state = 'sending' and sent_at = $2::timestamptz returning id`;

/** $4 when to look again; soon where the owner has come to want it cancelled meanwhile. */
const POSTPONE = `
  update message_batches m set lease_until = null, due_at = case
    when m.cancelled_at is null
      and exists (select from batches b where b.id = m.batch_id and b.cancel_requested_at is not null)
    then least($4::timestamptz, now() + interval '1 second') else $4::timestamptz end
  where ${HELD} returning id`;

const FINISH = `
  update message_batches set state = 'done', lease_until = null where ${HELD}
    and not exists (select from runs where message_batch_id = $1::bigint and status in ('queued', 'running'))
  returning id`;

/** The steps of a Message Batch on its way. Each is one statement, and fenced. */
@Injectable()
export class MessageBatchStepsRepository {
  constructor(private readonly transaction: Transaction) {}

  /** It may go out from now on. Answers which runs are in it; null when it is no longer ours. */
  beginSending(held: HeldMessageBatch, at: Date): Promise<RunId[] | null> {
    return this.transaction.run(async () => {
      const rows = await this.transaction.sql<{ run: RunId | null }>(BEGIN_SENDING, [...holdOf(held), at]);
      if (rows.length === 0) return null;
      const runs = rows.flatMap(({ run }) => (run === null ? [] : [run]));
      const text = 'update message_batches set requests = $2::integer where id = $1::bigint';
      await this.transaction.sql(text, [held.id, runs.length]);
      return runs;
    });
  }

  /** Keeps others from it until the transaction ends. @throws MessageBatchLostError when it is no longer ours */
  async secure(held: HeldMessageBatch): Promise<void> {
    const text = `select from message_batches where ${HELD} for no key update`;
    if ((await this.transaction.sql(text, holdOf(held))).length === 0) throw new MessageBatchLostError(held.id);
  }

  /** Claude is known not to have taken it: its runs wait again. */
  async takeBack(held: HeldMessageBatch, dueAt: Date): Promise<void> {
    await this.transaction.sql(TAKE_BACK, [...holdOf(held), dueAt]);
  }

  /** Claude has it under this id. False: it counts as not taken by now, and may have been sent again. */
  async markSent({ id, sentAt }: HeldMessageBatch, claudeId: string, dueAt: Date): Promise<boolean> {
    return (await this.transaction.sql(MARK_SENT, [id, sentAt, claudeId, dueAt])).length > 0;
  }

  /** Gives it back, to be looked at again. */
  async postpone(held: HeldMessageBatch, dueAt: Date): Promise<void> {
    await this.transaction.sql(POSTPONE, [...holdOf(held), dueAt]);
  }

  /** Every run has its end. False: one has not, or it is no longer ours. */
  async finish(held: HeldMessageBatch): Promise<boolean> {
    return (await this.transaction.sql(FINISH, holdOf(held))).length > 0;
  }

  /** Claude has been asked to cancel it. */
  async noteCancelled(held: HeldMessageBatch): Promise<void> {
    await this.transaction.sql(`update message_batches set cancelled_at = now() where ${HELD}`, holdOf(held));
  }

  /** Runs that went out with it and have no end yet, as many as `limit`. */
  async findSent({ id }: HeldMessageBatch, limit: number): Promise<RunId[]> {
    const text = `
      select id from runs where message_batch_id = $1::bigint and status = 'running' order by id limit $2::integer`;
    return (await this.transaction.sql<{ id: RunId }>(text, [id, limit])).map((row) => row.id);
  }

  /** Those of Claude's ids that belong to another Message Batch of ours. */
  async findKnown(claudeIds: readonly string[]): Promise<ReadonlySet<string>> {
    const text = 'select claude_id from message_batches where claude_id = any($1::text[])';
    const rows = await this.transaction.sql<{ claude_id: string }>(text, [claudeIds]);
    return new Set(rows.map((row) => row.claude_id));
  }
}

/** Another worker has the Message Batch by now: it is for that one to go on with it. */
export class MessageBatchLostError extends Error {
  constructor(id: number) {
    super(`Message Batch ${id} is held by another worker`);
  }
}

function holdOf({ id, workerId, fence }: HeldMessageBatch): unknown[] {
  return [id, workerId, fence];
}
