import { readFileSync } from 'node:fs';
import { problemDocument } from '../errors/problem-document.js';
import { PROBLEMS, type ProblemSlug, problemDefinition } from '../errors/problems.js';
import { type ProblemExtras, type ProblemMembers, ResearchPlatformError } from '../errors/research-platform.error.js';

/** The committed document: CI makes it anew and fails on any difference. */
const document = JSON.parse(readFileSync(new URL('../../../openapi.json', import.meta.url), 'utf8')) as OpenApi;

interface Schema {
  readonly $ref?: string;
  readonly type?: string | string[];
  readonly description?: string;
  readonly example?: unknown;
  readonly default?: unknown;
  readonly enum?: unknown[];
  readonly items?: Schema;
  readonly properties?: Record<string, Schema>;
  readonly [keyword: string]: unknown;
}
interface Media {
  readonly schema?: Schema;
  readonly example?: unknown;
  readonly examples?: Record<string, { $ref: string }>;
}
interface Response {
  readonly description: string;
  readonly headers?: Record<string, object>;
  readonly content?: Record<string, Media>;
}
interface Operation {
  readonly operationId: string;
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: string[];
  readonly security?: object[];
  readonly parameters?: { name: string; in: string; description?: string; schema?: Schema; example?: unknown }[];
  readonly requestBody?: { content: Record<string, Media> };
  readonly responses: Record<string, Response>;
}
interface OpenApi {
  readonly openapi: string;
  readonly tags: { name: string }[];
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: {
    schemas: Record<string, Schema>;
    headers: Record<string, object>;
    examples: Record<string, { value: { status: number } }>;
  };
}

const OPERATIONS = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    name: `${method.toUpperCase()} ${path}`,
    path,
    method,
    operation,
  })),
);
const SCHEMAS = Object.entries(document.components.schemas);
const PROPERTIES = SCHEMAS.flatMap(([name, { properties = {} }]) =>
  Object.entries(properties).map(([property, schema]) => ({ place: `${name}.${property}`, property, schema })),
);
/** Those that `RateLimits` sends. */
const RATE_LIMIT_HEADERS = Object.keys(document.components.headers).filter((name) => name.startsWith('RateLimit'));
const SLUGS = Object.keys(PROBLEMS) as ProblemSlug[];
/** What no operation answers, because no operation was found: a wrong method. */
const OUTSIDE_OPERATIONS: readonly ProblemSlug[] = ['method-not-allowed'];

const EVERY_MEMBER: Required<ProblemMembers> = { remaining_usd: 0.25, needed_usd: 0.5 };
const EVERY_EXTRA: Required<ProblemExtras> = { errors: [], runId: 1, retryAfterSeconds: 1, members: EVERY_MEMBER };

/** The schemas that a part of the document is made of, with their names. */
function schemasOf(part: unknown): Record<string, Schema> {
  const names = new Set<string>();
  const collect = (inner: unknown): void => {
    for (const [, name = ''] of (JSON.stringify(inner) ?? '').matchAll(/schemas\/(\w+)"/g)) {
      if (names.has(name)) continue;
      names.add(name);
      collect(document.components.schemas[name]);
    }
  };
  collect(part);
  return Object.fromEntries(SCHEMAS.filter(([name, { properties }]) => names.has(name) && properties));
}

const referenced = ({ $ref = '' }: { $ref?: string }) => $ref.split('/').at(-1) ?? '';
const problemsOf = ({ responses }: Operation) =>
  Object.entries(responses).flatMap(([status, { content }]) =>
    Object.keys(content?.['application/problem+json']?.examples ?? {}).map((slug) => ({
      status: Number(status),
      slug,
    })),
  );

/** Whether a media type shows what it looks like: by an example of its own, or by one on any field of its schema. */
function isShown({ schema, example, examples }: Media): boolean {
  return example !== undefined || examples !== undefined || (schema !== undefined && hasExample(schema, 6));
}

function hasExample(schema: Schema, depth: number): boolean {
  if (schema.example !== undefined || schema.enum !== undefined) return true;
  if (depth === 0) return false;
  const target = schema.$ref ? document.components.schemas[referenced(schema)] : undefined;
  const inner = [target, schema.items, ...Object.values(schema.properties ?? {})];
  return inner.some((each) => each !== undefined && hasExample(each, depth - 1));
}

describe('The OpenAPI document', () => {
  it('is of version 3.1, and refers to nothing that is not there', () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    const references = JSON.stringify(document).match(/#\/components\/[^"]+/g) ?? [];
    const missing = references.filter((reference) => {
      const [, , kind = '', name = ''] = reference.split('/');
      return (document.components as unknown as Record<string, Record<string, object>>)[kind]?.[name] === undefined;
    });
    expect(missing).toEqual([]);
  });

  it('names each operation once', () => {
    const ids = OPERATIONS.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('shows each problem once, and every one that an operation can answer with occurs', () => {
    expect(Object.keys(document.components.examples).sort()).toEqual([...SLUGS].sort());
    const occurring = new Set(OPERATIONS.flatMap(({ operation }) => problemsOf(operation).map(({ slug }) => slug)));
    const missing = SLUGS.filter((slug) => !occurring.has(slug));
    expect(missing).toEqual(OUTSIDE_OPERATIONS);
  });
});

describe.each(OPERATIONS)('$name', ({ path, method, operation }) => {
  const api = path.startsWith('/api/v1/');
  const { responses } = operation;
  const answers = Object.entries(responses);

  it('is explained, and stands under tags that are explained', () => {
    expect(operation.summary).toMatch(/\S/);
    expect(operation.description).toMatch(/\S/);
    expect(operation.tags?.length).toBe(1);
    expect(document.tags.map(({ name }) => name)).toEqual(expect.arrayContaining(operation.tags ?? []));
  });

  it(api ? 'needs an API key' : 'is open', () => {
    expect(operation.security).toEqual(api ? [{ 'api-key': [] }] : undefined);
    for (const status of ['401', '403', '429']) expect(status in responses).toBe(api);
  });

  it('has parameters that are described, with a type', () => {
    const vague = (operation.parameters ?? []).filter(({ description, schema }) => !description || !schema);
    expect(vague.map(({ name }) => name)).toEqual([]);
    // What is in the address has to fit into the head of a request, which Node bounds.
    const long = (operation.parameters ?? []).filter(({ schema }) => Number(schema?.['maxLength'] ?? 0) >= 5000);
    expect(long.filter(({ description }) => !description?.includes('16 KiB'))).toEqual([]);
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const inPath = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
    expect(new Set(inPath.map(({ name }) => name))).toEqual(new Set(named));
  });

  it('shows what goes in and what comes out', () => {
    const good = answers
      .filter(([status]) => Number(status) < 300)
      .flatMap(([, { content }]) => Object.values(content ?? {}));
    const media = [...Object.values(operation.requestBody?.content ?? {}), ...good];
    expect(media.filter((each) => !isShown(each))).toEqual([]);
    expect(media.length > 0 || '204' in responses).toBe(true);
  });

  it('says of every answer what it means', () => {
    expect(answers.filter(([, { description }]) => !/\S/.test(description))).toEqual([]);
  });

  it('answers every error as a problem of that status, with an example for each', () => {
    const errors = answers.filter(([status]) => Number(status) >= 400);
    expect(errors.map(([status]) => status)).toEqual(expect.arrayContaining(['400', '500']));
    for (const [status, { content = {}, description }] of errors) {
      expect(Object.keys(content)).toEqual(['application/problem+json']);
      const { schema = {}, examples = {} } = content['application/problem+json'] ?? {};
      expect(referenced(schema)).toBe('ProblemResponse');
      expect(Object.keys(examples).length).toBeGreaterThan(0);
      for (const [slug, example] of Object.entries(examples)) {
        expect(problemDefinition(slug as ProblemSlug).status).toBe(Number(status));
        expect([referenced(example), description.includes(`\`${slug}\``)]).toEqual([slug, true]);
      }
    }
  });

  it('says which headers its answers carry', () => {
    const headersOf = (status: string) => Object.keys(responses[status]?.headers ?? {});
    for (const [status] of answers) expect(headersOf(status)).toContain('X-Request-Id');
    for (const status of ['201', '202']) if (status in responses) expect(headersOf(status)).toContain('Location');
    if (api) expect(headersOf('401')).toContain('WWW-Authenticate');
    for (const [status] of answers) {
      const standing = headersOf(status).filter((name) => name.startsWith('RateLimit'));
      expect(standing).toEqual(api && status !== '401' ? RATE_LIMIT_HEADERS : []);
    }
    if ('503' in responses) expect(headersOf('503')).toContain('Retry-After');
  });

  it('can refuse what it reads', () => {
    const statuses = Object.keys(responses);
    // Also where none is taken: what comes all the same is read, to refuse its fields.
    if (api && method !== 'get') expect(statuses).toEqual(expect.arrayContaining(['413', '415', '422']));
    if (api && operation.parameters?.some((parameter) => parameter.in !== 'header')) expect(statuses).toContain('422');
    if (method === 'delete') expect('204' in responses).toBe(true);
  });
});

describe('The schemas', () => {
  it('describe each field or show an example of it', () => {
    const silent = PROPERTIES.filter(({ schema }) => {
      const pointsOn = JSON.stringify(schema).includes('$ref');
      return !schema.description && schema.example === undefined && !schema.enum && !pointsOn;
    });
    expect(silent.map(({ place }) => place)).toEqual([]);
  });

  it('call whole numbers integers: only money, a rank and what is free-form is any number', () => {
    const numbers = PROPERTIES.filter(({ schema }) => [schema.type].flat().includes('number'));
    expect(
      numbers.filter(({ property }) => !/_usd(_per_million)?$|^rank$/.test(property)).map(({ place }) => place),
    ).toEqual([]);
    const ids = PROPERTIES.filter(
      ({ property, schema }) =>
        /(^|_)(id|tokens|count|version|ms)$/.test(property) && !JSON.stringify(schema).includes('$ref'),
    );
    const loose = ids.filter(
      ({ schema }) => ![schema.type].flat().some((type) => type === 'integer' || type === 'string'),
    );
    expect(loose.map(({ place }) => place)).toEqual([]);
  });

  it('call times times', () => {
    const times = PROPERTIES.filter(({ property }) => property.endsWith('_at'));
    expect(times.length).toBeGreaterThan(0);
    expect(times.filter(({ schema }) => schema['format'] !== 'date-time').map(({ place }) => place)).toEqual([]);
  });

  it('of requests admit no other fields, those of answers may grow, and none is of both', () => {
    const requested = schemasOf(OPERATIONS.map(({ operation }) => operation.requestBody));
    const answered = schemasOf(OPERATIONS.map(({ operation }) => operation.responses));
    const closed = SCHEMAS.filter(([, schema]) => schema['additionalProperties'] === false).map(([name]) => name);
    expect(Object.keys(requested)).toEqual(
      expect.arrayContaining(['RunRequest', 'SettingsRequest', 'VariableRequest']),
    );
    expect(closed).toEqual(Object.keys(requested));
    expect(Object.keys(answered).filter((name) => name in requested)).toEqual([]);
    const freeForm = [requested['RunRequest'], requested['RenderRequest'], requested['SettingsRequest']]
      .flatMap((schema) => [schema?.properties?.['variables'], schema?.properties?.['output_schema']])
      .filter((schema) => schema !== undefined);
    expect(freeForm.map((schema) => schema['additionalProperties'])).toEqual([true, true, true]);
  });

  it('of a problem declares every member that one can have', () => {
    const error = new ResearchPlatformError('budget-exceeded', 'Too dear', EVERY_EXTRA);
    const members = Object.keys(problemDocument(error, { url: '/', requestId: 'a' }));
    expect(Object.keys(document.components.schemas['ProblemResponse']?.properties ?? {}).sort()).toEqual(
      members.sort(),
    );
  });

  it('have patterns on texts alone', () => {
    const misplaced = PROPERTIES.filter(
      ({ schema }) => 'pattern' in schema && ![schema.type].flat().includes('string'),
    );
    expect(misplaced.map(({ place }) => place)).toEqual([]);
  });

  it('say what is refused beyond their bounds: white space alone, and the label `latest`', () => {
    const { RunRequest, RenderRequest } = document.components.schemas;
    expect(RunRequest?.properties?.['input']?.['pattern']).toBe(String.raw`\S`);
    for (const schema of [RunRequest, RenderRequest]) {
      expect(schema?.properties?.['label']?.description).toContain('`latest`');
    }
  });

  it('are snake_case', () => {
    expect(PROPERTIES.filter(({ property }) => !/^[a-z][a-z0-9_]*$/.test(property)).map(({ place }) => place)).toEqual(
      [],
    );
  });
});
