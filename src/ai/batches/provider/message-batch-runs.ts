import { Injectable } from '@nestjs/common';
import { Transaction } from '../../../platform/database/transaction.js';
import { CallAborted } from '../../claude/claude-failure.js';
import type { BatchedRequest } from '../../claude/message-batches/claude-batches.js';
import { requestOf } from '../../runs/claude-request.js';
import { type AttemptEnd, RunGroupEnding, RUNS_PER_ENDING } from '../../runs/execution/run-group-ending.js';
import { RunLog } from '../../runs/execution/run-log.js';
import type { Run, RunId } from '../../runs/run.types.js';
import { RunsRepository } from '../../runs/runs.repository.js';
import { MessageBatchStepsRepository } from './message-batch-steps.repository.js';
import type { HeldMessageBatch } from './message-batch.types.js';
import { nextLook } from './poll-interval.js';

/** What became of the requests cannot be known: what they may cost at most counts, and nothing is sent again by itself. */
export const UNTRACEABLE: AttemptEnd = { answer: null, failure: new CallAborted('untraceable', null) };

/** The runs of a Message Batch: as the requests that Claude gets, and as what is left to be ended. */
@Injectable()
export class MessageBatchRuns {
  constructor(
    private readonly transaction: Transaction,
    private readonly steps: MessageBatchStepsRepository,
    private readonly runs: RunsRepository,
    private readonly ending: RunGroupEnding,
    private readonly log: RunLog,
  ) {}

  /** The requests for the runs that go out. */
  async requestsOf(held: HeldMessageBatch, ids: readonly RunId[]): Promise<BatchedRequest[]> {
    const runs = await this.runs.findAllForWorker(ids);
    for (const run of runs) this.log.started(run);
    return runs.map((run) => ({ customId: customIdOf(held, run.id), request: requestOf(run) }));
  }

  /** Ends runs that went out, where the Message Batch is still ours. @throws MessageBatchLostError */
  async end(held: HeldMessageBatch, ids: readonly RunId[], endOf: (run: Run) => AttemptEnd): Promise<void> {
    await this.transaction.run(async () => {
      await this.steps.secure(held);
      await this.ending.endSent(held.id, ids, endOf);
    });
  }

  /** Ends those that wait and are to be cancelled. */
  cancelQueued({ batchId }: HeldMessageBatch): Promise<void> {
    return this.ending.cancelQueued(batchId);
  }

  /** Ends all that are left of a Message Batch that went out, and the Message Batch with them. */
  async endRest(held: HeldMessageBatch, end: AttemptEnd): Promise<void> {
    for (let rest = await this.steps.findSent(held, RUNS_PER_ENDING); rest.length > 0;) {
      await this.end(held, rest, () => end);
      rest = await this.steps.findSent(held, RUNS_PER_ENDING);
    }
    await this.cancelQueued(held);
    // One may be left that somebody is cancelling at this moment.
    if (!(await this.steps.finish(held))) await this.steps.postpone(held, nextLook(held.sentAt));
  }
}

/** The name of a run's request: nobody else's requests begin with the nonce. */
function customIdOf({ nonce }: HeldMessageBatch, runId: RunId): string {
  return `${nonce}-${runId}`;
}

/** The run that a result is for; null when it is no result of this Message Batch. */
export function runIdOf({ nonce }: HeldMessageBatch, customId: string): RunId | null {
  const id = customId.startsWith(`${nonce}-`) ? customId.slice(nonce.length + 1) : '';
  return /^[1-9]\d{0,15}$/.test(id) ? (Number(id) as RunId) : null;
}
