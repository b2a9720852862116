import { clientFor, dataOf, newUser, raw, type Schemas, type TestUser, unique } from '../support/client.js';
import { expectProblem, placesOf } from '../support/problems.js';

type Run = Schemas['RunResponse'];
type Sums = Omit<Schemas['DayUsageResponse'], 'day'>;

const RUNS = '/api/v1/ai/runs';
const USAGE = '/api/v1/ai/usage';
const SONNET = 'claude-sonnet-5-5';
const OPUS = 'claude-opus-5-5';

const at = (id: number) => ({ params: { path: { id } } });
const nano = (usd: number): number => Math.round(usd * 1e9);

/** What these runs used together, from the runs themselves. */
function sumsOf(runs: readonly Run[]): Sums {
  const sum = (of: (run: Run) => number): number => runs.reduce((total, run) => total + of(run), 0);
  return {
    runs: runs.length,
    input_tokens: sum(({ usage }) => usage?.input_tokens ?? 0),
    output_tokens: sum(({ usage }) => usage?.output_tokens ?? 0),
    cache_creation_input_tokens: sum(({ usage }) => usage?.cache_creation_input_tokens ?? 0),
    cache_read_input_tokens: sum(({ usage }) => usage?.cache_read_input_tokens ?? 0),
    cost_usd: sum(({ cost_usd }) => nano(cost_usd ?? 0)) / 1e9,
    unknown_max_usd: sum(({ billing, cost_usd }) => nano(billing.max_usd!) - nano(cost_usd ?? 0)) / 1e9,
  };
}

/** The UTC days of the ends of these runs; a test may run over midnight. */
function daysOf(runs: readonly Run[]): string[] {
  return [...new Set(runs.map(({ finished_at }) => finished_at!.slice(0, 10)))].sort().reverse();
}

describe('usage', () => {
  let user: TestUser;

  beforeEach(async () => {
    user = await newUser();
  });

  async function run(input: string, model: string, research_item_id: number | null = null): Promise<Run> {
    const body = { input, research_item_id, settings: { model, max_tokens: 50 } };
    const answer = await user.api.POST(RUNS, { body });
    const id = answer.data?.id ?? (answer.error as { run_id?: number } | undefined)?.run_id ?? 0;
    return dataOf(await user.api.GET('/api/v1/ai/runs/{id}', at(id)));
  }

  async function newItem(): Promise<number> {
    return dataOf(await user.api.POST('/api/v1/research-items', { body: { title: unique('item') } })).id;
  }

  async function usage(query: { from?: string; to?: string; group_by?: 'day' | 'model' | 'research_item' } = {}) {
    return dataOf(await user.api.GET(USAGE, { params: { query } }));
  }

  it('is nothing for who has run nothing, of the last 30 days', async () => {
    const before = new Date();
    const { items, from, to } = await usage();
    expect(items).toEqual([]);
    expect([before, new Date()].map((time) => time.toISOString().slice(0, 10))).toContain(to);
    expect(Date.parse(to) - Date.parse(from)).toBe(29 * 86_400_000);
  });

  it('is what the runs used, by day, model and item, however they ended', async () => {
    const [first, second] = [await newItem(), await newItem()];
    const runs = [
      await run('A', SONNET, first),
      await run('B', SONNET, second),
      await run('C [[sim status=400]]', SONNET, second),
      await run('D [[sim error_after=1 text="a b c d"]]', OPUS, second),
      await run('E', OPUS),
    ];
    expect(runs.map(({ status }) => status)).toEqual(['succeeded', 'succeeded', 'failed', 'interrupted', 'succeeded']);
    const of = (matches: (run: Run) => boolean): Sums => sumsOf(runs.filter(matches));
    const dearestFirst = (one: Sums, other: Sums): number => other.cost_usd - one.cost_usd;

    expect((await usage()).items).toEqual(
      daysOf(runs).map((day) => ({ day, ...of(({ finished_at }) => finished_at!.startsWith(day)) })),
    );
    // What costs the same is in the order of its name or id.
    const models = [OPUS, SONNET].map((model) => ({ model, ...of((each) => each.model === model) }));
    expect((await usage({ group_by: 'model' })).items).toEqual(models.sort(dearestFirst));
    const items = [first, second, null].map((id) => ({
      research_item_id: id,
      ...of(({ research_item_id }) => research_item_id === id),
    }));
    expect((await usage({ group_by: 'research_item' })).items).toEqual(items.sort(dearestFirst));

    const me = dataOf(await user.api.GET('/api/v1/me'));
    const { cost_usd, unknown_max_usd } = sumsOf(runs);
    expect(unknown_max_usd).toBeGreaterThan(0);
    expect(nano(me.spent_usd)).toBe(nano(cost_usd) + nano(unknown_max_usd));
  });

  it('keeps what was spent on an item that is deleted, with what belongs to none', async () => {
    const item = await newItem();
    const runs = [await run('A', SONNET, item), await run('B', SONNET)];
    expect((await usage({ group_by: 'research_item' })).items).toHaveLength(2);
    await user.api.DELETE('/api/v1/research-items/{id}', at(item));
    const { items } = await usage({ group_by: 'research_item' });
    expect(items).toEqual([{ research_item_id: null, ...sumsOf(runs) }]);
  });

  it('is of the days that are asked for, given as days or as times', async () => {
    const [day] = daysOf([await run('A', SONNET)]) as [string];
    const later = (days: number): string => new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10);
    expect(await usage({ from: day, to: day })).toMatchObject({ items: [{ day, runs: 1 }], from: day, to: day });
    expect(await usage({ from: later(-5), to: later(-1) })).toEqual({ items: [], from: later(-5), to: later(-1) });
    expect((await usage({ from: later(1), to: later(5) })).items).toEqual([]);
    const time = `${later(1)}T00:30:00+01:00`;
    expect(await usage({ from: time, to: time })).toMatchObject({ items: [{ day, runs: 1 }], from: day, to: day });
    expect((await usage({ from: later(-365), to: day })).items).toHaveLength(1);
    expect((await usage({ from: '0001-01-01', to: '0001-01-01' })).items).toEqual([]);
    expect((await usage({ from: '9999-12-31', to: '9999-12-31' })).items).toEqual([]);
  });

  it("is nobody else's", async () => {
    const other = await newUser();
    await run('A', SONNET);
    for (const group_by of ['day', 'model', 'research_item'] as const) {
      expect(dataOf(await other.api.GET(USAGE, { params: { query: { group_by } } })).items).toEqual([]);
    }
  });

  it.each([
    ['from=2026-02-30', 'from'],
    ['to=2026-13-01', 'to'],
    ['from=yesterday', 'from'],
    ['from=', 'from'],
    ['from=0000-01-01&to=0000-01-02', 'from'],
    ['from=2026-11-23T10:00:00', 'from'],
    ['from=2026-11-24&to=2026-11-23', 'from'],
    ['from=2025-01-01&to=2026-11-23', 'from'],
    ['from=9999-12-31', 'from'],
    ['from=2026-11-23&from=2026-11-23', 'from'],
    ['group_by=week', 'group_by'],
    ['group_by=', 'group_by'],
    ['limit=5', 'limit'],
  ])('is refused for %s, by name', async (query, parameter) => {
    const problem = await expectProblem(await raw(`${USAGE}?${query}`, { key: user.key }), 'validation-failed');
    expect(placesOf(problem)).toContain(parameter);
  });

  it('needs a key that may read', async () => {
    const body = { name: 'runner', scopes: ['run' as const] };
    const { key } = dataOf(await user.api.POST('/api/v1/api-keys', { body }));
    await expectProblem(await clientFor(key).GET(USAGE), 'forbidden');
    await expectProblem(await clientFor(null).GET(USAGE), 'unauthorized');
  });
});
