import { ValidationFailedError } from '../platform/errors/platform.errors.js';
import { checkBody, ValidationPipe } from '../platform/http/validation/validation.pipe.js';
import type { ResearchItemId } from '../prompts/parent-item.js';
import type { PromptId, PromptVersionNumber } from '../prompts/prompts.types.js';
import { CreateItemRequest, ItemListQuery, toItemResponse, UpdateItemRequest } from './dto/research-item.dto.js';

/** Where a request is wrong. */
function places(check: () => unknown): string[] {
  try {
    check();
    return [];
  } catch (error) {
    if (!(error instanceof ValidationFailedError)) throw error;
    return (error.extras.errors ?? []).map((one) => ('pointer' in one ? one.pointer : one.parameter));
  }
}

const inBody = (type: new () => object, body: unknown): string[] => places(() => checkBody(type, body));
const inQuery = (query: object): string[] =>
  places(() => new ValidationPipe().transform(query, { type: 'query', metatype: ItemListQuery }));

describe('CreateItemRequest', () => {
  it.each([
    { title: 'x' },
    { title: '🌊'.repeat(200), description: null, tags: [] },
    { title: 'x', description: '🌊'.repeat(2000), tags: Array.from({ length: 20 }, (_, index) => `${index}`) },
    { title: 'x', description: '', tags: ['🌊'.repeat(50)] },
  ])('takes what is within its limits', (body) => {
    expect(inBody(CreateItemRequest, body)).toEqual([]);
  });

  it.each([
    [{}, '/title'],
    [{ title: '' }, '/title'],
    [{ title: null }, '/title'],
    [{ title: 5 }, '/title'],
    [{ title: 'x'.repeat(201) }, '/title'],
    [{ title: 'x', description: 'x'.repeat(2001) }, '/description'],
    [{ title: 'x', description: {} }, '/description'],
    [{ title: 'x', tags: null }, '/tags'],
    [{ title: 'x', tags: 'sea' }, '/tags'],
    [{ title: 'x', tags: Array.from({ length: 21 }, (_, index) => `${index}`) }, '/tags'],
    [{ title: 'x', tags: ['sea', ''] }, '/tags/1'],
    [{ title: 'x', tags: ['x'.repeat(51)] }, '/tags/0'],
    [{ title: 'x', tags: [['sea']] }, '/tags/0'],
    [{ title: 'x', prompt_count: 1 }, '/prompt_count'],
    [{ title: 'x', toString: 1 }, '/toString'],
  ])('refuses %j at %s', (body, pointer) => {
    expect(inBody(CreateItemRequest, body)).toEqual([pointer]);
  });
});

describe('UpdateItemRequest', () => {
  it('takes any part of an item, and null for the description alone', () => {
    expect(inBody(UpdateItemRequest, {})).toEqual([]);
    expect(inBody(UpdateItemRequest, { description: null, tags: [] })).toEqual([]);
    expect(inBody(UpdateItemRequest, { title: null, tags: null })).toEqual(['/title', '/tags']);
  });
});

describe('ItemListQuery', () => {
  it.each([{}, { limit: '100', offset: '10000' }, { q: '" or', tag: 'sea', include: 'prompts' }])(
    'takes %j',
    (query) => {
      expect(inQuery(query)).toEqual([]);
    },
  );

  it.each([
    [{ limit: '0' }, 'limit'],
    [{ limit: '101' }, 'limit'],
    [{ limit: '1e1' }, 'limit'],
    [{ offset: '-1' }, 'offset'],
    [{ offset: '10001' }, 'offset'],
    [{ q: '' }, 'q'],
    [{ q: 'x'.repeat(10_001) }, 'q'],
    [{ q: ['a', 'b'] }, 'q'],
    [{ tag: '' }, 'tag'],
    [{ include: 'runs' }, 'include'],
    [{ include: '' }, 'include'],
    [{ sort: 'title' }, 'sort'],
  ])('refuses %j', (query, parameter) => {
    expect(inQuery(query)).toEqual([parameter]);
  });
});

describe('toItemResponse', () => {
  const at = new Date('2026-11-23T09:30:00Z');
  const item = {
    id: 7 as ResearchItemId,
    title: 'Tides',
    description: null,
    tags: ['sea'],
    promptCount: 1,
    createdAt: at,
    updatedAt: at,
    userId: 1,
  };

  it('shows the fields of the API and no others', () => {
    expect(toItemResponse(item)).toEqual({
      id: 7,
      title: 'Tides',
      description: null,
      tags: ['sea'],
      prompt_count: 1,
      created_at: '2026-11-23T09:30:00.000Z',
      updated_at: '2026-11-23T09:30:00.000Z',
    });
  });

  it('shows prompts in short when they are asked for, also none', () => {
    const prompt = {
      id: 3 as PromptId,
      researchItemId: item.id,
      name: 'Facts',
      version: 2 as PromptVersionNumber,
      labels: { production: 1 },
      createdAt: at,
      updatedAt: at,
    };
    expect(toItemResponse(item, [prompt]).prompts).toEqual([
      { id: 3, name: 'Facts', version: 2, labels: { production: 1 } },
    ]);
    expect(toItemResponse(item, []).prompts).toEqual([]);
  });
});
