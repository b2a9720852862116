import { dataOf, newUser, raw, type Schemas, type TestUser, unique } from '../support/client.js';
import { expectProblem, placesOf, withoutId } from '../support/problems.js';

type Version = Schemas['CreateVersionRequest'];

const ascending = (one: number, other: number): number => one - other;

describe('prompts', () => {
  let user: TestUser;
  let itemId: number;

  beforeAll(async () => {
    user = await newUser();
    itemId = dataOf(await user.api.POST('/api/v1/research-items', { body: { title: 'Tidal power' } })).id;
  });

  const at = (id: number): { params: { path: { id: number } } } => ({ params: { path: { id } } });

  function create(body: Partial<Schemas['CreatePromptRequest']> = {}, item = itemId) {
    return user.api.POST('/api/v1/research-items/{id}/prompts', {
      ...at(item),
      body: { name: unique('prompt'), template: 'About {{topic}}.', ...body },
    });
  }

  async function made(body: Partial<Schemas['CreatePromptRequest']> = {}): Promise<number> {
    return dataOf(await create(body)).id;
  }

  const addVersion = (id: number, body: Version) => user.api.POST('/api/v1/prompts/{id}/versions', { ...at(id), body });

  const render = (id: number, body: Schemas['RenderRequest']) =>
    user.api.POST('/api/v1/prompts/{id}/render', { ...at(id), body });

  async function rendered(id: number, variables: Record<string, unknown>): Promise<string | undefined> {
    return dataOf(await render(id, { variables })).messages[0]?.content;
  }

  describe('when made', () => {
    it('tell nobody by a conflict that an item of others is there', async () => {
      const name = unique('taken');
      await made({ name });
      const other = await newUser();
      const body = { name, template: 'x' };
      const answer = await other.api.POST('/api/v1/research-items/{id}/prompts', { ...at(itemId), body });
      await expectProblem(answer, 'item-not-found');
    });

    it('answer with their first version and a Location', async () => {
      const body = {
        name: unique('full'),
        template: 'About {{topic}}.',
        system: 'Be brief.',
        settings: { max_tokens: 50 },
      };
      const { data, response } = await create(body);
      expect(response.status).toBe(201);
      expect(data).toEqual({
        id: expect.any(Number) as number,
        research_item_id: itemId,
        ...body,
        version: 1,
        variables: [{ name: 'topic', type: 'string', required: true }],
        labels: {},
        created_at: expect.stringMatching(/Z$/) as string,
        updated_at: data?.created_at,
      });
      const read = await raw(response.headers.get('location') ?? '', { key: user.key });
      expect(await read.json()).toEqual(data);
      expect(read.headers.get('etag')).toBe(response.headers.get('etag'));
    });

    it('need a name of their own within the item, also when many are made at once', async () => {
      const name = unique('taken');
      const answers = await Promise.all(Array.from({ length: 6 }, () => create({ name })));
      expect(answers.map(({ response }) => response.status).sort(ascending)).toEqual([201, 409, 409, 409, 409, 409]);
      const lost = answers.find(({ response }) => response.status === 409)!;
      await expectProblem(lost, 'conflict');
      const elsewhere = dataOf(await user.api.POST('/api/v1/research-items', { body: { title: 'Other' } }));
      expect((await create({ name }, elsewhere.id)).response.status).toBe(201);
    });

    it('need an item that is there and theirs', async () => {
      await expectProblem(await create({}, 999_999_999), 'item-not-found');
      const other = await newUser();
      const theirs = dataOf(await other.api.POST('/api/v1/research-items', { body: { title: 'Theirs' } }));
      await expectProblem(await create({}, theirs.id), 'item-not-found');
    });

    it.each<[string, Partial<Version>, string]>([
      ['a tag that is not closed', { template: 'About {{topic' }, '/template'],
      ['a section that is not closed', { template: '{{#a}}x' }, '/template'],
      ['a section that closes another', { template: '{{#a}}x{{/b}}' }, '/template'],
      ['a partial', { template: '{{> other}}' }, '/template'],
      ['other delimiters', { template: '{{=<% %>=}}<% a %>' }, '/template'],
      ['a name that every object has', { template: '{{constructor}}' }, '/template'],
      ['a name that reaches into others', { template: '{{a.b}}' }, '/template'],
      ['a mistake in the system prompt', { system: '{{#a}}' }, '/system'],
      ['a name that is not declared', { template: '{{a}}', variables: [] }, '/template'],
      ['an undeclared name in the system prompt', { template: 'x', system: '{{a}}', variables: [] }, '/system'],
      [
        'a variable that is declared twice',
        {
          template: '{{a}}',
          variables: [
            { name: 'a', type: 'string' },
            { name: 'a', type: 'string' },
          ],
        },
        '/variables/1/name',
      ],
      [
        'a default of another type',
        { template: '{{a}}', variables: [{ name: 'a', type: 'number', default: '1' }] },
        '/variables/0/default',
      ],
    ])('are refused for %s, at the place of the mistake', async (_, content, place) => {
      const problem = await expectProblem(await create(content), 'validation-failed');
      expect(placesOf(problem)).toEqual([place]);
    });

    it('refuse the parameters that Claude no longer takes, by name', async () => {
      const settings = { temperature: 0.5 } as Schemas['SettingsRequest'];
      const problem = await expectProblem(await create({ settings }), 'validation-failed');
      expect(problem.errors).toEqual([
        { pointer: '/settings/temperature', detail: expect.stringContaining('no longer taken') as string },
      ]);
    });
  });

  describe('and their versions', () => {
    it('are numbered, immutable and inherit nothing', async () => {
      const id = await made({ system: 'Be brief.', settings: { max_tokens: 50 } });
      const { data, response } = await addVersion(id, { template: 'All about {{topic}}.' });
      expect(response.status).toBe(201);
      expect(response.headers.get('location')).toBe(`/api/v1/prompts/${id}/versions/2`);
      expect(data).toMatchObject({
        prompt_id: id,
        version: 2,
        system: null,
        settings: {},
        template: 'All about {{topic}}.',
      });
      const first = dataOf(
        await user.api.GET('/api/v1/prompts/{id}/versions/{version}', { params: { path: { id, version: 1 } } }),
      );
      expect(first).toMatchObject({ version: 1, system: 'Be brief.', settings: { max_tokens: 50 } });
      expect((await user.api.GET('/api/v1/prompts/{id}', at(id))).data).toMatchObject({ version: 2, system: null });
    });

    it('get numbers without a gap or a doublet when many come at once', async () => {
      const id = await made();
      const versions = await Promise.all(
        Array.from({ length: 8 }, async () => dataOf(await addVersion(id, { template: 'x' })).version),
      );
      expect(versions.sort(ascending)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
    });

    it('are listed newest first without their texts', async () => {
      const id = await made();
      await addVersion(id, { template: 'x' });
      const { items, next_cursor } = dataOf(await user.api.GET('/api/v1/prompts/{id}/versions', at(id)));
      expect(items.map(({ version }) => version)).toEqual([2, 1]);
      expect(next_cursor).toBeNull();
      expect(items[0]).not.toHaveProperty('template');
    });

    it('that are not there are not found', async () => {
      const id = await made();
      const params = { path: { id, version: 2 } };
      await expectProblem(await user.api.GET('/api/v1/prompts/{id}/versions/{version}', { params }), 'not-found');
      await expectProblem(await render(id, { version: 2, variables: { topic: 'x' } }), 'not-found');
      await expectProblem(await render(id, { label: 'production', variables: { topic: 'x' } }), 'not-found');
    });
  });

  describe('rendered', () => {
    it('fill in variables as they are, without escaping and without a second reading', async () => {
      const id = await made({ template: '{{a}} {{{b}}} {{&c}}' });
      const variables = { a: '<b>&"', b: '{{c}}', c: '{{{a}}}' };
      expect(await rendered(id, variables)).toBe('<b>&" {{c}} {{{a}}}');
    });

    it('know conditions, lists and defaults', async () => {
      const id = await made({
        template: '{{#deep}}Deeply. {{/deep}}{{^deep}}Briefly. {{/deep}}{{#points}}- {{.}}\n{{/points}}{{n}}',
        variables: [
          { name: 'deep', type: 'boolean' },
          { name: 'points', type: 'list', required: false },
          { name: 'n', type: 'number', default: 7 },
        ],
      });
      expect(await rendered(id, { deep: true, points: ['a', 2] })).toBe('Deeply. - a\n- 2\n7');
      expect(await rendered(id, { deep: false, n: 0 })).toBe('Briefly. 0');
    });

    it('tell what they would send and cost', async () => {
      const id = await made({ system: 'Be {{topic}}.', settings: { max_tokens: 100 } });
      const data = dataOf(await render(id, { variables: { topic: 'tides' } }));
      expect(data).toMatchObject({ system: 'Be tides.', messages: [{ role: 'user', content: 'About tides.' }] });
      expect(data.input_tokens).toBeGreaterThan(0);
      expect(data.max_cost_usd).toBeGreaterThan(0);
    });

    it('name each variable that is missing or of another type', async () => {
      const id = await made({
        template: '{{a}}{{b}}{{c}}{{d}}',
        variables: [
          { name: 'a', type: 'string' },
          { name: 'b', type: 'number' },
          { name: 'c', type: 'boolean' },
          { name: 'd', type: 'list' },
        ],
      });
      const wrong = { b: '1', c: 'true', d: [{}] };
      const problem = await expectProblem(await render(id, { variables: wrong }), 'missing-variables');
      expect(placesOf(problem)).toEqual(['/variables/a', '/variables/b', '/variables/c', '/variables/d']);
    });

    it('refuse what they have no place for', async () => {
      const id = await made();
      const surplus = { topic: 'x', 'a/b': 1, toString: 'x', constructor: 'y' };
      const problem = await expectProblem(await render(id, { variables: surplus }), 'validation-failed');
      expect(placesOf(problem).sort()).toEqual(['/variables/a~1b', '/variables/constructor', '/variables/toString']);
    });

    it('cannot be made to grow beyond all measure', async () => {
      const inner = '{{#l}}{{#l}}{{#l}}{{#l}}{{#l}}{{.}}{{/l}}{{/l}}{{/l}}{{/l}}{{/l}}';
      const id = await made({ template: inner, variables: [{ name: 'l', type: 'list' }] });
      const list = Array.from({ length: 60 }, () => 'x'.repeat(100));
      expect(placesOf(await expectProblem(await render(id, { variables: { l: list } }), 'validation-failed'))).toEqual([
        '/variables',
      ]);
    });
  });

  it('are renamed, and nothing else of them changes', async () => {
    const id = await made();
    const name = unique('renamed');
    const { data } = await user.api.PATCH('/api/v1/prompts/{id}', { ...at(id), body: { name } });
    expect(data).toMatchObject({ id, name, version: 1 });
    const taken = dataOf(await create()).name;
    await expectProblem(await user.api.PATCH('/api/v1/prompts/{id}', { ...at(id), body: { name: taken } }), 'conflict');
    const template = raw(`/api/v1/prompts/${id}`, { method: 'PATCH', key: user.key, json: { template: 'x' } });
    expect(placesOf(await expectProblem(await template, 'validation-failed'))).toEqual(['/template']);
  });

  it('are gone with their versions and labels when they are deleted', async () => {
    const id = await made();
    expect((await user.api.DELETE('/api/v1/prompts/{id}', at(id))).response.status).toBe(204);
    for (const path of ['', '/versions', '/versions/1', '/labels', '/labels/x', '/labels/x/history']) {
      await expectProblem(await raw(`/api/v1/prompts/${id}${path}`, { key: user.key }), 'prompt-not-found');
    }
    await expectProblem(await render(id, {}), 'prompt-not-found');
  });

  it.each([
    ['GET', '', undefined],
    ['PATCH', '', { name: 'mine' }],
    ['DELETE', '', undefined],
    ['GET', '/versions', undefined],
    ['POST', '/versions', { template: 'x' }],
    ['GET', '/versions/1', undefined],
    ['POST', '/render', {}],
    ['GET', '/labels', undefined],
    ['PUT', '/labels/x', { version: 1 }],
    ['GET', '/labels/x/history', undefined],
  ])('of others are, by %s …%s, as missing as those that never were', async (method, suffix, json) => {
    const id = await made();
    const stranger = await newUser();
    const answer = async (prompt: number): Promise<string> => {
      const headers = { 'x-request-id': 'same' };
      const response = await raw(`/api/v1/prompts/${prompt}${suffix}`, { method, key: stranger.key, json, headers });
      return `${response.status} ${withoutId(await response.text(), prompt)}`;
    };
    const foreign = await answer(id);
    expect(foreign).toMatch(/^404 .*prompt-not-found/);
    expect(foreign).toBe(await answer(id + 1_000_000));
  });
});
