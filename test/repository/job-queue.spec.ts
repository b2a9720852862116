import type { PinoLogger } from 'nestjs-pino';
import type { Config } from '../../src/platform/config/config.js';
import { JobQueue } from '../../src/platform/database/job-queue.js';
import { freshDatabase, type TestDatabase } from '../support/database.js';
import { until } from '../support/until.js';

describe('the job queue', () => {
  let database: TestDatabase;
  const queues: JobQueue[] = [];

  beforeAll(async () => {
    database = await freshDatabase();
  });
  afterAll(async () => {
    for (const queue of queues) await queue.stop();
    await database.close();
  });

  /** The queue as a process has it, whose database is embedded or at a URL. */
  async function started(name: string, url: string | undefined): Promise<JobQueue> {
    const logger = { warn: () => undefined } as unknown as PinoLogger;
    const queue = new JobQueue(database.transaction, { database: { url } } as Config, logger);
    queues.push(queue);
    await queue.onModuleInit();
    await queue.define(name);
    return queue;
  }

  /** A job that a process has fetched, and been killed with. */
  async function fetchedBy(name: string, url: string | undefined): Promise<void> {
    const lost = await started(name, url);
    await lost.send(name, { run_id: 7 });
    expect(await lost.fetch(name, 1)).toHaveLength(1);
  }

  it('gives what was fetched to the next process at once, when the database has but one', async () => {
    await fetchedBy('embedded', undefined);
    const next = await started('embedded', undefined);
    const [job] = await until('The job', async () => {
      const jobs = await next.fetch('embedded', 1);
      return jobs.length > 0 && jobs;
    });
    expect(job?.data).toEqual({ run_id: 7 });
  });

  it('takes a job back however often, also where the queue was made with another limit', async () => {
    const queue = await started('patient', 'postgres://x');
    await database.transaction.sql(`update pgboss.queue set retry_limit = 1 where name = 'patient'`);
    await queue.define('patient');
    await queue.send('patient', { run_id: 7 });
    await database.transaction.sql(`update pgboss.job set retry_count = 1000000 where name = 'patient'`);
    await queue.giveBack('patient', await queue.fetch('patient', 1));
    const jobs = await until('The job', async () => {
      const found = await queue.fetch('patient', 1);
      return found.length > 0 && found;
    });
    expect(jobs).toMatchObject([{ data: { run_id: 7 } }]);
  });

  it('leaves what was fetched to its process, when others may be alive', async () => {
    await fetchedBy('shared', 'postgres://x');
    const next = await started('shared', 'postgres://x');
    const state = `select state from pgboss.job where name = 'shared'`;
    expect(await next.fetch('shared', 1)).toEqual([]);
    expect(await database.transaction.sql(state)).toEqual([{ state: 'active' }]);
  });
});
