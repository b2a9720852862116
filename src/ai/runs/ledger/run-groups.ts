import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { UserId } from '../../../identity/user-id.js';
import { toRunResponse } from '../dto/run.response.js';
import { RunQueue } from '../execution/run-queue.js';
import type { RunId, RunQuestion } from '../run.types.js';
import { acceptedRun } from './run-acceptance.js';
import { type GroupedRun, RunGroupsRepository } from './run-groups.repository.js';
import { worstCaseOf } from './run-money.js';

/** Runs that are recorded by one statement: enough to be quick, few enough to leave others their turn. */
const CHUNK = 500;

/** A query of a batch, drafted. */
export interface BatchQuestion {
  readonly question: RunQuestion;
  readonly index: number;
  readonly customId: string | null;
}

/** Accepts the runs of a batch: all of them or none, as the caller's transaction goes. */
@Injectable()
export class RunGroups {
  constructor(
    private readonly groups: RunGroupsRepository,
    private readonly queue: RunQueue,
  ) {}

  /**
   * Records the runs as queued and sets their worst cases aside.
   * @param queued whether they go through the queue of runs, in turn with those of other users
   * @returns their ids, in order
   * @throws BudgetExceededError; ItemNotFoundError, PromptNotFoundError when one was deleted meanwhile
   */
  async accept(owner: UserId, batchId: number, questions: readonly BatchQuestion[], queued: boolean): Promise<RunId[]> {
    const createdAt = new Date();
    const reserves = questions.map(({ question }) => worstCaseOf(question, createdAt));
    const turn = queued ? await this.groups.nextTurn(owner) : null;
    const ids: RunId[] = [];
    for (let start = 0; start < questions.length; start += CHUNK) {
      const chunk = questions.slice(start, start + CHUNK).map((item, position): GroupedRun => {
        const reserve = reserves[start + position] ?? null;
        const question = { ...item.question, batchId };
        const blank = acceptedRun(question, { id: 0 as RunId, createdAt, reserve, running: false, sent: false });
        const firstEventRest = JSON.stringify(toRunResponse(blank)).slice('{"id":0'.length);
        return { ...item, question, reserve, firstEventRest, turn: turn === null ? null : turn + start + position };
      });
      const accepted = await this.groups.accept(owner, batchId, createdAt, chunk);
      if (turn !== null) await this.queue.enqueueInTurn(accepted, turn + start);
      ids.push(...accepted);
      await nextTurn();
    }
    await this.groups.reserve(owner, reserves);
    return ids;
  }
}
