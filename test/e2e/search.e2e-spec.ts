import { clientFor, dataOf, newUser, raw, type Schemas, type TestUser } from '../support/client.js';
import { expectProblem, placesOf } from '../support/problems.js';

type Hit = Schemas['HitResponse'];
type Query = {
  q: string;
  type?: Hit['type'];
  research_item_id?: number;
  from?: string;
  to?: string;
  limit?: number;
  cursor?: string;
};

const SEARCH = '/api/v1/search';
const ITEMS = '/api/v1/research-items';

const at = (id: number) => ({ params: { path: { id } } });
const keyOf = ({ type, id }: Pick<Hit, 'type' | 'id'>): string => `${type} ${id}`;
const keysOf = (hits: readonly Hit[]): string[] => hits.map(keyOf);
const wordsOf = ({ fragments }: Hit): string[] =>
  fragments.flatMap(({ text, matches }) => matches.map(([start, end]) => text.slice(start, end)));

describe('search', () => {
  let user: TestUser;

  beforeEach(async () => {
    user = await newUser();
  });

  const page = async (query: Query, by = user) => dataOf(await by.api.GET(SEARCH, { params: { query } }));
  const search = async (q: string, query: Omit<Query, 'q'> = {}): Promise<Hit[]> => (await page({ q, ...query })).items;

  async function newItem(title: string, description?: string, tags?: string[]): Promise<number> {
    return dataOf(await user.api.POST(ITEMS, { body: { title, description, tags } })).id;
  }

  async function newPrompt(item: number, name: string, template: string): Promise<number> {
    const body = { name, template, variables: [] };
    return dataOf(await user.api.POST('/api/v1/research-items/{id}/prompts', { ...at(item), body })).id;
  }

  async function run(input: string, research_item_id?: number): Promise<Schemas['RunResponse']> {
    return dataOf(
      await user.api.POST('/api/v1/ai/runs', { body: { input, research_item_id, settings: { max_tokens: 200 } } }),
    );
  }

  it('finds items, prompts and runs, and says of each what it is and where the words stand', async () => {
    const item = await newItem('Solid-state batteries', 'What stops dendrites?', ['energy']);
    const prompt = await newPrompt(item, 'summary', 'What is known about dendrites & <b>lithium</b>?');
    const made = await run('Why do dendrites grow in lithium? [[sim text="Dendrites grow along cracks."]]', item);
    const hits = await search('dendrites');
    expect(keysOf(hits).sort()).toEqual([`prompt ${prompt}`, `research_item ${item}`, `run ${made.id}`]);
    const byType = new Map(hits.map((hit) => [hit.type, hit]));
    expect(byType.get('research_item')).toEqual({
      type: 'research_item',
      id: item,
      title: 'Solid-state batteries',
      fragments: [{ text: 'What stops dendrites?', matches: [[11, 20]] }],
      research_item_id: item,
      created_at: expect.stringMatching(/Z$/),
      rank: expect.any(Number),
    });
    expect(byType.get('prompt')).toMatchObject({
      title: 'summary',
      research_item_id: item,
      fragments: [{ text: 'What is known about dendrites & <b>lithium</b>?', matches: [[20, 29]] }],
    });
    const { title, fragments, created_at } = byType.get('run')!;
    expect(title).toMatch(/^Why do dendrites grow in lithium\?/);
    expect(fragments.map(({ text }) => text)).toContain('Dendrites grow along cracks.');
    expect(created_at).toBe(made.created_at);
    expect(keysOf(await search('lithium', { type: 'prompt' }))).toEqual([`prompt ${prompt}`]);
    for (const hit of hits)
      expect(new Set(wordsOf(hit).map((word) => word.toLowerCase()))).toEqual(new Set(['dendrites']));
  });

  it('speaks the language of web searches, the same as q of the list of items', async () => {
    const [both, tides, waves] = [
      await newItem('Tides and waves'),
      await newItem('High tide'),
      await newItem('A wave'),
    ];
    const queries: [string, number[]][] = [
      ['tides', [both, tides]],
      ['TIDE', [both, tides]],
      ['tides waves', [both]],
      ['tide or wave', [both, tides, waves]],
      ['tides -waves', [tides]],
      ['"high tide"', [tides]],
      ['"tide high"', []],
      ['-tide', [waves]],
      ['the', []],
    ];
    for (const [q, ids] of queries) {
      expect(new Set((await search(q)).map(({ id }) => id))).toEqual(new Set(ids));
      const list = dataOf(await user.api.GET(ITEMS, { params: { query: { q } } })).items;
      expect(list.map(({ id }) => id)).toEqual(ids.toReversed());
    }
    expect((await search('-tide'))[0]).toMatchObject({ rank: 0, fragments: [{ text: 'A wave', matches: [] }] });
  });

  it('ranks a title above a description, and words close together above words far apart', async () => {
    const far = await newItem('Log', `Tidal ${'and so on '.repeat(40)} of power`);
    const near = await newItem('Log', `${'And so on '.repeat(40)} of tidal power`);
    const title = await newItem('Tidal power', 'Costs');
    const hits = await search('tidal power');
    expect(hits.map(({ id }) => id)).toEqual([title, near, far]);
    const ranks = hits.map(({ rank }) => rank);
    expect(ranks).toEqual(ranks.toSorted((a, b) => b - a));
    expect(ranks.every((rank) => rank > 0 && rank < 1)).toBe(true);
  });

  it('narrows by type, item and days', async () => {
    const [item, other] = [await newItem('Tides'), await newItem('Tides')];
    const prompt = await newPrompt(item, 'p', 'On tides');
    const { id } = await run('Tides?', item);
    const today = new Date().toISOString().slice(0, 10);
    const of = async (query: Omit<Query, 'q'>): Promise<string[]> => keysOf(await search('tides', query)).sort();
    const ofItem = [`prompt ${prompt}`, `research_item ${item}`, `run ${id}`];
    expect(await of({ type: 'run' })).toEqual([`run ${id}`]);
    expect(await of({ type: 'research_item' })).toEqual([`research_item ${item}`, `research_item ${other}`].sort());
    expect(await of({ research_item_id: item })).toEqual(ofItem);
    expect(await of({ research_item_id: item, type: 'prompt', from: today })).toEqual([`prompt ${prompt}`]);
    expect(await of({ research_item_id: item, from: '2020-02-03T04:05:06+07:00', to: '9999-12-31' })).toEqual(ofItem);
    expect(await of({ to: '2021-06-15' })).toEqual([]);
    expect(await of({ from: '9999-12-31' })).toEqual([]);
    expect(await of({ research_item_id: 999_999_999 })).toEqual([]);
  });

  it('pages through all of it without gap or repeat', async () => {
    const item = await newItem('Tides');
    for (let n = 0; n < 6; n += 1) await newItem(`Tides ${n}`, n % 2 ? 'tides '.repeat(n) : undefined);
    for (let n = 0; n < 4; n += 1) await newPrompt(item, `tides ${n}`, 'Same');
    await run('Tides?');
    const whole = await page({ q: 'tides', limit: 100 });
    expect(whole.items).toHaveLength(12);
    expect(whole.next_cursor).toBeNull();
    for (const limit of [1, 5, 12]) {
      const seen: Hit[] = [];
      for (let cursor: string | undefined; ;) {
        const part = await page({ q: 'tides', limit, cursor });
        seen.push(...part.items);
        if (part.next_cursor === null) break;
        expect(part.items).toHaveLength(limit);
        cursor = part.next_cursor;
      }
      expect(seen).toEqual(whole.items);
    }
  });

  it('follows what changes: new texts are found, old ones and what is deleted are not', async () => {
    const item = await newItem('Tides');
    const prompt = await newPrompt(item, 'p', 'On neap tides');
    const { id } = await run('Tides?', item);
    await user.api.POST('/api/v1/prompts/{id}/versions', { ...at(prompt), body: { template: 'On currents' } });
    await user.api.PATCH('/api/v1/research-items/{id}', { ...at(item), body: { title: 'Currents' } });
    expect(keysOf(await search('tides'))).toEqual([`run ${id}`]);
    expect(keysOf(await search('currents')).sort()).toEqual([`prompt ${prompt}`, `research_item ${item}`]);
    await user.api.DELETE('/api/v1/research-items/{id}', at(item));
    expect(await search('currents')).toEqual([]);
    expect(await search('tides', { research_item_id: item })).toEqual([]);
    expect(await search('tides')).toMatchObject([{ type: 'run', id, research_item_id: null }]);
  });

  it("never shows what is another user's, nor takes another's cursor", async () => {
    await newItem('Tides');
    await newItem('Tides');
    await run('Tides?');
    const { next_cursor } = await page({ q: 'tides', limit: 1 });
    const other = await newUser();
    expect((await page({ q: 'tides' }, other)).items).toEqual([]);
    expect(dataOf(await other.api.GET(ITEMS, { params: { query: { q: 'tides' } } })).items).toEqual([]);
    await expectProblem(await raw(`${SEARCH}?q=tides&cursor=${next_cursor}`, { key: other.key }), 'validation-failed');
    for (const changed of [
      `q=tide&cursor=${next_cursor}`,
      `q=tides&type=run&cursor=${next_cursor}`,
      `q=tides&cursor=x${next_cursor}`,
    ]) {
      const problem = await expectProblem(await raw(`${SEARCH}?${changed}`, { key: user.key }), 'validation-failed');
      expect(placesOf(problem)).toEqual(['cursor']);
    }
  });

  it('cuts fragments between characters, in any script', async () => {
    const family = '👩‍👩‍👧‍👦';
    const text =
      `${family.repeat(100)} batteries ${'नि'.repeat(300)} ${'e\u0301'.repeat(300)} ${'🇩🇪'.repeat(200)}`.slice(0, 2000);
    await newItem('Z', text);
    await newItem('Батареи и 电池 café');
    const [{ fragments }] = (await search('battery')) as [Hit];
    expect(fragments).toHaveLength(1);
    const [fragment] = fragments as [Hit['fragments'][number]];
    expect(fragment.text.isWellFormed()).toBe(true);
    expect(fragment.text.length).toBeLessThan(400);
    expect(fragment.text.slice(0, family.length)).toBe(family);
    expect(text.indexOf(fragment.text) % family.length).toBe(0);
    expect(fragment.matches.map(([start, end]) => fragment.text.slice(start, end))).toEqual(['batteries']);
    for (const q of ['батареи', '电池', 'CAFÉ', 'cafe\u0301 or 电池']) expect(await search(q)).toHaveLength(1);
  });

  it('takes any characters for a query', async () => {
    await newItem('Tides');
    for (const q of [
      '-',
      '""',
      '"',
      '|&!',
      '(-'.repeat(250),
      '-'.repeat(500),
      '🔋'.repeat(500),
      'e\u0301',
      '\u0301',
      '\u0007',
      '<b>',
      '%',
      'a '.repeat(250),
      ':*',
      'x'.repeat(10_000),
      'ab (-'.repeat(2000),
      'or '.repeat(2000),
      '"'.repeat(3333),
    ]) {
      expect(await search(q)).toEqual([]);
      const list = await raw(`${ITEMS}?q=${encodeURIComponent(q)}`, { key: user.key });
      expect(list.status).toBe(200);
    }
    expect(await search(' tides\n')).toHaveLength(1);
    expect(await search('<tides>')).toHaveLength(1);
    // Of a long one the words that are whole within the first 1,000 characters are asked for.
    expect(await search(`${'tides '.repeat(166)}tidesand${' moon'.repeat(1000)}`)).toHaveLength(1);
  });

  const REFUSED: [query: string, parameter: string][] = [
    ['', 'q'],
    ['q=', 'q'],
    ['q=%00', 'q'],
    ['q=a&q=b', 'q'],
    [`q=${'x'.repeat(10_001)}`, 'q'],
    ['q=a&type=answer', 'type'],
    ['q=a&type=', 'type'],
    ['q=a&type=run&type=run', 'type'],
    ['q=a&research_item_id=x', 'research_item_id'],
    ['q=a&research_item_id=0', 'research_item_id'],
    ['q=a&from=2026-11-24&to=2026-11-23', 'from'],
    ['q=a&from=yesterday', 'from'],
    ['q=a&to=2026-02-30', 'to'],
    ['q=a&limit=0', 'limit'],
    ['q=a&limit=101', 'limit'],
    ['q=a&offset=1', 'offset'],
    ['q=a&cursor=', 'cursor'],
    ['q=a&cursor=abc', 'cursor'],
    ['q=a&sort=rank', 'sort'],
  ];

  it.each(REFUSED.map(([query, parameter]) => [query.slice(0, 40), parameter, query]))(
    'is refused for ?%s by its %s',
    async (_, parameter, query) => {
      const problem = await expectProblem(await raw(`${SEARCH}?${query}`, { key: user.key }), 'validation-failed');
      expect(placesOf(problem)).toEqual([parameter]);
    },
  );

  it('needs a key that may read', async () => {
    const body = { name: 'runner', scopes: ['run' as const] };
    const { key } = dataOf(await user.api.POST('/api/v1/api-keys', { body }));
    const query = { params: { query: { q: 'a' } } };
    await expectProblem(await clientFor(key).GET(SEARCH, query), 'forbidden');
    await expectProblem(await clientFor(null).GET(SEARCH, query), 'unauthorized');
  });
});
