import { newUser, raw, unique } from '../support/client.js';
import { expectProblem, placesOf, type Problem } from '../support/problems.js';
import {
  admits,
  type Document,
  type Operation,
  type Place,
  placesIn,
  replacedAt,
  type Schema,
} from '../support/schema.js';

/** A body that the operation takes, with every field in it, and where to send it. */
interface Sample {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Requests under way at the same time. */
const PARALLEL = 16;

const JUNK: readonly unknown[] = [
  undefined,
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  '',
  ' ',
  'abc',
  '1',
  'NUL \u0000',
  'lone \ud800',
  '9'.repeat(40),
  '2026-13-45T99:99:99Z',
  [],
  [null],
  [[]],
  {},
  { a: { b: [1, { c: null }] } },
  Array.from({ length: 300 }, (_, index) => `t${index}`),
];

const BAD_INTEGERS = ['0', '-1', '1e3', 'abc', '99999999999999999999', '9007199254740993', '%00', '1.5', '%20', '0x1'];

const SETTINGS = {
  model: 'claude-haiku-5-5',
  max_tokens: 10,
  effort: 'low',
  stop_sequences: ['END'],
  output_schema: { type: 'object', properties: {}, additionalProperties: false },
  web_search: false,
};
const VERSION = {
  template: 'About {{topic}}',
  system: 'Be {{topic}}',
  variables: [{ name: 'topic', type: 'string', required: true, default: 'tides', description: 'What about' }],
  settings: SETTINGS,
};

async function inParallel<T>(work: readonly T[], act: (task: T) => Promise<void>): Promise<void> {
  const queue = [...work];
  const worker = async (): Promise<void> => {
    for (let task = queue.pop(); task !== undefined; task = queue.pop()) await act(task);
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
}

/** Query parameters without which an operation is refused anyhow. */
const needed = (path: string): string => (path === '/api/v1/search' ? 'q=tides&' : '');

const pointerTo = (place: Place): string => place.map((key) => `/${key}`).join('');

/** One more than the schema's limit, if it has one. */
function beyondLimit({ maxLength, maximum, maxItems }: Schema): unknown[] {
  return [
    ...(maxLength === undefined ? [] : ['x'.repeat(maxLength + 1)]),
    ...(maximum === undefined ? [] : [maximum + 1]),
    ...(maxItems === undefined ? [] : [Array.from({ length: maxItems + 1 }, (_, index) => `t${index}`)]),
  ];
}

describe('bad input', () => {
  let document: Document;
  let operations: { path: string; method: string; operation: Operation }[];
  let ids: { item: number; prompt: number; user: number };
  let key: string;

  const samples: Record<string, () => Sample> = {
    ApiKeys_create: () => ({
      path: '/api/v1/api-keys',
      body: { name: 'k', scopes: ['read'], expires_at: '2099-01-01T00:00:00Z' },
    }),
    Users_create: () => ({ path: '/api/v1/users', body: { name: 'u', budget_usd: 1.5 } }),
    Users_update: () => ({ path: `/api/v1/users/${ids.user}`, body: { name: 'u', budget_usd: 1.5 } }),
    ResearchItems_create: () => ({
      path: '/api/v1/research-items',
      body: { title: 't', description: 'd', tags: ['a', 'b'] },
    }),
    ResearchItems_update: () => ({
      path: `/api/v1/research-items/${ids.item}`,
      body: { title: 't', description: 'd', tags: ['a', 'b'] },
    }),
    ItemPrompts_create: () => ({
      path: `/api/v1/research-items/${ids.item}/prompts`,
      body: { ...VERSION, name: unique('prompt') },
    }),
    Prompts_rename: () => ({ path: `/api/v1/prompts/${ids.prompt}`, body: { name: unique('prompt') } }),
    PromptVersions_create: () => ({ path: `/api/v1/prompts/${ids.prompt}/versions`, body: VERSION }),
    Prompts_render: () => ({
      path: `/api/v1/prompts/${ids.prompt}/render`,
      body: { version: 1, variables: { topic: 'x' } },
    }),
    Labels_set: () => ({ path: `/api/v1/prompts/${ids.prompt}/labels/${unique('label')}`, body: { version: 1 } }),
    Runs_create: () => ({
      path: '/api/v1/ai/runs',
      body: { prompt_id: ids.prompt, version: 1, variables: { topic: 'x' }, settings: SETTINGS },
    }),
    Batches_create: () => ({
      path: '/api/v1/ai/batches',
      body: { queries: [{ input: 'x', custom_id: 'c', settings: SETTINGS }], mode: 'realtime' },
    }),
    TokenCounts_count: () => ({
      path: '/api/v1/ai/token-counts',
      body: { input: 'x', system: 's', research_item_id: ids.item, settings: SETTINGS },
    }),
  };

  /** Operations of admins are called with the admin's key, all others with a user's. */
  const keyFor = (path: string): { key?: string } => (path.startsWith('/api/v1/users') ? {} : { key });

  beforeAll(async () => {
    document = (await (await raw('/openapi.json', { key: null })).json()) as Document;
    operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
    );
    const user = await newUser();
    key = user.key;
    const item = await user.api.POST('/api/v1/research-items', { body: { title: 'Mine' } });
    const itemId = item.data?.id ?? 0;
    const prompt = await user.api.POST('/api/v1/research-items/{id}/prompts', {
      params: { path: { id: itemId } },
      body: { name: 'Mine', template: 'About {{topic}}' },
    });
    ids = { item: itemId, prompt: prompt.data?.id ?? 0, user: user.id };
  });

  it('is tried on every operation that takes a body', () => {
    const withBody = operations.filter(({ operation }) => operation.requestBody);
    expect(withBody.map(({ operation }) => operation.operationId).sort()).toEqual(Object.keys(samples).sort());
  });

  async function send(method: string, { path, body }: Sample): Promise<Response> {
    return raw(path, { method, ...keyFor(path), json: body });
  }

  /** What is wrong with the answer to a body with this value in this place; null where nothing is. */
  async function mistakeAt(
    { method, operation }: { method: string; operation: Operation },
    { place, schema, required }: { place: Place; schema: Schema; required: boolean },
    value: unknown,
  ): Promise<string | null> {
    const sample = samples[operation.operationId]!();
    const response = await send(method, { ...sample, body: replacedAt(sample.body, place, value) as Sample['body'] });
    const answer = (await response.json()) as Problem;
    const told = `${pointerTo(place)}=${JSON.stringify(value)?.slice(0, 60)}: ${response.status} ${placesOf(answer).join(' ')}`;
    const problem = response.headers.get('content-type')?.startsWith('application/problem+json') ?? false;
    if (response.status >= 500 || problem !== response.status >= 400) return told;
    if (value === undefined ? !required : admits(document, schema, value)) return null;
    const here = placesOf(answer).some((at) => `${at}/`.startsWith(`${pointerTo(place)}/`));
    return response.status === 422 && here ? null : told;
  }

  it.each(Object.keys(samples))('is refused by %s at the very field, and never breaks anything', async (id) => {
    const found = operations.find(({ operation }) => operation.operationId === id)!;
    const accepted = await send(found.method, samples[id]!());
    expect([id, accepted.status < 300, await accepted.text()]).toEqual([id, true, expect.anything()]);
    const { schema } = found.operation.requestBody!.content['application/json']!;
    const sample = samples[id]!().body;
    const places = placesIn(document, schema).filter(({ place }) => place.length === 1 || String(place[0]) in sample);
    const tasks = places.flatMap((field) => [...JUNK, ...beyondLimit(field.schema)].map((value) => ({ field, value })));
    expect(tasks.length).toBeGreaterThan(20);
    const mistakes: string[] = [];
    await inParallel(tasks, async ({ field, value }) => {
      const mistake = await mistakeAt(found, field, value);
      if (mistake !== null) mistakes.push(mistake);
    });
    expect(mistakes.sort()).toEqual([]);
  });

  it('is refused in every path parameter that is a number', async () => {
    const tasks = operations.flatMap(({ path, method, operation }) =>
      (operation.parameters ?? [])
        .filter((parameter) => parameter.in === 'path' && parameter.schema.type === 'integer')
        .flatMap(({ name }) => BAD_INTEGERS.map((value) => ({ path, method, operation, name, value }))),
    );
    expect(tasks.length).toBeGreaterThan(100);
    await inParallel(tasks, async ({ path, method, operation, name, value }) => {
      const target = path
        .replace(`{${name}}`, value)
        .replace('{label}', 'production')
        .replace(/\{\w+\}/g, '1');
      const json = operation.requestBody ? samples[operation.operationId]!().body : undefined;
      const problem = await expectProblem(await raw(target, { method, json, ...keyFor(path) }), 'validation-failed');
      expect([target, placesOf(problem)]).toEqual([target, [name]]);
    });
  });

  it('is refused in the name of a label', async () => {
    for (const label of ['latest', 'A', '-a', 'a_b', 'x'.repeat(51), '%00', 'a%2Fb', '%F0%9F%98%80']) {
      for (const method of ['GET', 'DELETE']) {
        const path = `/api/v1/prompts/${ids.prompt}/labels/${label}`;
        const problem = await expectProblem(await raw(path, { method, key }), 'validation-failed');
        expect([label, placesOf(problem)]).toEqual([label, ['label']]);
      }
    }
  });

  it('is refused in every query parameter that is a number', async () => {
    const tasks = operations.flatMap(({ path, method, operation }) =>
      (operation.parameters ?? [])
        .filter((parameter) => parameter.in === 'query' && parameter.schema.type === 'integer')
        .flatMap(({ name, schema }) =>
          [...BAD_INTEGERS, '', ...(schema.maximum === undefined ? [] : [String(schema.maximum + 1)])]
            .filter((value) => value !== '0' || (schema.minimum ?? 0) > 0)
            .map((value) => ({ path, method, name, value })),
        ),
    );
    expect(tasks.length).toBeGreaterThan(50);
    await inParallel(tasks, async ({ path, method, name, value }) => {
      const id = path.includes('/prompts/{id}') ? ids.prompt : ids.item;
      const target = `${path.replace('{id}', String(id)).replace('{label}', 'x')}?${needed(path)}${name}=${value}`;
      const problem = await expectProblem(await raw(target, { method, ...keyFor(path) }), 'validation-failed');
      expect([target, placesOf(problem)]).toEqual([target, [name]]);
    });
  });

  it('is refused in every cursor', async () => {
    const lists = operations.filter(({ operation }) => operation.parameters?.some(({ name }) => name === 'cursor'));
    expect(lists.length).toBeGreaterThan(5);
    const cursors = ['x', '%00', 'AAAA', 'a'.repeat(1001), 'MQ', '%F0%9F%98%80', '..'];
    for (const { path } of lists) {
      const target = path.replace('{id}', String(path.includes('/prompts/{id}') ? ids.prompt : ids.item));
      for (const cursor of cursors) {
        const url = `${target.replace('{label}', 'production')}?${needed(path)}cursor=${cursor}`;
        const problem = await expectProblem(await raw(url, keyFor(path)), 'validation-failed');
        expect([url, placesOf(problem)]).toEqual([url, ['cursor']]);
      }
    }
  });
});
