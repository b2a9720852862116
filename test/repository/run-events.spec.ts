import { type EventAppend, RunEventsRepository } from '../../src/ai/runs/events/run-events.repository.js';
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

  async function append(
    sequence: number,
    characters: number,
    beginning: EventAppend['beginning'] = null,
  ): Promise<RunEvent> {
    const event: RunEvent = { sequence, name: 'delta', data: JSON.stringify({ text: 'ö'.repeat(characters) }) };
    await events.append([{ hold, event, beginning }]);
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

  it('say what is known of the attempt that they are from, for as long as it goes on', async () => {
    const text = `select status_code, claude_request_id, min_nano_usd from run_attempts where run_id = $1::bigint`;
    const attempt = async () => (await database.transaction.sql<object>(text, [hold.runId]))[0];
    const begun = { status_code: 200, claude_request_id: 'req_1', min_nano_usd: 5 };
    await append(2, 1, { number: 1, requestId: 'req_1', minNanoUsd: nanoUsd(5) });
    expect(await attempt()).toEqual(begun);
    await append(3, 1);
    expect(await attempt()).toEqual(begun);
    await database.transaction.sql(`update run_attempts set state = 'unknown' where run_id = $1::bigint`, [hold.runId]);
    await append(4, 1, { number: 1, requestId: 'req_2', minNanoUsd: nanoUsd(6) });
    expect(await attempt()).toEqual(begun);
  });

  it('come however large one of them is', async () => {
    const large = await append(2, 200_000);
    expect(await page(1)).toEqual([large]);
  });
});
