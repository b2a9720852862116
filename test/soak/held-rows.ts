import pg from 'pg';
import { until } from '../support/until.js';

const WAITING = `select pid from pg_stat_activity
  where datname = current_database() and pg_backend_pid() = any (pg_blocking_pids(pid))`;

/**
 * Locks that a test holds on rows of a server's database: what wants to write there stands still in the middle of its
 * statement, for as long as the test likes.
 */
export class HeldRows {
  private constructor(private readonly client: pg.Client) {}

  static async on(databaseUrl: string): Promise<HeldRows> {
    const client = new pg.Client({ connectionString: databaseUrl, application_name: 'held-rows' });
    await client.connect();
    await client.query('begin');
    return new HeldRows(client);
  }

  /** Nothing that is written into a run, nor any event of it, passes; of a user, nothing that moves money. */
  async hold(table: 'runs' | 'users', id: number): Promise<void> {
    const lock = table === 'runs' ? 'update' : 'no key update';
    await this.client.query(`select from ${table} where id = $1 for ${lock}`, [id]);
  }

  /** Resolves once so many statements of the server stand still. */
  async untilWaiting(count: number): Promise<void> {
    await until(`${count} statements that wait`, async () => (await this.waiting()).length === count);
  }

  /**
   * Ends the statements that stand still, without effect. A killed process's connections are closed, but PostgreSQL would see
   * that only when it answers, and so finish what was under way.
   */
  async undo(): Promise<void> {
    for (const pid of await this.waiting()) await this.client.query('select pg_terminate_backend($1)', [pid]);
    await this.untilWaiting(0);
  }

  /** Lets go of all rows. What stood still goes on. */
  async release(): Promise<void> {
    await this.client.query('rollback');
    await this.client.end();
  }

  private async waiting(): Promise<number[]> {
    // Inside a transaction the statistics are those of its first look.
    await this.client.query('select pg_stat_clear_snapshot()');
    const { rows } = await this.client.query<{ pid: number }>(WAITING);
    return rows.map(({ pid }) => pid);
  }
}
