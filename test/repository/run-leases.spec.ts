import { RunLeasesRepository } from '../../src/ai/runs/leases/run-leases.repository.js';
import { type Hold, RunLedgerRepository } from '../../src/ai/runs/ledger/run-ledger.repository.js';
import type { RunId } from '../../src/ai/runs/run.types.js';
import type { UserId } from '../../src/identity/user-id.js';
import { nanoUsd } from '../../src/platform/money/money.js';
import { OTHER_WORKER, questionOf, WORKER } from '../support/accepted-runs.js';
import { freshDatabase, onPostgres, type TestDatabase } from '../support/database.js';

describe('the leases of runs', () => {
  let database: TestDatabase;
  let leases: RunLeasesRepository;
  let ledger: RunLedgerRepository;

  const sql = <Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> =>
    database.transaction.sql<Row>(text, values);

  beforeAll(async () => {
    database = await freshDatabase();
    leases = new RunLeasesRepository(database.transaction);
    ledger = new RunLedgerRepository(database.transaction);
  });
  afterAll(() => database.close());

  /** A run that a worker holds, whose lease has just ended. */
  async function expired(): Promise<RunId> {
    const [user] = await sql<{ id: UserId }>(`insert into users (name) values ('Ada') returning id`);
    const acceptance = {
      question: questionOf(user!.id),
      createdAt: new Date(),
      reserve: nanoUsd(9),
      sent: false,
      firstEventRest: '}',
    };
    const id = await ledger.accept({ ...acceptance, workerId: WORKER });
    await expire(id);
    return id;
  }

  const expire = (id: RunId): Promise<unknown[]> => sql('update runs set lease_until = now() where id = $1', [id]);
  const isExpired = async (id: RunId): Promise<boolean> => (await leases.findExpired()).includes(id);

  async function takenBy(id: RunId, workerId: string): Promise<Hold> {
    const claim = await leases.takeOver(id, workerId);
    return { runId: id, workerId, fence: claim!.fence };
  }

  it('are renewed for their holder alone', async () => {
    const id = await expired();
    await leases.renew(OTHER_WORKER, [id]);
    expect(await isExpired(id)).toBe(true);
    await leases.renew(WORKER, [id]);
    expect(await isExpired(id)).toBe(false);
  });

  // The embedded database is one session: there is nobody else to lock a row.
  (onPostgres ? it : it.skip)('are renewed for all runs but one whose row is locked', async () => {
    const [free, locked] = [await expired(), await expired()];
    const runner = database.dataSource.createQueryRunner();
    await runner.startTransaction();
    await runner.query('select from runs where id = $1 for update', [locked]);
    await leases.renew(WORKER, [locked, free]);
    await runner.rollbackTransaction();
    await runner.release();
    expect([await isExpired(free), await isExpired(locked)]).toEqual([false, true]);
  });

  it('let go of a run to be queued again', async () => {
    const id = await expired();
    expect(await leases.giveBack(await takenBy(id, OTHER_WORKER))).toBe(true);
    expect(await sql('select status, worker_id, lease_until from runs where id = $1', [id])).toEqual([
      { status: 'queued', worker_id: null, lease_until: null },
    ]);
  });

  it('let a worker that recovered too slowly give nothing back any more', async () => {
    const id = await expired();
    const slow = await takenBy(id, OTHER_WORKER);
    await expire(id);
    const quick = await takenBy(id, WORKER);
    expect(await leases.giveBack(slow)).toBe(false);
    expect(await leases.giveBack({ ...quick, fence: slow.fence })).toBe(false);
    expect(await sql('select status, worker_id from runs where id = $1', [id])).toEqual([
      { status: 'running', worker_id: WORKER },
    ]);
    expect(await leases.giveBack(quick)).toBe(true);
  });
});
