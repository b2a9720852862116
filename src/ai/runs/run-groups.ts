import { Injectable } from '@nestjs/common';
import type { UserId } from '../../identity/user-id.js';
import type { NanoUsd } from '../../platform/money/money.js';
import { requestLength } from './claude-request.js';
import { toRunResponse } from './dto/run.response.js';
import { acceptedRun } from './ledger/run-acceptance.js';
import { type GroupedRun, runGroup, RunGroupsRepository, type RunParents } from './ledger/run-groups.repository.js';
import { worstCaseOf } from './ledger/run-money.js';
import { RunQueue } from './queue/run-queue.js';
import type { RunId, RunQuestion } from './run.types.js';

/** Runs that are recorded by one statement: enough to be quick, few enough to leave others their turn. */
const CHUNK = 250;
/** Of a large batch the database begins with few, which are soon made up. */
const FIRST_CHUNK = 50;
/** Characters that Claude is asked by the runs of one statement, which holds them several times, as JSON. */
const CHUNK_TEXT = 4 * 1024 * 1024;

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
    await this.groups.holdParents(owner, parentsOf(questions));
    const turn = queued ? await this.groups.nextTurn(owner) : null;
    const reserves: (NanoUsd | null)[] = [];
    const ids: RunId[] = [];
    let recording: Promise<RunId[]> = Promise.resolve([]);
    for (const chunk of chunksOf(questions)) {
      // The next runs are made up while the database records the last: the transaction is open for half the time.
      const runs = chunk.map((item) => {
        const reserve = worstCaseOf(item.question, createdAt);
        const place = turn === null ? null : turn + reserves.length;
        reserves.push(reserve);
        return groupedRun(item, { batchId, createdAt, reserve, turn: place });
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

  /** Locks what runs are going to hang on, in the caller's transaction: before rows of older runs are, if it changes these. */
  async holdParents(owner: UserId, parents: RunParents): Promise<void> {
    await this.groups.holdParents(owner, parents);
  }
}

function parentsOf(questions: readonly BatchQuestion[]): RunParents {
  const ids = <Id>(of: (question: RunQuestion) => Id | null): Id[] => [
    ...new Set(questions.map(({ question }) => of(question)).filter((id) => id !== null)),
  ];
  return { itemIds: ids((question) => question.researchItemId), promptIds: ids((question) => question.promptId) };
}

function* chunksOf(questions: readonly BatchQuestion[]): Generator<BatchQuestion[]> {
  let [most, text] = [questions.length > CHUNK ? FIRST_CHUNK : CHUNK, 0];
  let chunk: BatchQuestion[] = [];
  for (const item of questions) {
    const length = requestLength(item.question);
    if (chunk.length === most || (chunk.length > 0 && text + length > CHUNK_TEXT)) {
      yield chunk;
      [chunk, text, most] = [[], 0, CHUNK];
    }
    chunk.push(item);
    text += length;
  }
  if (chunk.length > 0) yield chunk;
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
