import { clientFor, dataOf, raw, type Schemas, type TestUser } from '../support/client.js';
import { upstreamCalls } from '../support/simulator.js';
import { readEvents } from '../support/sse.js';

export type Run = Schemas['RunResponse'];
type Summary = Schemas['RunSummaryResponse'];

const RUNS = '/api/v1/ai/runs';
const FINAL = new Set(['succeeded', 'failed', 'cancelled', 'interrupted']);

/** Money in whole nano-dollars, which can be summed exactly. */
export const nano = (usd: number): number => Math.round(usd * 1e9);

/** All that a user has, and where it is asked for. */
export interface Books {
  readonly user: TestUser;
  readonly baseUrl: string;
  readonly simulatorUrl: string;
}

/** What an audit has counted. */
export interface Figures {
  readonly runs: number;
  readonly attempts: number;
  readonly calls: number;
  readonly interrupted: number;
  /** Attempts that were recorded as going out when the process was killed, and never reached Claude. They count as unknown. */
  readonly unsent: number;
}

export const NO_FIGURES: Figures = { runs: 0, attempts: 0, calls: 0, interrupted: 0, unsent: 0 };

export function sumOf(one: Figures, other: Figures): Figures {
  return {
    runs: one.runs + other.runs,
    attempts: one.attempts + other.attempts,
    calls: one.calls + other.calls,
    interrupted: one.interrupted + other.interrupted,
    unsent: one.unsent + other.unsent,
  };
}

/** All runs of a user, as lists show them. */
export async function summariesOf({ user, baseUrl }: Pick<Books, 'user' | 'baseUrl'>): Promise<Summary[]> {
  const api = clientFor(user.key, baseUrl);
  const items: Summary[] = [];
  for (let cursor: string | null | undefined; cursor !== null;) {
    const query = { limit: 100, ...(cursor === undefined ? {} : { cursor }) };
    const page = dataOf(await api.GET(RUNS, { params: { query } }));
    items.push(...page.items);
    cursor = page.next_cursor;
  }
  return items;
}

export async function readRun(user: TestUser, id: number, baseUrl: string): Promise<Run> {
  const api = clientFor(user.key, baseUrl);
  return dataOf(await api.GET('/api/v1/ai/runs/{id}', { params: { path: { id } } }));
}

/** Whether every run of a user has ended. */
export async function allOver(books: Pick<Books, 'user' | 'baseUrl'>): Promise<boolean> {
  return (await summariesOf(books)).every(({ finished_at }) => finished_at !== null);
}

/**
 * Holds what a user can see of finished work against itself, and against what Claude was really asked: nothing lost, nothing
 * done or finished twice, all money accounted for.
 * @param markers texts each of which is in the input of exactly one run
 */
export async function audit(books: Books, markers: readonly string[]): Promise<Figures> {
  const { user, baseUrl } = books;
  const runs: Run[] = [];
  for (const { id } of await summariesOf(books)) runs.push(await readRun(user, id, baseUrl));
  const asked = runs.map(({ messages }) => messages[0]!.content);
  expect(markers.filter((marker) => asked.filter((input) => input.includes(marker)).length !== 1)).toEqual([]);
  expect(runs).toHaveLength(markers.length);
  let figures = NO_FIGURES;
  for (const run of runs) {
    const marker = markers.find((text) => run.messages[0]!.content.includes(text))!;
    figures = sumOf(figures, await auditRun(books, run, marker));
  }
  await auditMoney(books, runs);
  return figures;
}

async function auditRun({ user, baseUrl, simulatorUrl }: Books, run: Run, marker: string): Promise<Figures> {
  const calls = (await upstreamCalls(simulatorUrl, marker)).length;
  // The worker was lost while the last attempt was open: whether it reached Claude nobody here can know.
  const unclear = run.attempts.at(-1)?.error_type === 'fenced';
  if (unclear) expect(run).toMatchObject({ status: 'interrupted', billing: { state: 'unknown' } });
  const unsent = run.attempts.length - calls;
  expect([marker, unsent]).toEqual([marker, unclear && unsent === 1 ? 1 : 0]);
  expect(run.attempts.map(({ number }) => number)).toEqual(run.attempts.map((_, index) => index + 1));

  const events = await readEvents(await raw(`${RUNS}/${run.id}/events`, { key: user.key, baseUrl }));
  expect(events.map(({ id }) => id)).toEqual(events.map((_, index) => index + 1));
  expect(events.filter(({ name }) => FINAL.has(name)).map(({ name }) => name)).toEqual([run.status]);
  expect(events.at(-1)?.data).toEqual(run);
  const text = events.map(({ data }) => (data as { text?: string }).text ?? '').join('');
  expect([marker, text]).toEqual([marker, run.output_text ?? '']);
  const interrupted = run.status === 'interrupted' ? 1 : 0;
  return { runs: 1, attempts: run.attempts.length, calls, interrupted, unsent };
}

async function auditMoney({ user, baseUrl }: Books, runs: readonly Run[]): Promise<void> {
  const api = clientFor(user.key, baseUrl);
  const spent = runs.reduce((sum, { billing }) => sum + nano(billing.max_usd!), 0);
  const me = dataOf(await api.GET('/api/v1/me'));
  expect([me.reserved_usd, nano(me.spent_usd)]).toEqual([0, spent]);
  const { items } = dataOf(await api.GET('/api/v1/ai/usage'));
  const total = (count: (item: (typeof items)[number]) => number): number =>
    items.reduce((sum, item) => sum + count(item), 0);
  const of = (count: (run: Run) => number): number => runs.reduce((sum, run) => sum + count(run), 0);
  expect({
    runs: total((item) => item.runs),
    counted: total((item) => nano(item.cost_usd) + nano(item.unknown_max_usd)),
    cost: total((item) => nano(item.cost_usd)),
    input: total((item) => item.input_tokens),
    output: total((item) => item.output_tokens),
  }).toEqual({
    runs: runs.length,
    counted: spent,
    cost: of((run) => nano(run.cost_usd ?? 0)),
    input: of((run) => run.usage?.input_tokens ?? 0),
    output: of((run) => run.usage?.output_tokens ?? 0),
  });
}
