import fc from 'fast-check';
import type { UserId } from '../../src/identity/user-id.js';
import { Search1790000000010 } from '../../src/migrations/1790000000010-search.js';
import { SearchLeaps1790000000015 } from '../../src/migrations/1790000000015-search-leaps.js';
import type { ResearchItemId } from '../../src/prompts/parent-item.js';
import { type Found, SearchRepository } from '../../src/search/search.repository.js';
import { MATCH_BEGIN, MATCH_END, RANKED_PER_TYPE } from '../../src/search/search.sql.js';
import type { SearchQuestion } from '../../src/search/search.types.js';
import { ANYTIME, page, promptsFixture } from './prompts-fixture.js';

type Status = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'interrupted';

describe('search', () => {
  let fixture: Awaited<ReturnType<typeof promptsFixture>>;
  let repository: SearchRepository;
  let owner: UserId;

  beforeAll(async () => {
    fixture = await promptsFixture();
    repository = new SearchRepository(fixture.database.transaction);
  });
  afterAll(() => fixture.database.close());
  beforeEach(async () => {
    owner = await newUser();
  });

  const sql = <Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> =>
    fixture.database.transaction.sql<Row>(text, values);

  async function newUser(): Promise<UserId> {
    return (await sql<{ id: UserId }>(`insert into users (name) values ('Ada') returning id`))[0]!.id;
  }

  /** A run that is under way. */
  async function newRun(question: string, item: ResearchItemId | null = null, system: string | null = null) {
    const text = `
      insert into runs (user_id, status, research_item_id, model, settings, system, messages, billing_state,
        billing_min_nano_usd, simulated, created_at)
      values ($1, 'running', $2, 'claude-sonnet-5-5', '{}', $3, $4, 'none', 0, true, now()) returning id`;
    const messages = JSON.stringify([{ role: 'user', content: question }]);
    return (await sql<{ id: number }>(text, [owner, item, system, messages]))[0]!.id;
  }

  const end = (run: number, answer: string | null, status: Status = 'succeeded') =>
    sql('update runs set status = $2, output_text = $3 where id = $1', [run, status, answer]);

  /** Items with these words, the oldest first, by one statement. */
  const manyItems = (count: number, title: string) =>
    sql(
      `insert into research_items (user_id, title) select $1, $2 || ' ' || n from generate_series(1, $3::integer) n`,
      [owner, title, count],
    );

  const ask = (q: string, question: Partial<SearchQuestion> = {}, count = 2000): Promise<Found[]> =>
    repository.find(owner, { q, days: {}, ...question }, null, count);

  const found = async (q: string, question: Partial<SearchQuestion> = {}): Promise<string[]> =>
    (await ask(q, question)).map(({ type, id }) => `${type} ${id}`).sort();

  it('finds items by title, description and tags, as they are now', async () => {
    const { items } = fixture;
    const { id } = await items.create(owner, { title: 'Tides', description: 'Dendrites', tags: ['ocean', 'moon'] });
    const hit = [`research_item ${id}`];
    for (const q of ['tide', 'dendrite', 'moon', 'ocean tides']) expect(await found(q)).toEqual(hit);
    await items.update(owner, id, { title: 'Waves', tags: [] }, ANYTIME);
    for (const q of ['waves', 'dendrite']) expect(await found(q)).toEqual(hit);
    for (const q of ['tide', 'moon']) expect(await found(q)).toEqual([]);
    await items.delete(owner, id, ANYTIME);
    expect(await found('waves')).toEqual([]);
    expect(await sql('select from search_documents where user_id = $1', [owner])).toEqual([]);
  });

  it('finds prompts by name and the texts of their latest version alone', async () => {
    const { prompts, versions, newItem, items } = fixture;
    const item = await newItem(owner, 'Nothing');
    const { id } = await prompts.create(owner, item, { name: 'Summary', template: 'On {{topic}}', system: 'Careful' });
    const hit = [`prompt ${id}`];
    for (const q of ['summary', 'topic', 'careful']) expect(await found(q)).toEqual(hit);
    await versions.create(owner, id, { template: 'About electrolytes' });
    for (const q of ['summary', 'electrolyte']) expect(await found(q)).toEqual(hit);
    for (const q of ['topic', 'careful']) expect(await found(q)).toEqual([]);
    await prompts.rename(owner, id, 'Abstract', ANYTIME);
    expect(await found('abstract electrolytes')).toEqual(hit);
    expect(await found('summary')).toEqual([]);
    await items.delete(owner, item, ANYTIME);
    expect(await found('abstract')).toEqual([]);
  });

  it.each(['succeeded', 'failed', 'cancelled', 'interrupted'] as const)(
    'finds a run when it has %s',
    async (status) => {
      const run = await newRun('What makes the tides?', null, 'An oceanographer');
      expect(await found('tides')).toEqual([]);
      await end(run, status === 'succeeded' ? 'The pull of the moon.' : null, status);
      expect(await found('tides oceanographer')).toEqual([`run ${run}`]);
      expect(await found('moon')).toEqual(status === 'succeeded' ? [`run ${run}`] : []);
    },
  );

  it('narrows by type, item and days', async () => {
    const { newItem, items, prompts } = fixture;
    const [item, other] = [await newItem(owner, 'Tides one'), await newItem(owner, 'Tides two')];
    const { id: prompt } = await prompts.create(owner, item, { name: 'p', template: 'Tides' });
    const run = await newRun('Tides?', item);
    await end(run, 'Moon');
    const ofItem = [`prompt ${prompt}`, `research_item ${item}`, `run ${run}`];
    expect(await found('tides')).toEqual([...ofItem, `research_item ${other}`].sort());
    expect(await found('tides', { type: 'research_item' })).toEqual(
      [`research_item ${item}`, `research_item ${other}`].sort(),
    );
    expect(await found('tides', { researchItemId: item })).toEqual(ofItem);
    expect(await found('tides', { researchItemId: item, type: 'run' })).toEqual([`run ${run}`]);
    expect(await found('tides', { researchItemId: 987_654_321 })).toEqual([]);
    const today = new Date().toISOString().slice(0, 10);
    expect(await found('tides', { researchItemId: item, days: { from: today, to: today } })).toEqual(ofItem);
    expect(await found('tides', { days: { to: '2024-12-31' } })).toEqual([]);
    expect(await found('tides', { days: { from: '9999-12-31' } })).toEqual([]);
    await items.delete(owner, item, ANYTIME);
    expect(await found('tides', { researchItemId: item })).toEqual([]);
    expect((await ask('tides', { type: 'run' })).map(({ id, researchItemId }) => [id, researchItemId])).toEqual([
      [run, null],
    ]);
  });

  it("never finds what is another user's", async () => {
    await manyItems(3, 'Tides');
    const run = await newRun('Tides?');
    await end(run, 'Moon');
    owner = await newUser();
    expect(await found('tides or moon')).toEqual([]);
    expect((await fixture.items.list(owner, { q: 'tides' }, page())).rows).toEqual([]);
  });

  it('finds an address by itself, with its scheme and without', async () => {
    await manyItems(1, 'paper at https://arxiv.org/abs/1706.03762 on');
    await manyItems(1, 'see http://Example.com/a/b?c=1 on');
    for (const q of ['https://arxiv.org/abs/1706.03762', 'arxiv.org/abs/1706.03762', '"http://example.com/a/b?c=1"']) {
      expect([q, (await ask(q)).length]).toEqual([q, 1]);
    }
    expect(await ask('https://')).toEqual([]);
  });

  it('finds a text of any size that is like a tsvector at its limit', async () => {
    const run = await newRun('limit');
    // Words that are all different fill a tsvector, to just below and just beyond what it holds.
    for (const length of [40_000, 70_000, 99_000]) {
      const words = Array.from({ length: length / 9 }, (_, n) => `w${n.toString(36).padStart(7, 'x')}`).join(' ');
      const other = await newRun(words, null, words);
      await end(other, words);
    }
    await end(run, 'reached');
    expect(await found('reached')).toEqual([`run ${run}`]);
  });

  it('ranks the newest of very many matches, and finds what is rare among them however old', async () => {
    await manyItems(1, 'Tides and a quasar');
    await manyItems(5000, 'Tides');
    const all = await ask('tides', {}, 9999);
    expect(all).toHaveLength(RANKED_PER_TYPE);
    const newest = await sql<{ id: number }>(
      'select id from research_items where user_id = $1 order by id desc limit $2',
      [owner, RANKED_PER_TYPE],
    );
    expect(new Set(all.map(({ id }) => id))).toEqual(new Set(newest.map(({ id }) => id)));
    expect(await ask('tides quasar')).toHaveLength(1);
    expect(await ask('-absent', {}, 9999)).toHaveLength(RANKED_PER_TYPE);
    const [{ first, last, places }] = (await sql<Record<'first' | 'last' | 'places', number>>(
      `select min(position) as first, max(position) as last, count(distinct position) as places
       from search_documents where user_id = $1`,
      [owner],
    )) as [Record<'first' | 'last' | 'places', number>];
    expect({ first, last, places }).toEqual({ first: 0, last: 5000, places: 5001 });
  });

  it('goes on behind a hit without gap or repeat, whatever is filed meanwhile', async () => {
    await manyItems(60, 'Tides');
    await fixture.newItem(owner, 'Tides tides tides');
    const whole = await ask('tides');
    const seen: Found[] = [];
    for (let after: Found | null = null; ;) {
      const part: Found[] = await repository.find(owner, { q: 'tides', days: {} }, after, 7);
      seen.push(...part);
      if (part.length < 7) break;
      after = part.at(-1)!;
      await fixture.newItem(owner, 'Tides');
    }
    expect(seen.map(({ id, rank }) => [id, rank])).toEqual(whole.map(({ id, rank }) => [id, rank]));
  });

  it('files texts of any size and kind, and never fails the end of a run', async () => {
    const astral = Array.from({ length: 60_000 }, (_, n) => String.fromCodePoint(0x20000 + n)).join('');
    for (const answer of [
      'tides '.repeat(300_000),
      `tides ${'x'.repeat(2_000_000)}`,
      Array.from({ length: 200_000 }, (_, n) => n.toString(36)).join('-'),
      `tides ${[...astral].join(' ')}`,
      astral.match(/.{1,6}/gu)!.join('-'),
      `http://${'a/'.repeat(100_000)}`,
      '\u0001\u0002 <b> \\ \' " : & | ! ( ) *',
      '',
    ]) {
      const run = await newRun(answer === '' ? '?' : answer.slice(0, 900_000), null, answer);
      await end(run, answer);
      const [filed] = await sql<{ size: number }>(
        `select pg_column_size(words) as size from search_documents where type = 'run' and document_id = $1`,
        [run],
      );
      expect(filed!.size).toBeLessThan(2 ** 20);
    }
    expect((await ask('tides')).length).toBe(3);
  }, 120_000);

  it('tells where the words stand in the very text, whatever else is in it', async () => {
    const piece = fc.oneof(
      fc.constantFrom('tides', 'Tide', 'TIDAL'),
      fc.constantFrom('<b>', '</b>', '<', '&amp;', 'Map<tides>', '(', '"', "'", '\\', '-', 'http://example.org/a?b=c'),
      fc.constantFrom(
        MATCH_BEGIN,
        MATCH_END,
        `${MATCH_BEGIN}forged${MATCH_END}`,
        '🔋',
        '👩‍👩‍👧',
        'e\u0301',
        '電池',
        'हिन्दी',
      ),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }).filter((text) => !text.includes('\0')),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 12 }), async (pieces) => {
        const description = pieces.join(' ');
        const { id } = await fixture.items.create(owner, { title: 'Tides', description });
        const [hit] = await ask('tide', { researchItemId: id });
        expect(hit!.texts[1]!.text).toBe(description);
        const matched = hit!.texts.map(({ text, matches }) => matches.map((range) => text.slice(...range)));
        expect(matched[0]).toEqual(['Tides']);
        expect(matched[1]!.filter((word) => !/^tides?$/i.test(word))).toEqual([]);
        const alone = pieces.filter((word) => /^(tides|Tide|Map<tides>)$/.test(word));
        expect(matched[1]!.length).toBeGreaterThanOrEqual(alone.length);
      }),
      { numRuns: 60 },
    );
  }, 60_000);

  it('takes any text for a query, and finds nothing without a word', async () => {
    await fixture.newItem(owner, 'Tides');
    for (const q of [
      '-',
      '"',
      '""',
      '()',
      '!!',
      '& |',
      'or',
      'OR or -',
      'the',
      ' ',
      ':*',
      '\\',
      "'",
      '🔋',
      '-"',
      '<->',
      '<',
    ]) {
      expect(await ask(q)).toEqual([]);
    }
    const text = fc
      .oneof(
        fc.string({ unit: 'binary', maxLength: 500 }),
        fc.string({
          unit: fc.constantFrom('-', '"', ' ', 'or', 'a', '(', ')', ':', '<', '>', '&', '|', '!', '*', "'", '\\'),
          maxLength: 250,
        }),
      )
      .map((q) => q.replaceAll('\0', '').toWellFormed());
    await fc.assert(
      fc.asyncProperty(text, async (q) => {
        expect(await ask(q)).toBeInstanceOf(Array);
        expect(await fixture.items.list(owner, { q }, page())).toBeInstanceOf(Object);
      }),
      { numRuns: 150 },
    );
    for (const q of [
      'x'.repeat(500),
      '\u{1F50B}'.repeat(500),
      'a '.repeat(250),
      '"a b" '.repeat(80),
      '(-'.repeat(250),
    ]) {
      expect(await ask(q)).toEqual([]);
    }
  }, 60_000);

  it('is filled by its migration with what there is, as the triggers would have', async () => {
    const { prompts, versions, newItem } = fixture;
    const item = await newItem(owner, 'Tides');
    const { id } = await prompts.create(owner, item, { name: 'p', template: 'First' });
    await versions.create(owner, id, { template: 'Second' });
    await end(await newRun('Why?', item), 'Because.');
    await newRun('Not over.', item);
    const documents = () =>
      sql('select * from search_documents where user_id = $1 order by type, document_id', [owner]);
    const filed = await documents();
    const runner = { query: sql } as never;
    const [search, leaps] = [new Search1790000000010(), new SearchLeaps1790000000015()];
    await leaps.down(runner);
    await search.down(runner);
    await search.up(runner);
    await leaps.up(runner);
    expect(await documents()).toEqual(filed);
  });
});
