import { dataOf, newUser, raw, type Schemas, type TestUser, unique } from '../support/client.js';
import { expectProblem, placesOf, withoutId } from '../support/problems.js';

type Item = Schemas['ItemResponse'];

describe('research items', () => {
  let user: TestUser;

  beforeEach(async () => {
    user = await newUser();
  });

  async function create(body: Partial<Schemas['CreateItemRequest']> = {}, owner = user): Promise<Item> {
    return dataOf(await owner.api.POST('/api/v1/research-items', { body: { title: 'Tidal power', ...body } }));
  }

  async function addPrompt(id: number, name: string): Promise<number> {
    const params = { path: { id } };
    const body = { name, template: 'About {{topic}}' };
    return dataOf(await user.api.POST('/api/v1/research-items/{id}/prompts', { params, body })).id;
  }

  async function list(query: Record<string, string | number> = {}): Promise<Schemas['ItemListResponse']> {
    return dataOf(await user.api.GET('/api/v1/research-items', { params: { query } }));
  }

  const at = (id: number): { params: { path: { id: number } } } => ({ params: { path: { id } } });

  describe('one of them', () => {
    it('is created with a Location that leads to it, and reads as it was answered', async () => {
      const body = { title: 'Tidal power', description: 'What it costs', tags: ['energy', 'sea'] };
      const { data, response } = await user.api.POST('/api/v1/research-items', { body });
      expect(response.status).toBe(201);
      expect(data).toEqual({
        id: expect.any(Number) as number,
        ...body,
        prompt_count: 0,
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
        updated_at: data?.created_at,
      });
      const location = response.headers.get('location') ?? '';
      expect(location).toBe(`/api/v1/research-items/${data?.id}`);
      const read = await raw(location, { key: user.key });
      expect(await read.json()).toEqual(data);
      expect(read.headers.get('etag')).toBe(response.headers.get('etag'));
    });

    it('has no description and no tags unless they are given', async () => {
      expect(await create()).toMatchObject({ description: null, tags: [] });
    });

    it('takes texts of exactly its limits, counted in characters', async () => {
      const full = { title: '𝔘'.repeat(200), description: 'x'.repeat(2000), tags: [...'abcdefghijklmnopqrst'] };
      expect(await create(full)).toMatchObject(full);
    });

    it('refuses a tag that is given twice', async () => {
      const answer = await user.api.POST('/api/v1/research-items', { body: { title: 't', tags: ['a', 'b', 'a'] } });
      expect(placesOf(await expectProblem(answer, 'validation-failed'))).toEqual(['/tags/2']);
    });

    it('changes where it is told to, and nowhere else', async () => {
      const { id } = await create({ description: 'old', tags: ['a'] });
      const change = async (body: Schemas['UpdateItemRequest']): Promise<Item> =>
        dataOf(await user.api.PATCH('/api/v1/research-items/{id}', { ...at(id), body }));
      expect(await change({ title: 'New' })).toMatchObject({ title: 'New', description: 'old', tags: ['a'] });
      expect(await change({ description: null })).toMatchObject({ title: 'New', description: null, tags: ['a'] });
      expect(await change({ tags: [] })).toMatchObject({ title: 'New', description: null, tags: [] });
    });

    it('stays as it is when nothing is to change', async () => {
      const before = await create();
      const { data } = await user.api.PATCH('/api/v1/research-items/{id}', { ...at(before.id), body: {} });
      expect(data).toEqual(before);
    });

    it('is gone when it is deleted, with its prompts', async () => {
      const { id } = await create();
      const promptId = await addPrompt(id, 'First');
      const { response } = await user.api.DELETE('/api/v1/research-items/{id}', at(id));
      expect([response.status, await response.text()]).toEqual([204, '']);
      await expectProblem(await user.api.GET('/api/v1/research-items/{id}', at(id)), 'item-not-found');
      await expectProblem(await user.api.DELETE('/api/v1/research-items/{id}', at(id)), 'item-not-found');
      await expectProblem(await user.api.GET('/api/v1/prompts/{id}', at(promptId)), 'prompt-not-found');
    });

    it('is said to be missing in the words of the contract', async () => {
      const answer = await user.api.GET('/api/v1/research-items/{id}', at(123_456_789));
      expect((await expectProblem(answer, 'item-not-found')).detail).toBe('Research item 123456789 not found');
    });
  });

  describe('of somebody else', () => {
    it.each([
      ['GET', '', undefined],
      ['GET', '?include=prompts', undefined],
      ['PATCH', '', { title: 'Mine now' }],
      ['DELETE', '', undefined],
      ['GET', '/prompts', undefined],
      ['POST', '/prompts', { name: 'Mine', template: 'x' }],
    ])('are, by %s …%s, as missing as those that never were, byte for byte', async (method, suffix, json) => {
      const theirs = (await create({}, await newUser())).id;
      const never = theirs + 1_000_000;
      const answerFor = async (id: number): Promise<[number, string, string[]]> => {
        const headers = { 'x-request-id': 'same' };
        const path = `/api/v1/research-items/${id}${suffix}`;
        const response = await raw(path, { method, key: user.key, json, headers });
        const body = withoutId(await response.text(), id);
        const names = [...response.headers.keys()].filter((name) => name !== 'content-length');
        return [response.status, body, names];
      };
      const foreign = await answerFor(theirs);
      expect(foreign[0]).toBe(404);
      expect(foreign).toEqual(await answerFor(never));
    });

    it('are untouched by the attempt', async () => {
      const other = await newUser();
      const item = await create({}, other);
      await raw(`/api/v1/research-items/${item.id}`, { method: 'DELETE', key: user.key });
      expect((await other.api.GET('/api/v1/research-items/{id}', at(item.id))).data).toEqual(item);
    });
  });

  describe('and their ETags', () => {
    const read = (id: number, headers: Record<string, string>, query = ''): Promise<Response> =>
      raw(`/api/v1/research-items/${id}${query}`, { key: user.key, headers });
    const etagOf = async (id: number, query = ''): Promise<string> =>
      (await read(id, {}, query)).headers.get('etag') ?? '';

    it('spare a reader what they have already', async () => {
      const { id } = await create();
      const etag = await etagOf(id);
      expect(etag).toMatch(/^"[^"]+"$/);
      for (const given of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
        const response = await read(id, { 'if-none-match': given });
        expect([given, response.status, await response.text(), response.headers.get('etag')]).toEqual([
          given,
          304,
          '',
          etag,
        ]);
      }
      expect((await read(id, { 'if-none-match': '"x"' })).status).toBe(200);
    });

    it('change with every part of the representation', async () => {
      const { id } = await create();
      const seen = new Set([await etagOf(id)]);
      await user.api.PATCH('/api/v1/research-items/{id}', { ...at(id), body: { title: 'New' } });
      seen.add(await etagOf(id));
      await addPrompt(id, 'First');
      seen.add(await etagOf(id));
      seen.add(await etagOf(id, '?include=prompts'));
      expect(seen.size).toBe(4);
    });

    it.each(['PATCH', 'DELETE'])('guard %s against what the caller has not seen', async (method) => {
      const { id } = await create();
      const stale = await etagOf(id);
      await user.api.PATCH('/api/v1/research-items/{id}', { ...at(id), body: { title: 'Newer' } });
      const send = (etag: string): Promise<Response> =>
        raw(`/api/v1/research-items/${id}`, {
          method,
          key: user.key,
          headers: { 'if-match': etag },
          ...(method === 'PATCH' && { json: { title: 'Newest' } }),
        });
      await expectProblem(await send(stale), 'precondition-failed');
      await expectProblem(await send(`W/${await etagOf(id)}`), 'precondition-failed');
      expect((await send(`"x", ${await etagOf(id)}`)).status).toBeLessThan(300);
    });

    it('may come from a reading with the prompts too', async () => {
      const { id } = await create();
      const headers = { 'if-match': await etagOf(id, '?include=prompts') };
      const path = `/api/v1/research-items/${id}`;
      expect((await raw(path, { method: 'PATCH', key: user.key, headers, json: { title: 'New' } })).status).toBe(200);
    });

    it('let exactly one of many racing changes win', async () => {
      const { id } = await create();
      const headers = { 'if-match': await etagOf(id) };
      const statuses = await Promise.all(
        Array.from({ length: 10 }, async (_, index) => {
          const json = { title: `Racer ${index}` };
          return (await raw(`/api/v1/research-items/${id}`, { method: 'PATCH', key: user.key, headers, json })).status;
        }),
      );
      expect(statuses.sort((one, other) => one - other)).toEqual([200, ...Array.from({ length: 9 }, () => 412)]);
    });
  });

  describe('in lists', () => {
    async function createMany(count: number): Promise<Item[]> {
      const items: Item[] = [];
      for (let index = 0; index < count; index += 1) items.push(await create({ title: `Item ${index}` }));
      return items.reverse();
    }

    it('stand newest first, twenty to a page', async () => {
      const items = await createMany(23);
      const first = await list();
      expect(first.items).toEqual(items.slice(0, 20));
      const second = await list({ cursor: first.next_cursor ?? '' });
      expect(second).toEqual({ items: items.slice(20), next_cursor: null });
    });

    it("are the caller's alone, and an empty list is a list", async () => {
      await create({}, await newUser());
      expect(await list()).toEqual({ items: [], next_cursor: null });
    });

    it('come page by page without a gap or a doublet, while others are added', async () => {
      const items = await createMany(7);
      const seen: number[] = [];
      let cursor: string | null = null;
      do {
        const page: Schemas['ItemListResponse'] = await list({ limit: 3, ...(cursor === null ? {} : { cursor }) });
        seen.push(...page.items.map(({ id }) => id));
        cursor = page.next_cursor;
        await create({ title: 'A latecomer' });
      } while (cursor !== null);
      expect(seen).toEqual(items.map(({ id }) => id));
    });

    it('have no next page when the last one is exactly full', async () => {
      await createMany(4);
      const { next_cursor } = await list({ limit: 2 });
      expect(await list({ limit: 2, cursor: next_cursor ?? '' })).toMatchObject({ next_cursor: null });
      expect(await list({ limit: 4 })).toMatchObject({ next_cursor: null });
    });

    it('skip as many as offset says', async () => {
      const items = await createMany(5);
      expect((await list({ offset: 2, limit: 2 })).items).toEqual(items.slice(2, 4));
      expect(await list({ offset: 10_000 })).toEqual({ items: [], next_cursor: null });
      const problem = await expectProblem(await raw('/api/v1/research-items?offset=10001'), 'validation-failed');
      expect(placesOf(problem)).toEqual(['offset']);
    });

    it('refuse offset together with cursor, and a cursor that is not theirs', async () => {
      await createMany(3);
      const cursor = (await list({ limit: 1 })).next_cursor ?? '';
      const flipped = cursor.replace(/.$/, (last) => (last === 'A' ? 'Q' : 'A'));
      const stranger = await newUser();
      const attempts: [string, string, string][] = [
        [`cursor=${cursor}&offset=1`, user.key, 'offset'],
        [`cursor=${flipped}`, user.key, 'cursor'],
        [`cursor=${cursor}x`, user.key, 'cursor'],
        [`cursor=${cursor}&tag=energy`, user.key, 'cursor'],
        [`cursor=${cursor}&q=tidal`, user.key, 'cursor'],
        [`cursor=${cursor}`, stranger.key, 'cursor'],
      ];
      for (const [query, key, place] of attempts) {
        const problem = await expectProblem(await raw(`/api/v1/research-items?${query}`, { key }), 'validation-failed');
        expect([query, placesOf(problem)]).toEqual([query, [place]]);
      }
      await expectProblem(await raw(`/api/v1/ai/runs?cursor=${cursor}`, { key: user.key }), 'validation-failed');
    });

    it('can be searched in full text, by English word stems', async () => {
      const wave = await create({ title: 'Wave machines', description: 'Running costs', tags: ['sea'] });
      const tide = await create({ title: 'Tides', description: 'The moon' });
      const ids = async (q: string): Promise<number[]> => (await list({ q })).items.map(({ id }) => id);
      expect(await ids('machine')).toEqual([wave.id]);
      expect(await ids('run cost')).toEqual([wave.id]);
      expect(await ids('sea')).toEqual([wave.id]);
      expect(await ids('tide or machine')).toEqual([tide.id, wave.id]);
      expect(await ids('"wave machines" -moon')).toEqual([wave.id]);
      expect(await ids('nothing')).toEqual([]);
      for (const q of ["'", '"', '((', ':*', '&|!', '\\', '%', 'the']) expect(await ids(q)).toEqual([]);
    });

    it('can be narrowed to a tag, literally', async () => {
      const tags = ['energy', `it's "a" {tag}, 100%`];
      const { id } = await create({ tags });
      await create({ tags: ['energy-policy'] });
      for (const tag of tags) expect((await list({ tag })).items.map((item) => item.id)).toEqual([id]);
      expect((await list({ tag: 'ENERGY' })).items).toEqual([]);
    });

    it('count their prompts, and show them when asked', async () => {
      const [first, second] = [await create(), await create()];
      const [a, b] = [await addPrompt(first.id, 'A'), await addPrompt(first.id, 'B')];
      const plain = await list();
      expect(plain.items).toMatchObject([
        { id: second.id, prompt_count: 0 },
        { id: first.id, prompt_count: 2 },
      ]);
      expect(plain.items.some((item) => 'prompts' in item)).toBe(false);
      const prompts = [
        { id: b, name: 'B', version: 1, labels: {} },
        { id: a, name: 'A', version: 1, labels: {} },
      ];
      const full = await list({ include: 'prompts' });
      expect(full.items).toMatchObject([{ prompts: [] }, { prompts }]);
      const params = { path: { id: first.id }, query: { include: 'prompts' as const } };
      expect((await user.api.GET('/api/v1/research-items/{id}', { params })).data).toMatchObject({ prompts });
    });
  });

  it('keep apart what two users tag and title alike', async () => {
    const title = unique('same');
    const other = await newUser();
    await Promise.all([create({ title }), create({ title }, other)]);
    expect((await list()).items).toHaveLength(1);
  });
});
