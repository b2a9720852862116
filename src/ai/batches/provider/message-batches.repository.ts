import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { UserId } from '../../../identity/user-id.js';
import { Transaction } from '../../../platform/database/transaction.js';
import type { BatchId } from '../batch.types.js';
import type { HeldMessageBatch, MessageBatchId, MessageBatchState } from './message-batch.types.js';

/** How long a worker may be silent before a Message Batch is taken from it. */
const LEASE = `now() + interval '30 seconds'`;

const PLAN = `
  insert into message_batches (user_id, batch_id, nonce, state, due_at)
  values ($1::bigint, $2::bigint, $3::uuid, 'planned', now()) returning id`;

/** How many of a user's are worked on at a time, in all processes: so slow ones of one user leave places to the others'. */
const MAX_OF_A_USER = 3;

const TAKE = `
  update message_batches m set worker_id = $1::uuid, fence = fence + 1, lease_until = ${LEASE}
  where id = (
    select id from message_batches due
    where state <> 'done' and due_at <= now() and (lease_until is null or lease_until <= now())
      and (select count(*) from message_batches held
        where held.user_id = due.user_id and held.state <> 'done' and held.lease_until > now()) < ${MAX_OF_A_USER}
    order by due_at limit 1 for update skip locked)
  returning id, batch_id, nonce, state, claude_id, refusals, requests, sent_at, cancelled_at, worker_id, fence,
    exists (select from batches b where b.id = m.batch_id and b.cancel_requested_at is not null) as cancel_requested`;

const RENEW = `
  update message_batches set lease_until = ${LEASE}
  where worker_id = $1::uuid and id = any($2::bigint[]) and lease_until is not null`;

const NEXT_DUE = `
  select extract(epoch from min(greatest(due_at, coalesce(lease_until, due_at))) - now()) * 1000 as wait
  from message_batches where state <> 'done'`;

interface MessageBatchRow {
  id: MessageBatchId;
  batch_id: BatchId;
  nonce: string;
  state: MessageBatchState;
  claude_id: string | null;
  refusals: number;
  requests: number;
  sent_at: Date | null;
  cancelled_at: Date | null;
  cancel_requested: boolean;
  worker_id: string;
  fence: number;
}

/** Message Batches that are to be worked on, and who works on them. */
@Injectable()
export class MessageBatchesRepository {
  constructor(private readonly transaction: Transaction) {}

  /** Plans one, to be worked on at once. */
  async plan(owner: UserId, batchId: BatchId): Promise<MessageBatchId> {
    const [row] = await this.transaction.sql<{ id: MessageBatchId }>(PLAN, [owner, batchId, randomUUID()]);
    if (!row) throw new Error('An insert answered no row');
    return row.id;
  }

  /** Takes one that is due; null when there is none, or others work on all of them. */
  async take(workerId: string): Promise<HeldMessageBatch | null> {
    const [row] = await this.transaction.sql<MessageBatchRow>(TAKE, [workerId]);
    return row ? toHeld(row) : null;
  }

  /** Keeps those that a worker works on. */
  async renew(workerId: string, ids: readonly MessageBatchId[]): Promise<void> {
    await this.transaction.sql(RENEW, [workerId, ids]);
  }

  /** Ends the leases of every other worker. */
  async expireOthers(workerId: string): Promise<void> {
    const text = `
      update message_batches set lease_until = null
      where worker_id <> $1::uuid and lease_until is not null and state <> 'done'`;
    await this.transaction.sql(text, [workerId]);
  }

  /** Milliseconds until there may be something to do; null when nothing is left to be done. */
  async untilNextDue(): Promise<number | null> {
    const [row] = await this.transaction.sql<{ wait: string | null }>(NEXT_DUE);
    return row?.wait === null || row === undefined ? null : Number(row.wait);
  }

  /** Has the Message Batches of a batch looked at now: it is to be cancelled. */
  async hurry(batchId: BatchId): Promise<void> {
    const text = `update message_batches set due_at = now() where batch_id = $1::bigint and state <> 'done'`;
    await this.transaction.sql(text, [batchId]);
  }
}

function toHeld(row: MessageBatchRow): HeldMessageBatch {
  return {
    id: row.id,
    batchId: row.batch_id,
    nonce: row.nonce,
    state: row.state,
    claudeId: row.claude_id,
    refusals: row.refusals,
    requests: row.requests,
    sentAt: row.sent_at,
    cancelledAt: row.cancelled_at,
    cancelRequested: row.cancel_requested,
    workerId: row.worker_id,
    fence: row.fence,
  };
}
