import { Injectable } from '@nestjs/common';
import type { UserId } from '../../identity/user-id.js';
import type { NanoUsd } from '../../platform/money/money.js';
import { toRunResponse } from './dto/run.response.js';
import { acceptedRun } from './ledger/run-acceptance.js';
import { type GroupedRun, runGroup, RunGroupsRepository } from './ledger/run-groups.repository.js';
import { worstCaseOf } from './ledger/run-money.js';
import { RunQueue } from './queue/run-queue.js';
import type { RunId, RunQuestion } from './run.types.js';

/** Runs that are recorded by one statement: enough to be quick, few enough to leave others their turn. */
const CHUNK = 250;
/** Of a large batch the database begins with few, which are soon made up. */
const FIRST_CHUNK = 50;

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
    const turn = queued ? await this.groups.nextTurn(owner) : null;
    const reserves: (NanoUsd | null)[] = [];
    const ids: RunId[] = [];
    let recording: Promise<RunId[]> = Promise.resolve([]);
    const first = questions.length > CHUNK ? FIRST_CHUNK : CHUNK;
    for (let start = 0, end = first; start < questions.length; [start, end] = [end, end + CHUNK]) {
      // The next runs are made up while the database records the last: the transaction is open for half the time.
      const runs = questions.slice(start, end).map((item, position) => {
        const reserve = worstCaseOf(item.question, createdAt);
        reserves.push(reserve);
        return groupedRun(item, { batchId, createdAt, reserve, turn: turn === null ? null : turn + start + position });
      });
      const group = runGroup(runs);
      ids.push(...(await recording));
      recording = this.groups.accept(owner, batchId, createdAt, group);
    }
    ids.push(...(await recording));
    if (turn !== null) await this.queue.enqueueInTurn(ids, turn);
    await this.groups.reserve(owner, reserves);
    return ids;
  }
}

function groupedRun(
  { question: asked, index, customId }: BatchQuestion,
  { batchId, createdAt, reserve, turn }: { batchId: number; createdAt: Date } & Pick<GroupedRun, 'reserve' | 'turn'>,
): GroupedRun {
  const question = { ...asked, batchId };
  const blank = acceptedRun(question, { id: 0 as RunId, createdAt, reserve, running: false, sent: false });
  const firstEventRest = JSON.stringify(toRunResponse(blank)).slice('{"id":0'.length);
  return { question, index, customId, reserve, firstEventRest, turn };
}
