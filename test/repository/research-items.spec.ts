import type { UserId } from '../../src/identity/user-id.js';
import { PreconditionFailedError } from '../../src/platform/errors/platform.errors.js';
import { etagOf, Precondition } from '../../src/platform/http/etag.js';
import { ItemNotFoundError, type ResearchItemId } from '../../src/prompts/parent-item.js';
import { toItemResponse } from '../../src/research/dto/research-item.dto.js';
import { RepeatedTagsError } from '../../src/research/research.errors.js';
import { ANYTIME, page, promptsFixture, STALE, statementsOf } from './prompts-fixture.js';

describe('research items', () => {
  let fixture: Awaited<ReturnType<typeof promptsFixture>>;
  let ada: UserId;
  let bob: UserId;

  beforeAll(async () => {
    fixture = await promptsFixture();
    ({ ada, bob } = fixture);
  });
  afterAll(async () => {
    await fixture.database.close();
  });

  it('keeps what was said, tags in their order', async () => {
    const { items } = fixture;
    const made = await items.create(ada, { title: 'Größe 🌊', description: null, tags: ['b', 'a', 'ü,"{}'] });
    expect(made).toMatchObject({ title: 'Größe 🌊', description: null, tags: ['b', 'a', 'ü,"{}'], promptCount: 0 });
    expect(made.createdAt).toEqual(made.updatedAt);
    expect(await items.get(ada, made.id)).toEqual(made);
  });

  it('refuses a tag that is given twice, by its place', async () => {
    const refused = fixture.items.create(ada, { title: 'Tides', tags: ['a', 'b', 'a'] });
    await expect(refused).rejects.toThrow(RepeatedTagsError);
    await expect(refused).rejects.toMatchObject({ extras: { errors: [{ pointer: '/tags/2' }] } });
  });

  it("knows no difference between another user's item and none at all", async () => {
    const { items, newItem } = fixture;
    const id = await newItem(ada);
    const none = 987_654_321 as ResearchItemId;
    for (const [owner, target] of [
      [bob, id],
      [ada, none],
    ] as const) {
      const error = new ItemNotFoundError(target);
      expect(error.detail).toBe(`Research item ${target} not found`);
      await expect(items.get(owner, target)).rejects.toEqual(error);
      await expect(items.update(owner, target, { title: 'Mine' }, ANYTIME)).rejects.toEqual(error);
      await expect(items.delete(owner, target, ANYTIME)).rejects.toEqual(error);
    }
    expect((await items.list(bob, {}, page())).rows).toEqual([]);
    await expect(items.get(ada, id)).resolves.toMatchObject({ title: 'Tides' });
  });

  it('changes only what is given, and nothing without anything', async () => {
    const { items } = fixture;
    const made = await items.create(ada, { title: 'Tides', description: 'Old', tags: ['a'] });
    expect(await items.update(ada, made.id, {}, ANYTIME)).toEqual(made);
    const changed = await items.update(ada, made.id, { description: null }, ANYTIME);
    expect(changed).toMatchObject({ title: 'Tides', description: null, tags: ['a'], createdAt: made.createdAt });
    expect(changed.updatedAt.getTime()).toBeGreaterThanOrEqual(made.updatedAt.getTime());
    expect(await items.get(ada, made.id)).toEqual(changed);
  });

  it('lets exactly one of two racing changes with the same If-Match through', async () => {
    const { items } = fixture;
    const made = await items.create(ada, { title: 'Tides' });
    const known = new Precondition(etagOf(toItemResponse(made)));
    const results = await Promise.allSettled([
      items.update(ada, made.id, { title: 'One' }, known),
      items.update(ada, made.id, { title: 'Two' }, known),
    ]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    await expect(items.delete(ada, made.id, STALE)).rejects.toThrow(PreconditionFailedError);
  });

  it('deletes an item with its prompts', async () => {
    const { items, prompts, newItem } = fixture;
    const id = await newItem(ada);
    const prompt = await prompts.create(ada, id, { name: 'Facts', template: 'Hi' });
    await items.delete(ada, id, ANYTIME);
    await expect(items.get(ada, id)).rejects.toThrow(ItemNotFoundError);
    await expect(prompts.get(ada, prompt.id)).rejects.toMatchObject({ slug: 'prompt-not-found' });
  });

  describe('in lists', () => {
    let carol: UserId;
    const titles = async (filters: { q?: string; tag?: string }): Promise<string[]> =>
      (await fixture.items.list(carol, filters, page())).rows.map(({ title }) => title);

    beforeAll(async () => {
      const { database, items, prompts } = fixture;
      const sql = "insert into users (name) values ('Carol') returning id";
      const [row] = await database.transaction.sql<{ id: UserId }>(sql);
      carol = (row as { id: UserId }).id;
      await items.create(carol, { title: 'Running costs', description: 'of tidal power', tags: ['energy'] });
      await items.create(carol, { title: 'Whales', tags: ['sea', 'animals'] });
      const tides = await items.create(carol, { title: 'Tides', tags: ['sea'] });
      await prompts.create(carol, tides.id, { name: 'One', template: 'Hi' });
      await prompts.create(carol, tides.id, { name: 'Two', template: 'Hi' });
    });

    it('come newest first, page by page, by key or offset', async () => {
      const { items } = fixture;
      const first = await items.list(carol, {}, page(2));
      expect(first.rows.map(({ title }) => title)).toEqual(['Tides', 'Whales']);
      expect(first.more).toBe(true);
      const rest = await items.list(carol, {}, page(2, first.rows.at(-1)?.id ?? null));
      expect(rest.rows.map(({ title }) => title)).toEqual(['Running costs']);
      expect(rest.more).toBe(false);
      const skipped = await items.list(carol, {}, page(2, null, 2));
      expect(skipped).toEqual(rest);
    });

    it('are found by full text in English, over title, description and tags', async () => {
      expect(await titles({ q: 'run power' })).toEqual(['Running costs']);
      expect(await titles({ q: 'animal' })).toEqual(['Whales']);
      expect(await titles({ q: 'tide or whale' })).toEqual(['Tides', 'Whales']);
      expect(await titles({ q: 'cost -tidal' })).toEqual([]);
    });

    it.each(['"', "' or 1=1 --", ':*', '& | !', 'a & (', '\\', '%', ':q', '$1', '<->', '-'])(
      'take any text as a query: %s',
      async (q) => {
        await expect(titles({ q })).resolves.toBeInstanceOf(Array);
      },
    );

    it('are found by exactly one tag, together with a text', async () => {
      expect(await titles({ tag: 'sea' })).toEqual(['Tides', 'Whales']);
      expect(await titles({ tag: 'Sea' })).toEqual([]);
      expect(await titles({ tag: 'sea', q: 'whale' })).toEqual(['Whales']);
    });

    it('cost one query, and one more for the prompts of all', async () => {
      const { items } = fixture;
      const { rows } = await items.list(carol, {}, page());
      expect(rows.map(({ promptCount }) => promptCount)).toEqual([2, 0, 0]);
      const prompts = await items.promptsOf(carol, rows);
      expect([...prompts.values()].map((list) => list.map(({ name }) => name))).toEqual([['Two', 'One']]);
      expect(await statementsOf(() => items.list(carol, {}, page()))).toBe(1);
      expect(await statementsOf(() => items.promptsOf(carol, rows))).toBe(1);
      expect(await statementsOf(() => items.get(carol, rows[0]?.id as ResearchItemId))).toBe(1);
    });
  });
});
