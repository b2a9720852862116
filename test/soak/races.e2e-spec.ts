import { BATCHES } from '../support/batches.js';
import { dataOf, newUser, raw, type TestUser, unique } from '../support/client.js';
import { HeldClaude } from '../support/held-claude.js';
import { expectProblem } from '../support/problems.js';
import { TestServer } from '../support/server.js';
import { liveAgainst, PATIENT_CLAUDE, sharedStack } from '../support/shared-stack.js';
import { Simulator, upstreamCalls } from '../support/simulator.js';
import { tell } from '../support/soak.js';
import { until } from '../support/until.js';
import { allOver, audit, nano, type Run, summariesOf } from './audit.js';
import { RUNS } from './steps.js';

const KEYS = 20;
const TIMES = 25;
const RACERS = 500;
const FITTING = 10;

describe('requests that race', () => {
  const { folder, template } = sharedStack();
  let server: TestServer;

  const serverAgainst = (url: string): Promise<TestServer> =>
    TestServer.start({
      folder,
      template,
      env: { ...liveAgainst(url), ...PATIENT_CLAUDE },
    });

  afterEach(() => server.dispose());

  it('with 20 keys, 25 times each and all at once, make 20 runs', async () => {
    const simulator = await Simulator.start(folder);
    server = await serverAgainst(simulator.baseUrl);
    const user = await newUser(server.baseUrl);
    const asked = Array.from({ length: KEYS }, () => ({ key: unique('key'), marker: unique('race') }));
    const post = ({ key, marker }: (typeof asked)[number]): Promise<Response> =>
      raw(RUNS, {
        method: 'POST',
        key: user.key,
        baseUrl: server.baseUrl,
        json: { input: `[[sim slow_ms=300]] ${marker}` },
        headers: { 'idempotency-key': key },
      });
    const ids = new Map<string, Set<number>>();
    const told: Record<string, number> = {};
    const racing = Array.from({ length: TIMES }, () => asked).flat();
    await Promise.all(
      racing.map(async (request) => {
        const answer = await post(request);
        told[answer.status] = (told[answer.status] ?? 0) + 1;
        if (answer.status === 409) return expectProblem(answer, 'request-in-progress');
        const { id } = (await answer.json()) as Run;
        return ids.set(request.key, (ids.get(request.key) ?? new Set()).add(id));
      }),
    );
    expect(Object.keys(told).filter((status) => !['201', '202', '409'].includes(status))).toEqual([]);
    // What each of them is told in the end, the ones that were told to come again too.
    for (const request of asked) {
      const { id } = (await (await post(request)).json()) as Run;
      expect([...(ids.get(request.key) ?? [])]).toEqual([id]);
      expect(await upstreamCalls(simulator.baseUrl, request.marker)).toHaveLength(1);
    }
    const books = { user, baseUrl: server.baseUrl, simulatorUrl: simulator.baseUrl };
    const markers = asked.map(({ marker }) => marker);
    const { runs } = await audit(books, markers);
    expect(runs).toBe(KEYS);
    tell('keys', { requests: racing.length, runs, 'told to come again': told['409'] ?? 0 });
    await simulator.stop();
  }, 60_000);

  it('for a budget of ten runs, by whichever door they come in, are ten', async () => {
    const claude = await HeldClaude.start();
    server = await serverAgainst(claude.baseUrl);
    const body = { input: 'Race', settings: { max_tokens: 99 } };
    const poor = await newUser(server.baseUrl, 0);
    const refusal = await raw(RUNS, { method: 'POST', key: poor.key, baseUrl: server.baseUrl, json: body });
    const worst = ((await refusal.json()) as { needed_usd: number }).needed_usd;
    const budget = nano(worst) * FITTING + nano(worst) - 1;
    const user = await newUser(server.baseUrl, Number((budget / 1e9).toFixed(9)));
    const doors: ((user: TestUser) => Promise<Response>)[] = [
      (by) => post(by, RUNS, body, {}),
      (by) => post(by, RUNS, body, { accept: 'text/event-stream' }),
      (by) => post(by, RUNS, body, { prefer: 'respond-async' }),
      (by) => post(by, RUNS, body, { 'idempotency-key': unique('key') }),
      (by) => post(by, BATCHES, { queries: [body] }, {}),
    ];
    let refused = 0;
    const racing = Array.from({ length: RACERS }, async (_, index) => {
      const answer = await doors[index % doors.length]!(user);
      if (answer.status === 429) refused += 1;
      return answer;
    });
    const watched = async (): Promise<number> => {
      const me = dataOf(await user.api.GET('/api/v1/me'));
      const taken = nano(me.spent_usd) + nano(me.reserved_usd);
      expect(taken).toBeLessThanOrEqual(budget);
      return taken;
    };
    const allRefused = async (): Promise<boolean> => (await watched()) > 0 && refused === RACERS - FITTING;
    await until('All refusals', allRefused, 60_000);
    expect(await watched()).toBe(nano(worst) * FITTING);
    claude.releaseAll();
    const answers = await Promise.all(racing);
    for (const answer of answers)
      await (answer.status === 429 ? expectProblem(answer, 'budget-exceeded') : answer.text());
    const books = { user, baseUrl: server.baseUrl };
    await until('The end of the runs', () => allOver(books), 30_000);
    const runs = await summariesOf(books);
    expect(runs.map(({ status }) => status)).toEqual(Array.from({ length: FITTING }, () => 'succeeded'));
    const spent = runs.reduce((sum, { cost_usd }) => sum + nano(cost_usd!), 0);
    expect(await watched()).toBe(spent);
    expect(claude.calls).toBe(FITTING);
    tell('a budget', { racers: RACERS, runs: runs.length });
    claude.stop();
  }, 120_000);

  const post = (
    { key }: TestUser,
    path: string,
    json: unknown,
    headers: Readonly<Record<string, string>>,
  ): Promise<Response> => raw(path, { method: 'POST', key, baseUrl: server.baseUrl, json, headers });
});
