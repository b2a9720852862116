import { accepted, type Batch, over, readBatch, resultsOf } from '../support/batches.js';
import { clientFor, newUser, raw, type TestUser, unique } from '../support/client.js';
import { TestServer } from '../support/server.js';
import { liveAgainst, PATIENT_CLAUDE, sharedStack } from '../support/shared-stack.js';
import { Simulator } from '../support/simulator.js';
import { longForm, scaled, tell } from '../support/soak.js';
import { readEvents, type SseEvent } from '../support/sse.js';
import { until } from '../support/until.js';
import { audit, type Run, readRun } from './audit.js';
import { RUNS } from './steps.js';

const STREAMS = 50;
/** Streams whose answers never end by themselves: a shutdown waits 20 s for them, which the short form has no time for. */
const HUNG = scaled(0, 5);
const QUERIES = scaled(150, 600);
const EXIT_MS = 30_000;

describe('a server with 50 open streams and a batch under way that is told to stop by SIGTERM', () => {
  const { folder, template } = sharedStack();
  const markers: string[] = [];
  let simulator: Simulator;
  let server: TestServer;
  let user: TestUser;
  let batch: Batch;
  let streams: SseEvent[][];
  let code: number | null;
  let tookMs: number;
  /** Queries of the batch that were not answered when the next process had just begun. */
  let left: number;

  const input = (directives: string): string => {
    const marker = unique('stop');
    markers.push(marker);
    return `${directives} ${marker}`;
  };

  /** A stream from its first event; `begun` counts it once some of the answer has come. */
  async function stream(json: { input: string }, begun: () => void): Promise<SseEvent[]> {
    const headers = { accept: 'text/event-stream' };
    const response = await raw(RUNS, { method: 'POST', key: user.key, baseUrl: server.baseUrl, json, headers });
    let seen = false;
    return readEvents(response, (events) => {
      if (!seen && events.length >= 2) begun();
      seen ||= events.length >= 2;
      return false;
    });
  }

  beforeAll(async () => {
    simulator = await Simulator.start(folder);
    server = await TestServer.start({
      folder,
      template,
      env: {
        ...liveAgainst(simulator.baseUrl),
        ...PATIENT_CLAUDE,
        CLAUDE_MAX_CONCURRENCY: '60',
      },
    });
    user = await newUser(server.baseUrl);
    let begun = 0;
    const reading = Array.from({ length: STREAMS }, (_, index) => {
      const end = index < HUNG ? 'hang_after=3 ' : '';
      const json = { input: input(`[[sim ${end}text="${'word '.repeat(60)}" deltas=60 delta_ms=100]]`) };
      return stream(json, () => (begun += 1));
    });
    await until('The begin of every stream', () => begun === STREAMS);
    const queries = Array.from({ length: QUERIES }, () => ({ input: input('[[sim slow_ms=400 text="answered"]]') }));
    batch = await accepted(user.api, queries);
    await until('The first results', async () => (await readBatch(user.api, batch.id)).counts.succeeded > 0);
    const startedAt = Date.now();
    code = await server.stop();
    tookMs = Date.now() - startedAt;
    streams = await Promise.all(reading);
    left = (await resultsBefore()).filter(({ status }) => status !== 'succeeded').length;
    await over(clientFor(user.key, server.baseUrl), batch.id, 60_000);
  }, 150_000);

  /** How the batch stood at the very start of the next process. */
  async function resultsBefore() {
    await server.restart({ CLAUDE_MAX_CONCURRENCY: '20' });
    return resultsOf(user, batch.id, server.baseUrl);
  }

  afterAll(async () => {
    await server.dispose();
    await simulator.stop();
  });

  it('exits with 0 within 30 s', () => {
    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(EXIT_MS);
  });

  it('gives each stream its last event, with the run as it stays', async () => {
    const ends = streams.map((events) => events.at(-1));
    const expected = streams.map((_, index) => (index < HUNG ? 'interrupted' : 'succeeded'));
    expect(ends.map((event) => event?.name)).toEqual(expected);
    for (const end of ends) {
      const run = end?.data as Run;
      expect(await readRun(user, run.id, server.baseUrl)).toEqual(run);
    }
  });

  it('leaves what is queued to the next start, which finishes it', async () => {
    expect(left).toBeGreaterThan(0);
    const results = await resultsOf(user, batch.id, server.baseUrl);
    expect(results.map(({ status, output_text }) => `${status}: ${output_text}`)).toEqual(
      Array.from({ length: QUERIES }, () => 'succeeded: answered'),
    );
  });

  it('leaves nothing unaccounted for', async () => {
    const figures = await audit({ user, baseUrl: server.baseUrl, simulatorUrl: simulator.baseUrl }, markers);
    expect([figures.interrupted, figures.unsent]).toEqual([HUNG, 0]);
    tell(`SIGTERM${longForm ? ' (long)' : ''}`, { streams: STREAMS, queries: QUERIES, left, ms: tookMs, ...figures });
  }, 60_000);
});
