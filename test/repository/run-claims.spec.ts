import { RunClaimsRepository, type QueuedRun } from '../../src/ai/runs/ledger/run-claims.repository.js';
import { RunLedgerRepository } from '../../src/ai/runs/ledger/run-ledger.repository.js';
import type { Run, RunId } from '../../src/ai/runs/run.types.js';
import type { UserId } from '../../src/identity/user-id.js';
import { acceptRun, OTHER_WORKER, WORKER } from '../support/accepted-runs.js';
import { freshDatabase, onPostgres, type TestDatabase } from '../support/database.js';

describe('queued runs', () => {
  let database: TestDatabase;
  let ledger: RunLedgerRepository;
  let claims: RunClaimsRepository;

  const sql = <Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> =>
    database.transaction.sql<Row>(text, values);

  beforeAll(async () => {
    database = await freshDatabase();
    ledger = new RunLedgerRepository(database.transaction);
    claims = new RunClaimsRepository(database.transaction);
  });
  afterAll(() => database.close());

  const newUser = async (): Promise<UserId> =>
    (await sql<{ id: UserId }>(`insert into users (name) values ('Ada') returning id`))[0]!.id;
  const accept = (userId: UserId, running: boolean): Promise<Run> => acceptRun(ledger, userId, running);
  const found = async (...ids: RunId[]): Promise<QueuedRun[]> => [...(await claims.findQueued(ids)).values()];

  it('are taken once, as they then stand, and what is to be cancelled is not sent', async () => {
    const user = await newUser();
    const runs = [await accept(user, false), await accept(user, false), await accept(user, true)];
    const [sent, unwanted, taken] = runs.map(({ id }) => id) as [RunId, RunId, RunId];
    await sql('update runs set cancel_requested_at = now() where id = $1', [unwanted]);
    const at = new Date();
    const read = await found(sent, unwanted, taken);
    expect(read).toMatchObject([{ run: { id: sent }, fence: 0, lastEvent: 1 }, { run: { id: unwanted } }]);
    const claimed = await claims.claimAll(read, WORKER, at);
    expect(new Set(claimed.keys())).toEqual(new Set([sent, unwanted]));
    expect(claimed.get(sent)).toMatchObject({
      fence: 1,
      cancelRequested: false,
      lastEvent: 1,
      run: { id: sent, status: 'running', startedAt: at, attempts: [{ number: 1, state: 'sent', startedAt: at }] },
    });
    expect(claimed.get(unwanted)).toMatchObject({ cancelRequested: true, run: { attempts: [{ state: 'intent' }] } });
    const states = await sql('select state from run_attempts where run_id = any($1) order by run_id', [
      [sent, unwanted],
    ]);
    expect(states).toEqual([{ state: 'sent' }, { state: 'intent' }]);
    const later = new Date(at.getTime() + 1);
    expect((await claims.claimAll(read, WORKER, later)).size).toBe(0);
  });

  it('are taken again by who has not heard of it, under a new fence, and by nobody else', async () => {
    const user = await newUser();
    const { id } = await accept(user, false);
    const at = new Date();
    const read = await found(id);
    await claims.claimAll(read, WORKER, at);
    expect((await claims.claimAll(read, OTHER_WORKER, at)).size).toBe(0);
    const again = await claims.claimAll(read, WORKER, at);
    expect(again.get(id)).toMatchObject({ fence: 2, run: { attempts: [{ number: 1, state: 'sent', startedAt: at }] } });
    expect(await sql('select state from run_attempts where run_id = $1', [id])).toEqual([{ state: 'sent' }]);
  });

  it('are not taken as they were read before somebody had them and gave them back', async () => {
    const user = await newUser();
    const { id } = await accept(user, false);
    const read = await found(id);
    await sql(`update runs set fence = fence + 1 where id = $1`, [id]);
    expect((await claims.claimAll(read, WORKER, new Date())).size).toBe(0);
    const now = await found(id);
    expect([...(await claims.claimAll(now, WORKER, new Date())).values()]).toMatchObject([{ fence: 2 }]);
  });

  // The embedded database is one session: nobody holds anything beside it.
  (onPostgres ? it : it.skip)('are passed over while somebody else holds them, and nothing waits', async () => {
    const user = await newUser();
    const queued = [await accept(user, false), await accept(user, false)] as const;
    const holder = database.dataSource.createQueryRunner();
    await holder.startTransaction();
    await holder.query('select from runs where id = $1 for update', [queued[0].id]);
    const read = await found(...queued.map(({ id }) => id));
    expect([...(await claims.claimAll(read, WORKER, new Date())).keys()]).toEqual([queued[1].id]);
    await holder.rollbackTransaction();
    await holder.release();
    expect([...(await claims.claimAll(read, WORKER, new Date())).keys()]).toEqual([queued[0].id]);
  });
});
