import { jest } from '@jest/globals';
import type { UserId } from '../../../identity/user-id.js';
import type { RunQueue } from '../execution/run-queue.js';
import type { RunId, RunQuestion } from '../run.types.js';
import { type BatchQuestion, RunGroups } from './run-groups.js';
import type { RunGroup, RunGroupsRepository } from './run-groups.repository.js';

const OWNER = 7 as UserId;

const questionOf = (index: number): BatchQuestion => ({
  question: {
    userId: OWNER,
    promptId: null,
    promptVersion: null,
    variables: null,
    researchItemId: null,
    batchId: null,
    messageBatchId: null,
    model: 'claude-sonnet-5-5',
    settings: { max_tokens: 10 },
    system: null,
    messages: [{ role: 'user', content: `${index}` }],
    simulated: true,
  } satisfies RunQuestion,
  index,
  customId: null,
});

/** Accepts so many runs, whose ids count on from 100, at turn 5. */
async function accept(count: number, queued: boolean) {
  let lastId = 99;
  const groups: number[] = [];
  const enqueueInTurn = jest.fn<RunQueue['enqueueInTurn']>(() => Promise.resolve());
  const repository = {
    nextTurn: () => Promise.resolve(5),
    accept: (_owner: UserId, _batch: number, _at: Date, { columns }: RunGroup) => {
      const size = columns[0]!.split(',').length;
      groups.push(size);
      return Promise.resolve(Array.from({ length: size }, () => (lastId += 1) as RunId));
    },
    reserve: () => Promise.resolve(),
  };
  const runGroups = new RunGroups(
    repository as unknown as RunGroupsRepository,
    { enqueueInTurn } as unknown as RunQueue,
  );
  const questions = Array.from({ length: count }, (_, index) => questionOf(index));
  return { ids: await runGroups.accept(OWNER, 1, questions, queued), groups, enqueueInTurn };
}

describe('The runs of a batch', () => {
  it('are recorded in groups, and sent to the queue together: how many a job names goes by the whole batch', async () => {
    const { ids, groups, enqueueInTurn } = await accept(601, true);
    expect(groups.length).toBeGreaterThan(1);
    expect(ids).toEqual(Array.from({ length: 601 }, (_, n) => 100 + n));
    expect(enqueueInTurn.mock.calls).toEqual([[ids, 5]]);
  });

  it('are not sent where they do not go through the queue', async () => {
    const { ids, enqueueInTurn } = await accept(3, false);
    expect(ids).toHaveLength(3);
    expect(enqueueInTurn).not.toHaveBeenCalled();
  });
});
