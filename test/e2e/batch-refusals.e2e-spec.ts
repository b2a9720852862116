import { request } from 'node:http';
import { BATCHES, over, accepted } from '../support/batches.js';
import { adminClient, dataOf, newUser, raw, type TestUser } from '../support/client.js';
import { expectProblem, placesOf } from '../support/problems.js';
import { sharedStack } from '../support/shared-stack.js';

const NDJSON = { 'content-type': 'application/x-ndjson' };
const GOOD = { input: '[[sim text="good"]]' };

/** Status and type of the answer to a body of so many bytes, of which only the first are sent. */
function announce(key: string, bytes: number): Promise<[number | undefined, unknown]> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'content-length': bytes };
  return new Promise((resolve, reject) => {
    const sending = request(`${sharedStack().baseUrl}${BATCHES}`, { method: 'POST', headers }, (response) => {
      void response.toArray().then((chunks: Buffer[]) => {
        resolve([response.statusCode, (JSON.parse(Buffer.concat(chunks).toString()) as { type: unknown }).type]);
        sending.destroy();
      });
    });
    sending.on('error', reject).write('{"queries":[');
  });
}

describe('a batch is refused as a whole', () => {
  let user: TestUser;

  beforeAll(async () => {
    user = await newUser();
  });
  afterEach(async () => {
    expect(dataOf(await user.api.GET(BATCHES)).items).toEqual([]);
    expect(dataOf(await user.api.GET('/api/v1/ai/runs')).items).toEqual([]);
    expect(dataOf(await user.api.GET('/api/v1/me'))).toMatchObject({ reserved_usd: 0, spent_usd: 0 });
  });

  const post = (json: unknown): Promise<Response> => raw(BATCHES, { method: 'POST', key: user.key, json });
  const lines = (body: string, headers: Record<string, string> = NDJSON): Promise<Response> =>
    raw(BATCHES, { method: 'POST', key: user.key, body, headers });
  const withBad = (bad: unknown): unknown[] => Array.from({ length: 30 }, (_, index) => (index === 17 ? bad : GOOD));

  it.each<[string, unknown, string[]]>([
    ['nothing', {}, ['/queries']],
    ['no query', { queries: [] }, ['/queries']],
    ['a query too many', { queries: Array.from({ length: 10_001 }, () => GOOD) }, ['/queries']],
    ['no list', { queries: { 0: GOOD } }, ['/queries']],
    ['a mode that is none', { queries: [GOOD], mode: 'fast' }, ['/mode']],
    ['a field too many', { queries: [GOOD], model: 'x' }, ['/model']],
    ['a bad query in the middle', { queries: withBad({ input: '' }) }, ['/queries/17/input']],
    ['a query of white space', { queries: withBad({ input: ' ' }) }, ['/queries/17/input']],
    ['a query that is none', { queries: withBad(null) }, ['/queries/17']],
    ['a query that asks nothing', { queries: withBad({ custom_id: 'x' }) }, ['/queries/17']],
    [
      'a bad setting',
      { queries: withBad({ ...GOOD, settings: { max_tokens: 0 } }) },
      ['/queries/17/settings/max_tokens'],
    ],
    ['an unknown field', { queries: withBad({ ...GOOD, colour: 1 }) }, ['/queries/17/colour']],
    ['two mistakes', { queries: [{ input: 1 }, GOOD, { input: 2 }] }, ['/queries/0/input', '/queries/2/input']],
    [
      'a custom_id twice',
      { queries: [{ ...GOOD, custom_id: 'a' }, GOOD, { ...GOOD, custom_id: 'a' }] },
      ['/queries/2/custom_id'],
    ],
    ['an empty custom_id', { queries: [{ ...GOOD, custom_id: '' }] }, ['/queries/0/custom_id']],
  ])('for %s', async (_, body, places) => {
    expect(placesOf(await expectProblem(await post(body), 'validation-failed'))).toEqual(places);
  });

  it('for more text than it may ask together, of however few words', async () => {
    const item = dataOf(await user.api.POST('/api/v1/research-items', { body: { title: 'Long' } }));
    const path = { id: item.id };
    const text = 'Tides and currents. '.repeat(4_500);
    const body = {
      name: 'long',
      template: `{{#turns}}${text}{{/turns}}`,
      variables: [{ name: 'turns', type: 'list' as const }],
    };
    const prompt = dataOf(await user.api.POST('/api/v1/research-items/{id}/prompts', { params: { path }, body }));
    const query = { prompt_id: prompt.id, variables: { turns: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] } };
    const refused = await post({ queries: Array.from({ length: 100 }, () => query) });
    const problem = await expectProblem(refused, 'payload-too-large');
    expect(problem.detail).toContain('67108864 characters');
  });

  it('for a query whose prompt, version or item is not there, as that query alone would be', async () => {
    const prompt = await expectProblem(await post({ queries: withBad({ prompt_id: 9_999_999 }) }), 'prompt-not-found');
    expect([placesOf(prompt), prompt.detail]).toEqual([['/queries/17'], expect.stringContaining('/queries/17')]);
    await expectProblem(await post({ queries: withBad({ ...GOOD, research_item_id: 9_999_999 }) }), 'item-not-found');
  });

  it.each([
    ['a line that is no JSON', `${JSON.stringify(GOOD)}\n{`, 'malformed-request', []],
    ['a line that is no UTF-8', Buffer.from([0x7b, 0xff]), 'malformed-request', []],
    ['nothing', '\n\n', 'validation-failed', ['/queries']],
    ['a bad query', `${JSON.stringify(GOOD)}\n\n{"input":""}`, 'validation-failed', ['/queries/1/input']],
    ['a text that cannot be stored', '{"input":"\\u0000"}', 'validation-failed', ['/queries/0/input']],
    ['too many lines', '{"input":"x"}\n'.repeat(10_001), 'validation-failed', ['/queries']],
  ] as const)('in lines for %s', async (_, body, slug, places) => {
    const problem = await expectProblem(await lines(body as string), slug);
    expect(placesOf(problem)).toEqual(places);
    if (slug === 'malformed-request') expect(problem.detail).toMatch(/^Line \d/);
  });

  it('beyond 32 MiB, in either form', async () => {
    // By its announced length it is refused before it is sent; what is still on its way then may be cut off.
    expect(await announce(user.key, 32 * 1024 * 1024 + 1)).toEqual([413, '/problems/payload-too-large']);
    const large = 'x'.repeat(32 * 1024 * 1024);
    await expectProblem(await lines(`{"input":"${large}"}`), 'payload-too-large');
  });

  it('in lines where an operation takes none, and with two modes', async () => {
    const item = await raw('/api/v1/research-items', { method: 'POST', key: user.key, body: '{}', headers: NDJSON });
    await expectProblem(item, 'unsupported-media-type');
    const both = await raw(`${BATCHES}?mode=provider`, {
      method: 'POST',
      key: user.key,
      json: { queries: [GOOD], mode: 'realtime' },
    });
    expect(placesOf(await expectProblem(both, 'validation-failed'))).toEqual(['mode']);
  });

  it('when the budget does not hold all of it', async () => {
    const body = { name: 'poor', budget_usd: 0.001 };
    const path = { path: { id: user.id } };
    dataOf(await adminClient().PATCH('/api/v1/users/{id}', { params: path, body }));
    const queries = Array.from({ length: 10 }, () => ({ ...GOOD, settings: { max_tokens: 1000 } }));
    const answer = await post({ queries });
    const problem = await expectProblem(answer, 'budget-exceeded');
    expect(problem).toMatchObject({ remaining_usd: 0.001, needed_usd: expect.any(Number) as number });
    expect(answer.headers.get('retry-after')).toBeNull();
    dataOf(await adminClient().PATCH('/api/v1/users/{id}', { params: path, body: { ...body, budget_usd: null } }));
  });
});

it('what takes no body refuses fields as it refuses unknown ones elsewhere', async () => {
  const user = await newUser();
  const { id } = await accepted(user.api, [GOOD]);
  for (const path of [`${BATCHES}/${id}/cancel`, `${BATCHES}/${id}/retry`]) {
    const answer = await raw(path, { method: 'POST', key: user.key, json: { mode: 'provider' } });
    expect(placesOf(await expectProblem(answer, 'validation-failed'))).toEqual(['/mode']);
    const list = await raw(path, { method: 'POST', key: user.key, json: [1] });
    expect(placesOf(await expectProblem(list, 'validation-failed'))).toEqual(['']);
  }
  const empty = await raw(`${BATCHES}/${id}/cancel`, { method: 'POST', key: user.key, json: {} });
  expect([202, 409]).toContain(empty.status);
});

it('a batch larger than a body of any other operation is taken', async () => {
  const user = await newUser();
  const queries = Array.from({ length: 200 }, () => ({ input: `[[sim text="ok"]] ${'x'.repeat(10_000)}` }));
  const { id } = await accepted(user.api, queries);
  expect(await over(user.api, id)).toMatchObject({ counts: { succeeded: 200 } });
});
