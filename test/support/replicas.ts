import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { forgetCounts, redisUrl, withRedis } from './redis.js';
import { emptyStorage, onPostgres, type ServerStorage } from './server-storage.js';
import { TestServer } from './server.js';
import { liveAgainst, sharedStack } from './shared-stack.js';

/** Two processes need a database that serves two: the embedded one refuses a second (`boot.e2e-spec.ts` proves it). */
export const describeReplicas = onPostgres ? describe : describe.skip;

/** What replicas have in common beside the database. */
function sharedEnvironment(): Record<string, string> {
  return {
    ...liveAgainst(sharedStack().simulatorUrl),
    CLAUDE_TIMEOUT_MS: '60000',
    CLAUDE_IDLE_TIMEOUT_MS: '60000',
    CLAUDE_DEADLINE_MS: '120000',
    CLAUDE_MAX_CONCURRENCY: '4',
    API_KEY_PEPPER: 'a-pepper-that-the-replicas-have-in-common',
    ...(withRedis && { REDIS_URL: redisUrl() }),
  };
}

/** Processes of the built application on one PostgreSQL database, and one Redis where there is one. */
export class Replicas {
  private constructor(
    readonly servers: readonly TestServer[],
    private readonly storage: ServerStorage,
  ) {}

  /** Starts them all at the same moment, on an empty database, each with a DATA_DIR of its own. */
  static async start(count: number, env: Readonly<Record<string, string>> = {}): Promise<Replicas> {
    const { folder } = sharedStack();
    if (withRedis) await forgetCounts();
    const storage = await emptyStorage(folder);
    const start = (): Promise<TestServer> => {
      const dataDir = mkdtempSync(join(folder, 'replica-'));
      const remove = (): Promise<void> => Promise.resolve(rmSync(dataDir, { recursive: true, force: true }));
      const own = { dataDir, databaseUrl: storage.databaseUrl, remove };
      return TestServer.start({ folder, storage: own, env: { ...sharedEnvironment(), ...env } });
    };
    const starts = await Promise.allSettled(Array.from({ length: count }, start));
    const replicas = new Replicas(
      starts.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])),
      storage,
    );
    const failure = starts.find((one) => one.status === 'rejected');
    if (!failure) return replicas;
    await replicas.dispose();
    throw failure.reason;
  }

  /** Sends SQL to the database that they share. */
  async sql<Row extends pg.QueryResultRow>(text: string): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.storage.databaseUrl });
    await client.connect();
    try {
      return (await client.query<Row>(text)).rows;
    } finally {
      await client.end();
    }
  }

  /** Stops all of them and drops the database. Rejects when a log tells of a defect. */
  async dispose(): Promise<void> {
    const ends = await Promise.allSettled(this.servers.map((server) => server.dispose()));
    await this.storage.remove();
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }
}
