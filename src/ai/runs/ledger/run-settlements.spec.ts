import { jest } from '@jest/globals';
import type { UserId } from '../../../identity/user-id.js';
import type { RunId } from '../run.types.js';
import type { RunLedgerRepository, Settlement } from './run-ledger.repository.js';
import { RunSettlements } from './run-settlements.js';
import type { RunSettlementsRepository } from './run-settlements.repository.js';

const settlementOf = (id: number, userId = 1, batchId: number | null = null): Settlement =>
  ({
    hold: { runId: id as RunId, workerId: 'w', fence: 1 },
    run: { userId: userId as UserId, batchId },
    events: [],
    price: null,
  }) as unknown as Settlement;

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, n) => from + n);

/** Settlements on a database that answers a moment later, and tells which statements it got. */
function recording(
  refuse: (ids: number[]) => ReadonlySet<number> | Error = () => new Set(),
  holdUp: (ids: number[]) => Promise<void> | null = () => null,
) {
  const statements: number[][] = [];
  const answer = async (ids: number[]): Promise<ReadonlySet<number>> => {
    statements.push(ids);
    await new Promise((resolve) => setImmediate(resolve));
    await holdUp(ids);
    const refused = refuse(ids);
    if (refused instanceof Error) throw refused;
    return new Set(ids.filter((id) => !refused.has(id)));
  };
  const ledger = { settle: async ({ runId }: Settlement['hold']) => (await answer([runId])).has(runId) };
  const repository = {
    settleAll: async (all: Settlement[]) => {
      const done = await answer(all.map(({ hold }) => hold.runId));
      return new Set(all.filter(({ hold }) => done.has(hold.runId)));
    },
  };
  const settlements = new RunSettlements(
    ledger as unknown as RunLedgerRepository,
    repository as unknown as RunSettlementsRepository,
  );
  return { settlements, statements };
}

describe('The ends of runs', () => {
  afterEach(() => void jest.useRealTimers());

  it('are recorded at once, and those of a user that come meanwhile together', async () => {
    const { settlements, statements } = recording();
    const all = [1, 2, 3, 4].map((id) => settlements.settle(settlementOf(id)));
    const other = settlements.settle(settlementOf(9, 2));
    expect(await Promise.all([...all, other])).toEqual([true, true, true, true, true]);
    expect(statements).toEqual([[1], [9], [2, 3, 4]]);
    expect(await settlements.settle(settlementOf(5))).toBe(true);
    expect(statements.at(-1)).toEqual([5]);
  });

  it.each([
    { of: 'a batch', batchId: 7, expected: [[1], [2, 3], [4, 5]] },
    { of: 'no batch', batchId: null, expected: [[1], [2, 3], [4], [5]] },
  ])('come together a moment later than each other where they are runs of $of', async ({ batchId, expected }) => {
    const { settlements, statements } = recording();
    const settle = (id: number): Promise<boolean> => settlements.settle(settlementOf(id, 1, batchId));
    const early = [1, 2, 3].map(settle);
    await Promise.all(early);
    const late = [4, 5].map(settle);
    expect(await Promise.all([...early, ...late])).toEqual([true, true, true, true, true]);
    expect(statements).toEqual(expected);
  });

  it.each([
    { what: 'a run that somebody may wait for', more: [settlementOf(9)] },
    { what: 'as many as one statement takes', more: range(3, 51).map((id) => settlementOf(id, 1, 7)) },
  ])('wait no longer for others of a batch once there is $what', async ({ more }) => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    const { settlements, statements } = recording();
    await settlements.settle(settlementOf(1, 1, 7));
    const second = settlements.settle(settlementOf(2, 1, 7));
    await new Promise((resolve) => setImmediate(resolve));
    expect(statements).toEqual([[1]]);
    await Promise.all([second, ...more.map((one) => settlements.settle(one))]);
    expect(statements).toEqual([[1], [2, ...more.map(({ hold }) => hold.runId)]]);
  });

  it('are asked for one by one where they could not be recorded together', async () => {
    const { settlements, statements } = recording((ids) => new Set(ids.length > 1 ? [3] : [4]));
    const all = [1, 2, 3, 4].map((id) => settlements.settle(settlementOf(id)));
    expect(await Promise.all(all)).toEqual([true, true, true, true]);
    expect(statements).toEqual([[1], [2, 3, 4], [3]]);
    expect(await settlements.settle(settlementOf(4))).toBe(false);
  });

  it('are told as soon as they are recorded, also where one before them has to be waited for', async () => {
    let free: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (free = resolve));
    const { settlements } = recording(
      (ids) => new Set(ids.length > 1 ? [2] : []),
      (ids) => (ids.length === 1 && ids[0] === 2 ? held : null),
    );
    const [, second, third] = [1, 2, 3].map((id) => settlements.settle(settlementOf(id)));
    expect(await third).toBe(true);
    free();
    expect(await second).toBe(true);
  });

  it('are kept apart from one that cannot be recorded', async () => {
    const { settlements } = recording((ids) => (ids.includes(3) ? new Error('no such text') : new Set()));
    const all = [1, 2, 3, 4].map((id) => settlements.settle(settlementOf(id)));
    expect(await Promise.allSettled(all)).toEqual([
      { status: 'fulfilled', value: true },
      { status: 'fulfilled', value: true },
      { status: 'rejected', reason: new Error('no such text') },
      { status: 'fulfilled', value: true },
    ]);
  });
});
