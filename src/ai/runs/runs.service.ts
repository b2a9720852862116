import { Injectable } from '@nestjs/common';
import type { UserId } from '../../identity/user-id.js';
import { Idempotency, type Made } from '../../platform/idempotency/idempotency.js';
import type { KeyedRequest } from '../../platform/idempotency/keyed-request.js';
import type { RunRequest } from './dto/run-request.dto.js';
import { toRunResponse } from './dto/run.response.js';
import type { LiveRun } from './events/live-run.js';
import { RunExecutor, WORKER_ID } from './execution/run-executor.js';
import { acceptedRun } from './ledger/run-acceptance.js';
import { RunLedgerRepository } from './ledger/run-ledger.repository.js';
import { worstCaseOf } from './ledger/run-money.js';
import { RunQueue } from './queue/run-queue.js';
import { RunDrafts } from './run-drafts.js';
import { RunNotFoundError } from './run.errors.js';
import type { Run, RunEvent, RunId, RunQuestion } from './run.types.js';
import { RunsRepository } from './runs.repository.js';

/** Accepts runs and finds them again. */
@Injectable()
export class RunsService {
  constructor(
    private readonly drafts: RunDrafts,
    private readonly ledger: RunLedgerRepository,
    private readonly runs: RunsRepository,
    private readonly executor: RunExecutor,
    private readonly queue: RunQueue,
    private readonly idempotency: Idempotency,
  ) {}

  /**
   * Accepts a run and starts it here and now. It is committed, with its attempt, before Claude is called; from then on it
   * runs to its end whoever waits.
   * Under a key that has made a run already nothing happens: its id is answered.
   * @throws what `RunDrafts.draft` and `Idempotency.once` throw, BudgetExceededError, OverloadedError, ShuttingDownError
   */
  async start(owner: UserId, request: RunRequest, keyed: KeyedRequest | null): Promise<Made<LiveRun>> {
    const known = await this.idempotency.find(keyed);
    if (known !== null) return { made: null, replayed: known };
    const question = await this.drafts.draft(owner, request);
    return this.executor.accepting(() => this.startNow(question, keyed));
  }

  private async startNow(question: RunQuestion, keyed: KeyedRequest | null): Promise<Made<LiveRun>> {
    const slot = await this.executor.takeSlot();
    try {
      const how = { workerId: WORKER_ID, sent: slot !== null };
      const { made, replayed } = await this.idempotency.once(keyed, 'run', idOf, () => this.accept(question, how));
      if (!made) {
        slot?.();
        return { made, replayed };
      }
      const { run, firstEvent } = made;
      return { made: this.executor.start(run, 1, slot, [firstEvent], firstEvent.sequence), replayed };
    } catch (error) {
      slot?.();
      throw error;
    }
  }

  /** Accepts a run and leaves it to the queue: run and job are committed together. Throws as `start` does. */
  async enqueue(owner: UserId, request: RunRequest, keyed: KeyedRequest | null): Promise<Made<Run>> {
    const known = await this.idempotency.find(keyed);
    if (known !== null) return { made: null, replayed: known };
    const question = await this.drafts.draft(owner, request);
    const accept = async () => (await this.accept(question, { workerId: null, sent: false })).run;
    return this.idempotency.once(
      keyed,
      'run',
      ({ id }) => id,
      () => this.queue.enqueue(accept),
    );
  }

  /** @throws RunNotFoundError */
  async get(owner: UserId, id: RunId): Promise<Run> {
    const run = await this.runs.find(owner, id);
    if (!run) throw new RunNotFoundError(id);
    return run;
  }

  private async accept(
    question: RunQuestion,
    { workerId, sent }: { workerId: string | null; sent: boolean },
  ): Promise<{ run: Run; firstEvent: RunEvent }> {
    const createdAt = new Date();
    const reserve = worstCaseOf(question, createdAt);
    const blank = acceptedRun(question, { id: 0 as RunId, createdAt, reserve, running: workerId !== null, sent });
    const firstEventRest = JSON.stringify(toRunResponse(blank)).slice('{"id":0'.length);
    const id = await this.ledger.accept({ question, createdAt, reserve, workerId, sent, firstEventRest });
    const firstEvent: RunEvent = { sequence: 1, name: 'run', data: `{"id":${id}${firstEventRest}` };
    return { run: { ...blank, id }, firstEvent };
  }
}

function idOf({ run }: { run: Run }): number {
  return run.id;
}
