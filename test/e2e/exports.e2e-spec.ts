import MarkdownIt from 'markdown-it';
import { dataOf, newUser, raw, type Schemas, type TestUser, unique } from '../support/client.js';
import { expectProblem, placesOf, withoutId } from '../support/problems.js';

const parser = new MarkdownIt({ html: true });
const at = (id: number): { params: { path: { id: number } } } => ({ params: { path: { id } } });

/** What a reader sees of the headings that are the dossier's own. */
function headingsOf(markdown: string): string[] {
  const tokens = parser.parse(markdown, {});
  return tokens.flatMap(({ type, tag, level }, index) => {
    if (type !== 'heading_open' || level > 0) return [];
    const text = (tokens[index + 1]?.children ?? []).map(({ content }) => content).join('');
    return [`${'#'.repeat(Number(tag.slice(1)))} ${text}`];
  });
}

describe('the export of a research item', () => {
  let user: TestUser;

  beforeAll(async () => {
    user = await newUser();
  });

  const newItem = async (body: Schemas['CreateItemRequest']): Promise<number> =>
    dataOf(await user.api.POST('/api/v1/research-items', { body })).id;
  const newPrompt = async (itemId: number, body: Schemas['CreatePromptRequest']): Promise<number> =>
    dataOf(await user.api.POST('/api/v1/research-items/{id}/prompts', { ...at(itemId), body })).id;
  const addVersion = async (id: number, body: Schemas['CreateVersionRequest']) =>
    dataOf(await user.api.POST('/api/v1/prompts/{id}/versions', { ...at(id), body }));
  const run = async (body: Schemas['RunRequest']): Promise<Schemas['RunResponse']> =>
    dataOf(await user.api.POST('/api/v1/ai/runs', { body })) as Schemas['RunResponse'];
  const exported = (id: number, query = '', key = user.key): Promise<Response> =>
    raw(`/api/v1/research-items/${id}/export${query}`, { key });
  const asJson = async (id: number): Promise<Schemas['ExportResponse']> =>
    (await (await exported(id, '?format=json')).json()) as Schemas['ExportResponse'];

  /** An item with all that can hang on one. */
  async function fullItem() {
    const id = await newItem({
      title: 'Tidal power: 潮汐',
      description: 'What it costs.\n\nWhere it is.',
      tags: ['sea', '`x`'],
    });
    const first = await newPrompt(id, {
      name: 'Facts *now*',
      system: 'Be careful.',
      template: '[[sim text="About {{topic}}: # no heading\\n\\n```\\nlet x;"]]',
      settings: { max_tokens: 500 },
    });
    const old = await run({ prompt_id: first, variables: { topic: 'moon' } });
    await addVersion(first, { template: 'What of {{topic}}?', settings: { web_search: true } });
    const sourced = await run({ prompt_id: first, variables: { topic: 'tides and batteries' } });
    const second = await newPrompt(id, { name: 'Unused', template: 'Nothing' });
    const adHoc = await run({ input: 'Is it dear?\nVery?', system: 'Be brief.', research_item_id: id });
    await user.api.POST('/api/v1/ai/runs', { body: { input: '[[sim status=400]]', research_item_id: id } });
    return { id, first, second, old, sourced, adHoc };
  }

  describe('with prompts, labels and answers', () => {
    let item: Awaited<ReturnType<typeof fullItem>>;

    beforeAll(async () => {
      item = await fullItem();
      const path = { id: item.first, label: 'production' };
      const set = await user.api.PUT('/api/v1/prompts/{id}/labels/{label}', { params: { path }, body: { version: 1 } });
      const header = { 'If-Match': set.response.headers.get('etag') ?? '' };
      await user.api.PUT('/api/v1/prompts/{id}/labels/{label}', { params: { path, header }, body: { version: 2 } });
    });

    it('is a dossier to read', async () => {
      const response = await exported(item.id);
      expect(response.status).toBe(200);
      const text = await response.text();
      expect(headingsOf(text)).toEqual([
        '# Tidal power: 潮汐',
        '## Facts *now*',
        '### Version 2',
        '### Version 1',
        '### Answers',
        '#### topic: tides and batteries',
        '#### topic: moon',
        '## Unused',
        '### Version 1',
        '## Questions without a prompt',
        '### Is it dear?',
      ]);
      const { old, sourced, adHoc } = item;
      for (const part of [
        'What it costs.\n\nWhere it is.',
        'Tags: `sea`, `` `x` ``',
        '`production` is version 2',
        '- `max_tokens`: `500`',
        '- `topic` (string)',
        '```text\nWhat of {{topic}}?\n```',
        '> About moon: # no heading\n>\n> ```\n> let x;\n\n',
        ` · run ${old.id}\n`,
        `\`${old.model}\` · version 1 · ${old.finished_at?.slice(0, 16).replace('T', ' ')} UTC`,
        `(<${sourced.sources[0]?.url}>)`,
        sourced.sources[0]?.cited_text ?? '?',
        'Is it dear?\\\nVery?',
        '**System**\n\n```text\nBe brief.\n```',
        `run ${adHoc.id}`,
        'No answers yet.',
        '*2 prompts, 3 answers, $',
      ]) {
        expect(text).toContain(part);
      }
      expect(text).not.toContain('status=400');
    });

    it('is complete as JSON: what the API shows of each thing, and its history', async () => {
      const response = await exported(item.id, '?format=json');
      expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
      const body = (await response.json()) as Schemas['ExportResponse'];
      expect(body.item).toEqual(dataOf(await user.api.GET('/api/v1/research-items/{id}', at(item.id))));
      expect(body.runs).toEqual([item.adHoc]);
      const [first, second] = body.prompts;
      expect([first?.id, second?.id]).toEqual([item.first, item.second]);
      const versionAt = async (id: number, version: number) =>
        dataOf(await user.api.GET('/api/v1/prompts/{id}/versions/{version}', { params: { path: { id, version } } }));
      const prompt = dataOf(await user.api.GET('/api/v1/prompts/{id}', at(item.first)));
      const label = { params: { path: { id: item.first, label: 'production' } } };
      const history = dataOf(await user.api.GET('/api/v1/prompts/{id}/labels/{label}/history', label));
      expect(first).toEqual({
        id: prompt.id,
        name: prompt.name,
        version: 2,
        created_at: prompt.created_at,
        updated_at: prompt.updated_at,
        versions: [await versionAt(item.first, 2), await versionAt(item.first, 1)],
        labels: [
          { ...dataOf(await user.api.GET('/api/v1/prompts/{id}/labels/{label}', label)), history: history.items },
        ],
        runs: [item.sourced, item.old],
      });
      expect(second).toMatchObject({ versions: [await versionAt(item.second, 1)], labels: [], runs: [] });
    });

    it('is a file that is named after it, and kept by nobody on the way', async () => {
      for (const [query, extension, type] of [
        ['', 'md', 'text/markdown; charset=utf-8'],
        ['?format=markdown', 'md', 'text/markdown; charset=utf-8'],
        ['?format=json', 'json', 'application/json; charset=utf-8'],
      ]) {
        const { headers } = await exported(item.id, query);
        expect(Object.fromEntries(headers)).toMatchObject({
          'content-type': type,
          'content-disposition': `attachment; filename="tidal-power.${extension}"; filename*=UTF-8''Tidal%20power%20%E6%BD%AE%E6%B1%90.${extension}`,
          'cache-control': 'no-store',
          'x-content-type-options': 'nosniff',
        });
      }
    });

    it('keeps the answers of a prompt that was deleted', async () => {
      const id = await newItem({ title: 'Waves' });
      const prompt = await newPrompt(id, { name: 'Gone', template: 'About {{topic}}' });
      const answer = await run({ prompt_id: prompt, variables: { topic: 'swell' } });
      await user.api.DELETE('/api/v1/prompts/{id}', at(prompt));
      const body = await asJson(id);
      expect(body).toMatchObject({ prompts: [], runs: [{ ...answer, prompt_id: null }] });
      expect(await (await exported(id)).text()).toContain('version 1 of a deleted prompt');
    });
  });

  it('of an empty item is whole in both formats', async () => {
    const id = await newItem({ title: '#' });
    const body = await asJson(id);
    expect(body).toEqual({
      exported_at: expect.stringMatching(/Z$/) as string,
      item: dataOf(await user.api.GET('/api/v1/research-items/{id}', at(id))),
      prompts: [],
      runs: [],
    });
    const text = await (await exported(id)).text();
    expect(headingsOf(text)).toEqual(['# #']);
    expect(text).toMatch(/\*0 prompts, 0 answers, \$0 in all\. End of the dossier\.\*\n$/);
  });

  it('goes over many pages of prompts, versions and answers, each once', async () => {
    const id = await newItem({ title: 'Many' });
    const prompts: number[] = [];
    for (let index = 0; index < 21; index += 1) {
      prompts.push(await newPrompt(id, { name: unique('prompt'), template: `[[sim text="${index} {{n}}"]]` }));
    }
    const [first = 0] = prompts;
    for (let version = 2; version <= 11; version += 1) await addVersion(first, { template: `Version ${version}` });
    const queries = Array.from({ length: 41 }, (_, n) => ({ prompt_id: first, version: 1, variables: { n: `${n}` } }));
    const batch = await user.api.POST('/api/v1/ai/batches', {
      params: { header: { Prefer: 'wait=30' } },
      body: { queries },
    });
    expect(batch.response.status).toBe(200);
    const body = await asJson(id);
    expect(body.prompts.map((prompt) => prompt.id)).toEqual(prompts);
    expect(body.prompts[0]?.versions.map(({ version }) => version)).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    const runs = body.prompts[0]?.runs ?? [];
    expect(runs.map((one) => one.id)).toEqual(runs.map((one) => one.id).toSorted((one, other) => other - one));
    expect(new Set(runs.map(({ variables }) => variables?.['n'])).size).toBe(41);
    const headings = headingsOf(await (await exported(id)).text());
    expect(headings.filter((heading) => heading.startsWith('#### n: '))).toHaveLength(41);
    // Of eleven versions the latest, and the one with answers.
    expect(headings.slice(2, 5)).toEqual(['### Version 11', '### Version 1', '### Answers']);
  });

  it('breaks off when the item is deleted meanwhile, instead of looking whole', async () => {
    const id = await newItem({ title: 'Large' });
    const text = 'x'.repeat(100_000);
    const prompt = await newPrompt(id, { name: 'Large', template: text, system: text });
    for (let version = 2; version <= 70; version += 1) await addVersion(prompt, { template: text, system: text });
    const response = await exported(id, '?format=json');
    const reader = response.body!.getReader();
    await reader.read();
    expect((await user.api.DELETE('/api/v1/research-items/{id}', at(id))).response.status).toBe(204);
    const rest = async (): Promise<void> => {
      while (!(await reader.read()).done);
    };
    await expect(rest()).rejects.toThrow();
  });

  it('is for the owner alone, in the formats that there are', async () => {
    const id = await newItem({ title: 'Mine' });
    const other = await newUser();
    const alike = async (response: Response, of: number): Promise<string> => {
      const problem = await expectProblem(response, 'item-not-found');
      return withoutId(JSON.stringify({ ...problem, request_id: null }), of);
    };
    const missing = 999_999_999;
    expect(await alike(await exported(id, '', other.key), id)).toBe(await alike(await exported(missing), missing));
    for (const query of ['?format=pdf', '?format=', '?format=json&format=json', '?format=JSON']) {
      expect(placesOf(await expectProblem(await exported(id, query), 'validation-failed'))).toEqual(['format']);
    }
    expect(placesOf(await expectProblem(await exported(id, '?shape=json'), 'validation-failed'))).toEqual(['shape']);
    expect(
      placesOf(
        await expectProblem(await raw('/api/v1/research-items/x/export', { key: user.key }), 'validation-failed'),
      ),
    ).toEqual(['id']);
    await expectProblem(await raw(`/api/v1/research-items/${id}/export`, { key: null }), 'unauthorized');
  });
});
