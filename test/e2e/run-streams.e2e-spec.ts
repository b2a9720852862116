import { dataOf, newUser, raw, type Schemas, type TestUser } from '../support/client.js';
import { expectProblem, placesOf } from '../support/problems.js';
import { readEvents, type SseEvent, wireOf } from '../support/sse.js';
import { until } from '../support/until.js';

type Run = Schemas['RunResponse'];

const SSE = { accept: 'text/event-stream' };
const RUNS = '/api/v1/ai/runs';
/** An answer of forty pieces over some 400 ms. */
const SLOW = `[[sim text="${'slowly '.repeat(40)}" deltas=40 delta_ms=10]]`;

describe('streamed runs', () => {
  let user: TestUser;

  beforeAll(async () => {
    user = await newUser();
  });

  const at = (id: number): { params: { path: { id: number } } } => ({ params: { path: { id } } });

  async function run(input: string): Promise<Run> {
    return dataOf(await user.api.POST(RUNS, { body: { input } }));
  }

  const stream = (json: Schemas['RunRequest']): Promise<Response> =>
    raw(RUNS, { method: 'POST', key: user.key, headers: SSE, json });

  const eventsOf = async (id: number, query = '', headers: Record<string, string> = {}): Promise<SseEvent[]> =>
    readEvents(await raw(`${RUNS}/${id}/events${query}`, { key: user.key, headers }));

  it('tell the run first, the text, the usage, and exactly one end', async () => {
    const response = await stream({ input: `Stream. ${SLOW}` });
    expect(response.status).toBe(201);
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    const events = await readEvents(response);
    const names = events.map(({ name }) => name);
    expect(events.map(({ id }) => id)).toEqual(events.map((_, index) => index + 1));
    expect(names[0]).toBe('run');
    expect(names.slice(-2)).toEqual(['usage', 'succeeded']);
    expect(names.slice(1, -2).every((name) => name === 'delta')).toBe(true);
    const first = events[0]?.data as Run;
    const last = events.at(-1)?.data as Run;
    expect(first).toMatchObject({ id: last.id, status: 'running', output_text: null, usage: null });
    expect(response.headers.get('location')).toBe(`${RUNS}/${last.id}`);
    const text = events.map(({ data }) => (data as { text?: string }).text ?? '').join('');
    expect(text).toBe(last.output_text);
    expect(events.at(-2)?.data).toEqual({ ...last.usage, cost_usd: last.cost_usd });
    expect(dataOf(await user.api.GET('/api/v1/ai/runs/{id}', at(last.id)))).toEqual(last);
    // 40 pieces over 400 ms, at most one write each 50 ms.
    expect(names.filter((name) => name === 'delta').length).toBeLessThanOrEqual(12);
    expect(names.filter((name) => name === 'delta').length).toBeGreaterThan(2);
  });

  it('ignore Prefer', async () => {
    const headers = { ...SSE, prefer: 'respond-async' };
    const response = await raw(RUNS, { method: 'POST', key: user.key, headers, json: { input: 'x' } });
    expect(response.headers.get('preference-applied')).toBeNull();
    expect((await readEvents(response)).at(-1)?.name).toBe('succeeded');
  });

  it('are refused like others, as a problem', async () => {
    await expectProblem(await stream({}), 'validation-failed');
  });

  it('are followed byte for byte from wherever a cut left them', async () => {
    for (const cutAfter of [1, 2, 3, 5, 1 + Math.floor(Math.random() * 8)]) {
      const seen = await readEvents(await stream({ input: `Cut. ${SLOW}` }), ({ length }) => length >= cutAfter);
      const { id } = seen[0]!.data as Run;
      const rest = await eventsOf(id, '', { 'last-event-id': String(seen.length) });
      expect(rest.at(-1)?.name).toBe('succeeded');
      const all = wireOf(await eventsOf(id));
      expect(wireOf([...seen, ...rest])).toBe(all);
      expect(wireOf(await eventsOf(id, `?after=${seen.length}`))).toBe(wireOf(rest));
    }
  });

  it('go on to their end when nobody looks', async () => {
    const seen = await readEvents(await stream({ input: `Alone. ${SLOW}` }), () => true);
    const { id } = seen[0]!.data as Run;
    const end = await until('The end of the run', async () => {
      const present = dataOf(await user.api.GET('/api/v1/ai/runs/{id}', at(id)));
      return present.finished_at !== null && present;
    });
    expect(end).toMatchObject({ status: 'succeeded', output_text: 'slowly '.repeat(40) });
  });

  it('can be followed by many at once, each with all of it', async () => {
    const { data } = await user.api.POST(RUNS, {
      params: { header: { Prefer: 'respond-async' } },
      body: { input: `Many. ${SLOW}` },
    });
    const streams = await Promise.all(Array.from({ length: 5 }, () => eventsOf(data!.id)));
    expect(new Set(streams.map(wireOf)).size).toBe(1);
    expect(streams[0]?.at(-1)?.name).toBe('succeeded');
  });

  it.each(['x', '-1', '1.5', '', '99999', '1e2', '٣'])('refuse to begin after %j', async (after) => {
    const { id } = await run('x');
    const query = `?after=${encodeURIComponent(after)}`;
    const response = await raw(`${RUNS}/${id}/events${query}`, { key: user.key });
    expect(placesOf(await expectProblem(response, 'validation-failed'))).toEqual(['after']);
    if (after === '٣') return;
    const headers = { 'last-event-id': after };
    const byHeader = await raw(`${RUNS}/${id}/events`, { key: user.key, headers });
    if (after !== '') expect(placesOf(await expectProblem(byHeader, 'validation-failed'))).toEqual(['Last-Event-ID']);
  });

  it("are somebody else's to nobody", async () => {
    const { id } = await run('x');
    const { key } = await newUser();
    await expectProblem(await raw(`${RUNS}/${id}/events`, { key }), 'run-not-found');
  });
});
