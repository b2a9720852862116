import type { UserId } from '../../src/identity/user-id.js';
import { PreconditionFailedError } from '../../src/platform/errors/platform.errors.js';
import { ItemNotFoundError, type ResearchItemId } from '../../src/prompts/parent-item.js';
import { PromptNameTakenError, PromptNotFoundError, VersionNotFoundError } from '../../src/prompts/prompts.errors.js';
import type { PromptId, PromptVersionNumber } from '../../src/prompts/prompts.types.js';
import { ANYTIME, page, promptsFixture, STALE, statementsOf } from './prompts-fixture.js';

const NONE = 987_654_321;
const SCHEMA = { type: 'object', properties: { zebra: { type: 'string' }, ant: { type: 'string' } } };

describe('prompts', () => {
  let fixture: Awaited<ReturnType<typeof promptsFixture>>;
  let ada: UserId;
  let bob: UserId;
  let item: ResearchItemId;
  let names = 0;

  const newPrompt = async () =>
    fixture.prompts.create(ada, item, { name: `Prompt ${(names += 1)}`, template: 'On {{topic}}' });

  beforeAll(async () => {
    fixture = await promptsFixture();
    ({ ada, bob } = fixture);
    item = await fixture.newItem(ada);
  });
  afterAll(async () => {
    await fixture.database.close();
  });

  it('are kept as they were said, with every variable spelled out and the schema in its order', async () => {
    const { prompts } = fixture;
    const made = await prompts.create(ada, item, {
      name: 'Facts',
      template: 'On {{topic}}',
      system: 'As {{role}}',
      settings: { max_tokens: 10, output_schema: SCHEMA },
    });
    expect(made).toMatchObject({ name: 'Facts', version: 1, labels: {}, researchItemId: item });
    expect(made.variables).toEqual([
      { name: 'topic', type: 'string', required: true },
      { name: 'role', type: 'string', required: true },
    ]);
    const found = await prompts.get(ada, made.id);
    expect(found).toEqual(made);
    expect(JSON.stringify(found.settings)).toBe(JSON.stringify({ max_tokens: 10, output_schema: SCHEMA }));
    expect(await statementsOf(() => prompts.get(ada, made.id))).toBe(1);
  });

  it('hang only on an item of the same user', async () => {
    const { prompts, newItem } = fixture;
    const foreign = await newItem(bob);
    const request = { name: 'Facts of others', template: 'Hi' };
    for (const id of [foreign, NONE as ResearchItemId]) {
      await expect(prompts.create(ada, id, request)).rejects.toEqual(new ItemNotFoundError(id));
      await expect(prompts.listOfItem(ada, id, page())).rejects.toEqual(new ItemNotFoundError(id));
    }
    await expect(prompts.listOfItem(bob, foreign, page())).resolves.toEqual({ rows: [], more: false });
  });

  it('have a name that is unique in its item alone', async () => {
    const { prompts, newItem } = fixture;
    const { id, name } = await newPrompt();
    const other = await newPrompt();
    await expect(prompts.create(ada, item, { name, template: 'Hi' })).rejects.toEqual(new PromptNameTakenError(name));
    await expect(prompts.rename(ada, other.id, name, ANYTIME)).rejects.toThrow(PromptNameTakenError);
    await expect(prompts.rename(ada, id, name, ANYTIME)).resolves.toMatchObject({ name });
    await expect(prompts.create(ada, await newItem(ada), { name, template: 'Hi' })).resolves.toMatchObject({ name });
  });

  it('of others are as if they were not there', async () => {
    const { prompts, versions, labels } = fixture;
    const mine = await newPrompt();
    for (const [owner, id] of [
      [bob, mine.id],
      [ada, NONE as PromptId],
    ] as const) {
      const attempts = [
        () => prompts.get(owner, id),
        () => prompts.resolve(owner, id, {}),
        () => prompts.resolve(owner, id, { version: 1 }),
        () => prompts.resolve(owner, id, { label: 'production' }),
        () => prompts.rename(owner, id, 'Mine', ANYTIME),
        () => prompts.delete(owner, id, ANYTIME),
        () => versions.create(owner, id, { template: 'Hi' }),
        () => versions.get(owner, id, 1),
        () => versions.list(owner, id, page()),
        () => labels.set(owner, id, 'production', 1 as PromptVersionNumber, ANYTIME),
        () => labels.get(owner, id, 'production'),
        () => labels.list(owner, id, page()),
        () => labels.history(owner, id, 'production', page()),
        () => labels.delete(owner, id, 'production', ANYTIME),
      ];
      for (const attempt of attempts) await expect(attempt()).rejects.toEqual(new PromptNotFoundError(id));
    }
    await expect(prompts.get(ada, mine.id)).resolves.toEqual(mine);
  });

  it('are listed newest first, page by page, without texts', async () => {
    const { prompts, labels, newItem } = fixture;
    const id = await newItem(ada);
    const made = [];
    for (const name of ['One', 'Two', 'Three']) made.push(await prompts.create(ada, id, { name, template: 'Hi' }));
    await labels.set(ada, made[2]?.id as PromptId, 'production', 1 as PromptVersionNumber, ANYTIME);
    const first = await prompts.listOfItem(ada, id, page(2));
    expect(first.rows.map(({ name, version, labels: set }) => ({ name, version, set }))).toEqual([
      { name: 'Three', version: 1, set: { production: 1 } },
      { name: 'Two', version: 1, set: {} },
    ]);
    expect(first.rows[0]).not.toHaveProperty('template');
    const rest = await prompts.listOfItem(ada, id, page(2, first.rows.at(-1)?.id ?? null));
    expect(rest.rows.map(({ name }) => name)).toEqual(['One']);
    expect([first.more, rest.more]).toEqual([true, false]);
  });

  it('keep to If-Match', async () => {
    const { prompts } = fixture;
    const { id } = await newPrompt();
    await expect(prompts.rename(ada, id, 'Other', STALE)).rejects.toThrow(PreconditionFailedError);
    await expect(prompts.delete(ada, id, STALE)).rejects.toThrow(PreconditionFailedError);
    await prompts.delete(ada, id, ANYTIME);
    await expect(prompts.get(ada, id)).rejects.toThrow(PromptNotFoundError);
  });

  describe('have versions that', () => {
    it('are numbered without gaps, whoever comes at the same time', async () => {
      const { prompts, versions } = fixture;
      const { id } = await newPrompt();
      const made = await Promise.all(
        Array.from({ length: 8 }, (_, index) => versions.create(ada, id, { template: `Text ${index}` })),
      );
      expect(made.map(({ version }) => version).sort((a, b) => a - b)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
      for (const version of made) {
        expect(await versions.get(ada, id, version.version)).toEqual(version);
      }
      expect((await prompts.get(ada, id)).version).toBe(9);
      const newest = await versions.list(ada, id, page(3));
      expect(newest.rows.map(({ version }) => version)).toEqual([9, 8, 7]);
      expect(newest.rows[0]).not.toHaveProperty('template');
      const next = await versions.list(ada, id, page(20, newest.rows.at(-1)?.id ?? null));
      expect(next.rows.map(({ version }) => version)).toEqual([6, 5, 4, 3, 2, 1]);
    });

    it('inherit nothing', async () => {
      const { prompts, versions } = fixture;
      const { id } = await prompts.create(ada, item, {
        name: 'Heir',
        template: 'On {{topic}}',
        system: 'Short',
        settings: { max_tokens: 5 },
      });
      await versions.create(ada, id, { template: 'Hi' });
      expect(await prompts.get(ada, id)).toMatchObject({ version: 2, system: null, variables: [], settings: {} });
    });

    it('are resolved by number, by label, or as the latest, by one query', async () => {
      const { prompts, versions, labels } = fixture;
      const { id } = await newPrompt();
      await labels.set(ada, id, 'production', 1 as PromptVersionNumber, ANYTIME);
      await versions.create(ada, id, { template: 'Second' });
      expect(await prompts.resolve(ada, id, {})).toMatchObject({ version: 2, researchItemId: item });
      expect(await prompts.resolve(ada, id, { version: 1 })).toMatchObject({ version: 1, template: 'On {{topic}}' });
      expect(await prompts.resolve(ada, id, { label: 'production' })).toMatchObject({ version: 1, promptId: id });
      expect(await statementsOf(() => prompts.resolve(ada, id, { label: 'production' }))).toBe(1);
      await expect(prompts.resolve(ada, id, { version: 3 })).rejects.toThrow(VersionNotFoundError);
      await expect(prompts.resolve(ada, id, { version: 2 ** 40 })).rejects.toThrow(VersionNotFoundError);
      await expect(prompts.resolve(ada, id, { label: 'staging' })).rejects.toThrow(VersionNotFoundError);
    });
  });
});
