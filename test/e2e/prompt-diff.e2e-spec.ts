import { dataOf, newUser, raw, type Schemas, type TestUser, unique } from '../support/client.js';
import { expectProblem, placesOf, withoutId } from '../support/problems.js';

const DIFF = '/api/v1/prompts/{id}/versions/{a}/diff/{b}';

describe('the diff of two versions of a prompt', () => {
  let user: TestUser;
  let itemId: number;

  beforeAll(async () => {
    user = await newUser();
    itemId = dataOf(await user.api.POST('/api/v1/research-items', { body: { title: 'Tidal power' } })).id;
  });

  async function made(first: Schemas['CreateVersionRequest'], ...more: Schemas['CreateVersionRequest'][]) {
    const params = { path: { id: itemId } };
    const body = { name: unique('prompt'), ...first };
    const { id } = dataOf(await user.api.POST('/api/v1/research-items/{id}/prompts', { params, body }));
    for (const version of more) {
      dataOf(await user.api.POST('/api/v1/prompts/{id}/versions', { params: { path: { id } }, body: version }));
    }
    return id;
  }
  const diff = (id: number, a: number, b: number, api = user.api) => api.GET(DIFF, { params: { path: { id, a, b } } });

  it('shows texts in hunks, variables and settings by name, in either direction', async () => {
    const topic = { name: 'topic', type: 'string' as const, required: true };
    const count = { name: 'count', type: 'number' as const, required: true };
    const id = await made(
      {
        template: 'Write three facts\nabout {{topic}}.',
        variables: [topic],
        settings: { max_tokens: 100, effort: 'low' },
      },
      {
        template: 'Write {{count}} facts\nabout {{topic}}.',
        system: 'Be careful.',
        variables: [count, { ...topic, description: 'What about' }],
        settings: { max_tokens: 200, web_search: true },
      },
    );
    const there = await diff(id, 1, 2);
    expect(there.response.status).toBe(200);
    expect(there.response.headers.get('etag')).toMatch(/^"/);
    const changedTopic = { ...topic, description: 'What about' };
    expect(there.data).toEqual({
      prompt_id: id,
      from: 1,
      to: 2,
      template: {
        hunks: [
          {
            old_start: 1,
            old_lines: 2,
            new_start: 1,
            new_lines: 2,
            lines: [
              {
                op: 'delete',
                text: 'Write three facts',
                parts: [
                  { text: 'Write ', changed: false },
                  { text: 'three', changed: true },
                  { text: ' facts', changed: false },
                ],
              },
              {
                op: 'insert',
                text: 'Write {{count}} facts',
                parts: [
                  { text: 'Write ', changed: false },
                  { text: '{{count}}', changed: true },
                  { text: ' facts', changed: false },
                ],
              },
              { op: 'equal', text: 'about {{topic}}.' },
            ],
          },
        ],
      },
      system: {
        hunks: [
          { old_start: 1, old_lines: 0, new_start: 1, new_lines: 1, lines: [{ op: 'insert', text: 'Be careful.' }] },
        ],
      },
      variables: { added: [count], removed: [], changed: [{ name: 'topic', from: topic, to: changedTopic }] },
      settings: {
        added: [{ name: 'web_search', value: true }],
        removed: [{ name: 'effort', value: 'low' }],
        changed: [{ name: 'max_tokens', from: 100, to: 200 }],
      },
    });
    const back = dataOf(await diff(id, 2, 1));
    expect(back).toMatchObject({ from: 2, to: 1, variables: { added: [], removed: [count] } });
    expect(back.settings.changed).toEqual([{ name: 'max_tokens', from: 200, to: 100 }]);
  });

  it('of a version with itself is empty', async () => {
    const id = await made({ template: 'About {{topic}}.', system: 'Be careful.', settings: { effort: 'low' } });
    const nothing = { added: [], removed: [], changed: [] };
    expect(dataOf(await diff(id, 1, 1))).toEqual({
      prompt_id: id,
      from: 1,
      to: 1,
      template: { hunks: [] },
      system: { hunks: [] },
      variables: nothing,
      settings: nothing,
    });
  });

  it('tells output schemas apart by the order of their properties, which is the order of the answer', async () => {
    const schema = (names: string[]) => ({
      type: 'object',
      properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
      required: names,
      additionalProperties: false,
    });
    const version = (names: string[]) => ({ template: 'x', settings: { output_schema: schema(names) } });
    const id = await made(version(['why', 'what']), version(['what', 'why']));
    expect(dataOf(await diff(id, 1, 2)).settings.changed.map(({ name }) => name)).toEqual(['output_schema']);
  });

  it('is not computed again for whoever has it', async () => {
    const id = await made({ template: 'One' }, { template: 'Two' });
    const etag = (await diff(id, 1, 2)).response.headers.get('etag') ?? '';
    const path = `/api/v1/prompts/${id}/versions/1/diff/2`;
    const again = await raw(path, { key: user.key, headers: { 'if-none-match': etag } });
    expect([again.status, await again.text()]).toEqual([304, '']);
  });

  it('bears the largest texts there are, of which no line is like another', async () => {
    const text = (letter: string): string => `${letter}\n`.repeat(50_000);
    const id = await made({ template: text('a'), system: text('b') }, { template: text('c'), system: text('d') });
    const { template, system } = dataOf(await diff(id, 1, 2));
    for (const { hunks } of [template, system]) {
      expect(hunks.map(({ old_lines, new_lines }) => [old_lines, new_lines])).toEqual([[50_001, 50_001]]);
    }
  });

  it('needs versions that are there, of a prompt of the caller', async () => {
    const id = await made({ template: 'One' });
    const detail = `Prompt ${id} has no version 2`;
    expect((await expectProblem(await diff(id, 1, 2), 'not-found')).detail).toBe(detail);
    expect((await expectProblem(await diff(id, 2, 1), 'not-found')).detail).toBe(detail);
    await expectProblem(await diff(id, 9_007_199_254_740_991, 1), 'not-found');
    const other = await newUser();
    const foreign = JSON.stringify((await diff(id, 1, 1, other.api)).error);
    await expectProblem(await diff(id, 1, 1, other.api), 'prompt-not-found');
    const missing = JSON.stringify((await diff(999_999_999, 1, 1)).error);
    const alike = (text: string, of: number): string => withoutId(text, of).replace(/"request_id":"[^"]*"/, '');
    expect(alike(foreign, id)).toBe(alike(missing, 999_999_999));
    for (const [path, place] of [
      ['0/diff/1', 'a'],
      ['1/diff/x', 'b'],
    ]) {
      const answer = await raw(`/api/v1/prompts/${id}/versions/${path}`, { key: user.key });
      expect(placesOf(await expectProblem(answer, 'validation-failed'))).toEqual([place]);
    }
  });
});
