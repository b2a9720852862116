import { RunEventsRepository } from '../../src/ai/runs/events/run-events.repository.js';
import { type Hold, RunLedgerRepository } from '../../src/ai/runs/ledger/run-ledger.repository.js';
import type { RunEvent } from '../../src/ai/runs/run.types.js';
import type { UserId } from '../../src/identity/user-id.js';
import { nanoUsd } from '../../src/platform/money/money.js';
import { questionOf, WORKER } from '../support/accepted-runs.js';
import { freshDatabase, type TestDatabase } from '../support/database.js';

describe('the stored events of a run', () => {
  let database: TestDatabase;
  let events: RunEventsRepository;
  let owner: UserId;
  let hold: Hold;

  beforeAll(async () => {
    database = await freshDatabase();
    events = new RunEventsRepository(database.transaction);
  });
  beforeEach(async () => {
    const text = `insert into users (name) values ('Ada') returning id`;
    owner = (await database.transaction.sql<{ id: UserId }>(text))[0]!.id;
    const acceptance = {
      question: questionOf(owner),
      createdAt: new Date(),
      reserve: nanoUsd(9),
      sent: true,
      firstEventRest: '}',
    };
    const id = await new RunLedgerRepository(database.transaction).accept({ ...acceptance, workerId: WORKER });
    hold = { runId: id, workerId: WORKER, fence: 1 };
  });
  afterAll(() => database.close());

  async function append(sequence: number, characters: number): Promise<RunEvent> {
    const event: RunEvent = { sequence, name: 'delta', data: JSON.stringify({ text: 'ö'.repeat(characters) }) };
    await events.append([{ hold, event }]);
    return event;
  }

  const page = (after: number, limit = 500): Promise<RunEvent[]> => events.findAfter(owner, hold.runId, after, limit);
  const sequences = (found: readonly RunEvent[]): number[] => found.map(({ sequence }) => sequence);

  it('come in pages of so many events, and of so many bytes', async () => {
    // Of two bytes each: the page is full with the second.
    for (const sequence of [2, 3, 4]) await append(sequence, 20_000);
    expect(sequences(await page(1))).toEqual([2, 3]);
    expect(sequences(await page(3))).toEqual([4]);
    expect(await page(4)).toEqual([]);
    expect(sequences(await page(0, 2))).toEqual([1, 2]);
  });

  it('come however large one of them is', async () => {
    const large = await append(2, 200_000);
    expect(await page(1)).toEqual([large]);
  });
});
