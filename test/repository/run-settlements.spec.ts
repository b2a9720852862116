import type { UserId } from '../../src/identity/user-id.js';
import { RunLedgerRepository, type Settlement } from '../../src/ai/runs/ledger/run-ledger.repository.js';
import { RunSettlementsRepository } from '../../src/ai/runs/ledger/run-settlements.repository.js';
import type { Run } from '../../src/ai/runs/run.types.js';
import { nanoUsd } from '../../src/platform/money/money.js';
import { acceptRun, RESERVE, WORKER } from '../support/accepted-runs.js';
import { freshDatabase, onPostgres, type TestDatabase } from '../support/database.js';

const USAGE = {
  input_tokens: 5,
  output_tokens: 7,
  cache_creation_input_tokens: 1,
  cache_read_input_tokens: 2,
};
/** Whatever an element of a PostgreSQL array might trip over. */
const TEXT = `{"a", NULL, \\"b\\"} ' 	\n ü 😀`;

describe('many runs in one statement', () => {
  let database: TestDatabase;
  let ledger: RunLedgerRepository;
  let settlements: RunSettlementsRepository;

  const sql = <Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> =>
    database.transaction.sql<Row>(text, values);

  beforeAll(async () => {
    database = await freshDatabase();
    ledger = new RunLedgerRepository(database.transaction);
    settlements = new RunSettlementsRepository(database.transaction);
  });
  afterAll(() => database.close());

  const newUser = async (): Promise<UserId> =>
    (await sql<{ id: UserId }>(`insert into users (name) values ('Ada') returning id`))[0]!.id;

  const accept = (userId: UserId, running: boolean, model = 'm'): Promise<Run> =>
    acceptRun(ledger, userId, running, model);

  /** The end of a run: answered, or broken so that its cost is unknown. */
  function endOf(run: Run, { broken = false, fence = 1 } = {}): Settlement {
    const money = broken
      ? { state: 'unknown' as const, minNanoUsd: nanoUsd(0), maxNanoUsd: RESERVE }
      : { state: 'settled' as const, minNanoUsd: nanoUsd(300), maxNanoUsd: nanoUsd(300) };
    const attempts = run.attempts.map((attempt) => ({ ...attempt, ...money, durationMs: 5, claudeRequestId: 'req_1' }));
    const end = {
      status: broken ? ('interrupted' as const) : ('succeeded' as const),
      outputText: TEXT,
      output: [{ type: 'text' as const, text: TEXT }],
      usage: broken ? null : USAGE,
      costNanoUsd: broken ? null : nanoUsd(300),
      billingState: money.state,
      billingMinNanoUsd: money.minNanoUsd,
      billingMaxNanoUsd: money.maxNanoUsd,
      error: broken ? { slug: 'run-interrupted' as const, detail: TEXT } : null,
      finishedAt: new Date('2026-11-25T10:00:00Z'),
    };
    const events = [
      { sequence: 2, name: 'delta' as const, data: JSON.stringify({ text: TEXT }) },
      { sequence: 3, name: end.status, data: '{}' },
    ];
    const hold = { runId: run.id, workerId: WORKER, fence };
    return { hold, run: { ...run, ...end, attempts }, events, price: { input: 1, text: TEXT } };
  }

  /** All that is written of a user's runs, without what tells one user's from another's. */
  async function writtenOf(user: UserId): Promise<unknown> {
    const strip = `- 'id' - 'user_id' - 'run_id' - 'created_at' - 'started_at'`;
    return {
      runs: await sql(`select to_jsonb(r) ${strip} as row from runs r where user_id = $1 order by id`, [user]),
      attempts: await sql(`select to_jsonb(a) ${strip} as row from run_attempts a where user_id = $1 order by run_id`, [
        user,
      ]),
      events: await sql(
        `select sequence, name, case when sequence > 1 then data end as data from run_events where user_id = $1
         order by run_id, sequence`,
        [user],
      ),
      users: await sql('select reserved_nano_usd, spent_nano_usd from users where id = $1', [user]),
      rollups: await sql(`select to_jsonb(u) ${strip} as row from usage_rollups u where user_id = $1 order by model`, [
        user,
      ]),
    };
  }

  it('end exactly as each would end by one of its own', async () => {
    const [single, together] = [await newUser(), await newUser()];
    for (const [user, end] of [
      [
        single,
        async (ends: Settlement[]) => {
          for (const { hold, run, events, price } of ends)
            expect(await ledger.settle(hold, run, events, price)).toBe(true);
        },
      ],
      [
        together,
        async (ends: Settlement[]) => {
          expect(await settlements.settleAll(ends)).toEqual(new Set(ends));
        },
      ],
    ] as const) {
      const runs: Run[] = [];
      for (const model of ['m', 'm', 'n', 'm', 'n']) runs.push(await accept(user, true, model));
      await end(runs.map((run, index) => endOf(run, { broken: index === 1 || index === 4 })));
    }
    const written = await writtenOf(together);
    expect(written).toEqual(await writtenOf(single));
    expect(written).toMatchObject({ users: [{ reserved_nano_usd: 0, spent_nano_usd: 2900 }] });
  });

  it('end but once, and none of another hold', async () => {
    const user = await newUser();
    const [mine, foreign] = [await accept(user, true), await accept(user, true)];
    const ends = [endOf(mine), endOf(foreign, { fence: 7 })];
    expect(await settlements.settleAll(ends)).toEqual(new Set([ends[0]]));
    expect(await settlements.settleAll(ends)).toEqual(new Set());
    expect(await sql('select reserved_nano_usd, spent_nano_usd from users where id = $1', [user])).toEqual([
      { reserved_nano_usd: 1000, spent_nano_usd: 300 },
    ]);
  });

  it('end by their present hold, also when an old one tells of another end beside it', async () => {
    const user = await newUser();
    const run = await accept(user, true);
    await sql('update runs set fence = 2 where id = $1', [run.id]);
    const [stale, present] = [endOf(run, { broken: true }), endOf(run, { fence: 2 })];
    expect(await settlements.settleAll([stale, present])).toEqual(new Set([present]));
    expect(await sql('select status, cost_nano_usd from runs where id = $1', [run.id])).toEqual([
      { status: 'succeeded', cost_nano_usd: 300 },
    ]);
    expect(await sql('select runs, cost_nano_usd from usage_rollups where user_id = $1', [user])).toEqual([
      { runs: 1, cost_nano_usd: 300 },
    ]);
  });

  // The embedded database is one session: nobody holds anything beside it.
  (onPostgres ? it : it.skip)('pass over what somebody else holds, and wait for nothing', async () => {
    const user = await newUser();
    const running = [await accept(user, true), await accept(user, true)] as const;
    const holder = database.dataSource.createQueryRunner();
    await holder.startTransaction();
    await holder.query('select from runs where id = $1 for update', [running[0].id]);
    const ends = running.map((run) => endOf(run));
    expect(await settlements.settleAll(ends)).toEqual(new Set([ends[1]]));
    await holder.rollbackTransaction();
    await holder.release();
  });
});
