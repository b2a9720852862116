import { adminClient, type Api, dataOf, newUser, type Schemas, type TestUser } from '../support/client.js';
import { HeldClaude } from '../support/held-claude.js';
import { expectProblem, type Problem } from '../support/problems.js';
import { TestServer } from '../support/server.js';
import { liveAgainst, sharedStack } from '../support/shared-stack.js';
import { until } from '../support/until.js';

type Run = Schemas['RunResponse'];
type BudgetProblem = Problem & { readonly remaining_usd: number; readonly needed_usd: number };

const RUNS = '/api/v1/ai/runs';
const RACERS = 1000;
const FITTING = 137;
/** Refusals that are looked at closely. */
const SAMPLE = 20;
/** Worth 0.00206 USD at most: 30 tokens in at the price of cache writes, and 99 out. */
const SETTINGS = { model: 'claude-sonnet-5-5', max_tokens: 99 };
const AMOUNT = String.raw`(\d+(?:\.\d{1,9})?)`;
const REFUSAL = new RegExp(`^It may cost up to ${AMOUNT} USD but only ${AMOUNT} USD of the budget are left$`);

const nano = (usd: number): number => Math.round(usd * 1e9);
const usd = (amount: number): number => Number((amount / 1e9).toFixed(9));
const at = (id: number) => ({ params: { path: { id } } });

/** Money of a user in nano-dollars, which can be summed exactly. */
async function moneyOf(api: Api) {
  const me = dataOf(await api.GET('/api/v1/me'));
  return { spent: nano(me.spent_usd), reserved: nano(me.reserved_usd), budget: nano(me.budget_usd ?? NaN) };
}

async function allRuns(api: Api): Promise<Schemas['RunSummaryResponse'][]> {
  const items: Schemas['RunSummaryResponse'][] = [];
  for (let cursor: string | null | undefined; cursor !== null;) {
    const query = { limit: 100, ...(cursor === undefined ? {} : { cursor }) };
    const page = dataOf(await api.GET(RUNS, { params: { query } }));
    items.push(...page.items);
    cursor = page.next_cursor;
  }
  return items;
}

async function refusalOf(answer: { response: Response; error?: unknown }): Promise<BudgetProblem> {
  const problem = (await expectProblem(answer, 'budget-exceeded')) as BudgetProblem;
  expect(answer.response.headers.get('retry-after')).toBeNull();
  return problem;
}

/** The two amounts of a refusal's sentence; each is what its member says, and the first is more. */
function amountsIn({ detail, remaining_usd, needed_usd }: BudgetProblem): { needed: number; left: number } {
  const [, needed, left] = (REFUSAL.exec(detail) ?? []).map(Number);
  expect([needed, left]).toEqual([needed_usd, remaining_usd]);
  expect(needed).toBeGreaterThan(left ?? NaN);
  return { needed: nano(needed ?? NaN), left: nano(left ?? NaN) };
}

async function usageOf(api: Api): Promise<number> {
  const { items } = dataOf(await api.GET('/api/v1/ai/usage'));
  return items.reduce((sum, { cost_usd, unknown_max_usd }) => sum + nano(cost_usd) + nano(unknown_max_usd), 0);
}

describe('budgets', () => {
  let server: TestServer;
  const { folder, template, simulatorUrl } = sharedStack();
  const patient = { CLAUDE_TIMEOUT_MS: '60000', CLAUDE_DEADLINE_MS: '90000' };

  const serverAgainst = (url: string, env: Record<string, string> = {}): Promise<TestServer> =>
    TestServer.start({ folder, template, env: { ...liveAgainst(url), ...env } });
  const ask = (api: Api, input: string, settings: Schemas['SettingsRequest'] = SETTINGS) =>
    api.POST(RUNS, { body: { input, settings } });
  const setBudget = async (user: TestUser, budget_usd: number | null): Promise<void> => {
    dataOf(await adminClient(server.baseUrl).PATCH('/api/v1/users/{id}', { ...at(user.id), body: { budget_usd } }));
  };
  /** What is set aside for one such run. */
  const worstOf = async (input: string, settings = SETTINGS): Promise<number> => {
    const poor = await newUser(server.baseUrl, 0);
    return amountsIn(await refusalOf(await ask(poor.api, input, settings))).needed;
  };

  describe('raced for', () => {
    it('by a thousand runs at once let through those that fit, and no more', async () => {
      const claude = await HeldClaude.start();
      server = await serverAgainst(claude.baseUrl, patient);
      const worst = await worstOf('Race');
      const user = await newUser(server.baseUrl, usd(worst * FITTING + worst - 1));
      const { budget } = await moneyOf(user.api);
      let decided = 0;
      const racing = Array.from({ length: RACERS }, async () => {
        const answer = await ask(user.api, 'Race');
        decided += 1;
        return answer;
      });
      await until(
        'All refusals',
        async () => {
          const { spent, reserved } = await moneyOf(user.api);
          expect(spent + reserved).toBeLessThanOrEqual(budget);
          return decided === RACERS - FITTING;
        },
        60_000,
      );
      expect(await moneyOf(user.api)).toEqual({ spent: 0, reserved: worst * FITTING, budget });
      claude.releaseAll();
      const answers = await Promise.all(racing);
      const accepted = answers.filter(({ response }) => response.status === 201);
      expect(accepted).toHaveLength(FITTING);
      const refused = answers.filter(({ response }) => response.status !== 201);
      expect(new Set(refused.map(({ response }) => response.status))).toEqual(new Set([429]));
      for (const answer of refused.slice(0, SAMPLE)) expect(amountsIn(await refusalOf(answer)).needed).toBe(worst);
      const runs = await allRuns(user.api);
      expect(runs.map(({ status }) => status)).toEqual(Array.from({ length: FITTING }, () => 'succeeded'));
      const costs = runs.reduce((sum, { cost_usd }) => sum + nano(cost_usd!), 0);
      expect(await moneyOf(user.api)).toEqual({ spent: costs, reserved: 0, budget });
      expect(await usageOf(user.api)).toBe(costs);
      // What was given back is there for others.
      expect((await ask(user.api, 'Race')).response.status).toBe(201);
      await server.dispose();
      claude.stop();
    }, 60_000);

    it('while runs end and give back are never passed, and nothing of them is lost', async () => {
      server = await serverAgainst(simulatorUrl, patient);
      const worst = await worstOf('Race');
      const user = await newUser(server.baseUrl, usd(worst * 20));
      const { budget } = await moneyOf(user.api);
      let racing = true;
      const watching = (async () => {
        while (racing) {
          const { spent, reserved } = await moneyOf(user.api);
          expect(spent + reserved).toBeLessThanOrEqual(budget);
        }
      })();
      const answers = await Promise.all(Array.from({ length: 150 }, () => ask(user.api, 'Race')));
      racing = false;
      await watching;
      const runs = await allRuns(user.api);
      expect(runs).toHaveLength(answers.filter(({ response }) => response.status === 201).length);
      expect(runs.length).toBeGreaterThanOrEqual(20);
      for (const answer of answers) if (answer.response.status !== 201) amountsIn(await refusalOf(answer));
      const costs = runs.reduce((sum, { cost_usd }) => sum + nano(cost_usd!), 0);
      expect(await moneyOf(user.api)).toEqual({ spent: costs, reserved: 0, budget });
      expect(await usageOf(user.api)).toBe(costs);
      await server.dispose();
    }, 60_000);
  });

  describe('of a user', () => {
    let user: TestUser;
    let worst: number;

    beforeAll(async () => {
      server = await serverAgainst(simulatorUrl, { CLAUDE_TIMEOUT_MS: '2500' });
      worst = await worstOf('Why?');
    });
    beforeEach(async () => {
      user = await newUser(server.baseUrl, 0);
    });
    afterAll(() => server.dispose());

    it('let the next run through when they are raised, exactly to what it needs', async () => {
      await setBudget(user, usd(worst - 1));
      expect(amountsIn(await refusalOf(await ask(user.api, 'Why?')))).toEqual({ needed: worst, left: worst - 1 });
      await setBudget(user, usd(worst));
      const { cost_usd } = dataOf(await ask(user.api, 'Why?'));
      const { spent } = await moneyOf(user.api);
      expect(spent).toBe(nano(cost_usd!));
      await setBudget(user, usd(spent + worst - 1));
      await refusalOf(await ask(user.api, 'Why?'));
      await setBudget(user, usd(spent + worst));
      expect((await ask(user.api, 'Why?')).response.status).toBe(201);
    });

    it('refuse when they are lowered below what is spent, and are gone with null', async () => {
      await setBudget(user, 1);
      const { spent } = await ask(user.api, 'Why?').then(() => moneyOf(user.api));
      await setBudget(user, usd(spent - 1));
      expect(amountsIn(await refusalOf(await ask(user.api, 'Why?')))).toEqual({ needed: worst, left: 0 });
      await setBudget(user, null);
      expect((await ask(user.api, 'Why?')).response.status).toBe(201);
    });

    it('hold for queued runs too, from when they are accepted', async () => {
      await setBudget(user, usd(worst));
      const queue = () =>
        user.api.POST(RUNS, {
          params: { header: { Prefer: 'respond-async' } },
          body: { input: 'Why?', settings: SETTINGS },
        });
      const answers = await Promise.all([queue(), queue(), queue()]);
      expect(answers.map(({ response }) => response.status).toSorted((one, other) => one - other)).toEqual([
        202, 429, 429,
      ]);
      const [run] = await until('The end of the run', async () => {
        const runs = await allRuns(user.api);
        return runs.every(({ finished_at }) => finished_at !== null) && runs;
      });
      expect(await moneyOf(user.api)).toMatchObject({ spent: nano(run!.cost_usd!), reserved: 0 });
    });

    it('do not take models without a known price', async () => {
      await setBudget(user, 100);
      const answer = await ask(user.api, 'Why?', { ...SETTINGS, model: 'claude-unknown-9' });
      expect(await refusalOf(answer)).toMatchObject({
        detail: 'The model has no known price, so it cannot be run within a budget',
        needed_usd: null,
        remaining_usd: 100,
      });
    });

    it.each([
      ['that Claude refused', 400, 'claude-rejected-request'],
      ['that Claude had no room for', 529, 'claude-overloaded'],
    ] as const)('are not touched by a run %s', async (_what, status, slug) => {
      await setBudget(user, 1);
      const problem = await expectProblem(await ask(user.api, `Why? [[sim status=${status}]]`), slug);
      expect(await moneyOf(user.api)).toMatchObject({ spent: 0, reserved: 0 });
      const run = dataOf(await user.api.GET('/api/v1/ai/runs/{id}', at(problem.run_id!)));
      expect(run).toMatchObject({ cost_usd: 0, billing: { state: 'none', min_usd: 0, max_usd: 0 } });
      const { items } = dataOf(await user.api.GET('/api/v1/ai/usage'));
      expect(items).toMatchObject([{ runs: 1, cost_usd: 0, unknown_max_usd: 0 }]);
    });

    it('count a cancelled run at its most', async () => {
      await setBudget(user, usd(worst * 10));
      const input = `Why? [[sim text="${'slowly '.repeat(100)}" deltas=100 delta_ms=50]]`;
      const params = { header: { Prefer: 'wait=0' } };
      const { id } = dataOf(await user.api.POST(RUNS, { params, body: { input, settings: SETTINGS } }));
      await until('The call', async () => {
        const run: Run = dataOf(await user.api.GET('/api/v1/ai/runs/{id}', at(id)));
        return run.attempts.length === 1 && run.status === 'running';
      });
      const { reserved } = await moneyOf(user.api);
      expect(reserved).toBeGreaterThan(0);
      const run = dataOf(await user.api.POST('/api/v1/ai/runs/{id}/cancel', at(id)));
      expect(run).toMatchObject({ status: 'cancelled', billing: { state: 'unknown', max_usd: usd(reserved) } });
      expect(await moneyOf(user.api)).toMatchObject({ spent: reserved, reserved: 0 });
      expect(await usageOf(user.api)).toBe(reserved);
    });

    it('are asked anew by each retry, and end the run where they refuse it', async () => {
      await setBudget(user, usd(worst * 5));
      const input = 'Why? [[sim hang]]';
      const needed = await worstOf(input);
      await setBudget(user, usd(needed * 2 - 1));
      const problem = await refusalOf(await ask(user.api, input));
      expect(amountsIn(problem)).toEqual({ needed, left: needed - 1 });
      const run = dataOf(await user.api.GET('/api/v1/ai/runs/{id}', at(problem.run_id!)));
      expect(run).toMatchObject({
        status: 'failed',
        error: { type: '/problems/budget-exceeded', detail: problem.detail },
        attempts: [{ number: 1, error_type: 'timeout' }],
        billing: { state: 'unknown', min_usd: 0, max_usd: usd(needed) },
      });
      expect(await moneyOf(user.api)).toMatchObject({ spent: needed, reserved: 0 });
      expect(await usageOf(user.api)).toBe(needed);
      // With more of it the retries go out, and each that is not answered is counted at its most.
      await setBudget(user, usd(needed * 10));
      const last = await expectProblem(await ask(user.api, input), 'claude-timeout');
      expect(dataOf(await user.api.GET('/api/v1/ai/runs/{id}', at(last.run_id!))).attempts).toHaveLength(3);
      expect(await moneyOf(user.api)).toMatchObject({ spent: needed * 4, reserved: 0 });
      expect(await usageOf(user.api)).toBe(needed * 4);
    });
  });
});
