import { setTimeout as sleep } from 'node:timers/promises';
import { dataOf, newUser, raw, type TestUser } from '../support/client.js';
import { LossyProxy } from '../support/lossy-proxy.js';
import { copiedStorage, onPostgres } from '../support/server-storage.js';
import { TestServer } from '../support/server.js';
import { liveAgainst, PATIENT_CLAUDE, sharedStack } from '../support/shared-stack.js';
import { longForm, tell } from '../support/soak.js';
import { until } from '../support/until.js';
import { readRun } from './audit.js';
import { RUNS } from './steps.js';

const RUNS_UNDER_WAY = 12;
/** Longer than a lease, and shorter than an answer. */
const OUTAGE_MS = 36_000;
const TEXT = 'kept '.repeat(600);
const ANSWER = `[[sim text="${TEXT}" deltas=600 delta_ms=100]]`;

/** Leases end by the clock of a database that nobody reaches: so it takes as long as one lasts, which only the long form has. */
(onPostgres && longForm ? describe : describe.skip)('a database that is away for longer than a lease', () => {
  let proxy: LossyProxy;
  let replicas: TestServer[];
  let user: TestUser;

  beforeAll(async () => {
    const { folder, template, simulatorUrl } = sharedStack();
    const storage = await copiedStorage(folder, template);
    const behind = storage.databaseUrl ?? '';
    proxy = await LossyProxy.to(behind);
    const env = { ...liveAgainst(simulatorUrl), ...PATIENT_CLAUDE, DATABASE_URL: proxy.through(behind) };
    const start = (keep: boolean) => TestServer.start({ folder, storage, keep, env });
    replicas = [await start(false), await start(true)];
    user = await newUser(replicas[0]!.baseUrl);
  });
  afterAll(async () => {
    for (const replica of replicas.toReversed()) await replica.dispose();
    await proxy.cut();
  });

  it('costs no run that is under way, whichever replica looks first when it is back', async () => {
    const settings = { max_tokens: 3000 };
    const started = Array.from({ length: RUNS_UNDER_WAY }, async (_, index) => {
      const { baseUrl } = replicas[index % replicas.length]!;
      const request = { method: 'POST', key: user.key, baseUrl, headers: { prefer: 'wait=0' } };
      const response = await raw(RUNS, { ...request, json: { input: ANSWER, settings } });
      return dataOf({ response, data: (await response.json()) as { id: number } }).id;
    });
    const ids = await Promise.all(started);
    await proxy.cut();
    await sleep(OUTAGE_MS);
    await proxy.open();
    const { baseUrl } = replicas[0]!;
    for (const id of ids) {
      const run = await until(
        `The end of run ${id}`,
        async () => {
          const present = await readRun(user, id, baseUrl).catch(() => null);
          return present !== null && present.finished_at !== null && present;
        },
        90_000,
      );
      expect([run.status, run.output_text === TEXT, run.attempts.length]).toEqual(['succeeded', true, 1]);
    }
    tell('outage of the database', { ms: OUTAGE_MS, runs: ids.length });
  }, 240_000);
});
