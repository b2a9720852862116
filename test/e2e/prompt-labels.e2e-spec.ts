import { dataOf, newUser, type Schemas, type TestUser, unique } from '../support/client.js';
import { expectProblem, placesOf } from '../support/problems.js';

const ascending = (one: number, other: number): number => one - other;

describe('labels of prompts', () => {
  let user: TestUser;
  let itemId: number;

  beforeAll(async () => {
    user = await newUser();
    itemId = dataOf(await user.api.POST('/api/v1/research-items', { body: { title: 'Tidal power' } })).id;
  });

  const at = (id: number): { params: { path: { id: number } } } => ({ params: { path: { id } } });

  async function made(): Promise<number> {
    const body = { name: unique('prompt'), template: 'About {{topic}}.' };
    return dataOf(await user.api.POST('/api/v1/research-items/{id}/prompts', { ...at(itemId), body })).id;
  }

  const addVersion = (id: number, body: Schemas['CreateVersionRequest']) =>
    user.api.POST('/api/v1/prompts/{id}/versions', { ...at(id), body });

  const render = (id: number, body: Schemas['RenderRequest']) =>
    user.api.POST('/api/v1/prompts/{id}/render', { ...at(id), body });

  const setLabel = (id: number, version: number, etag?: string, label = 'production') =>
    user.api.PUT('/api/v1/prompts/{id}/labels/{label}', {
      params: { path: { id, label }, ...(etag === undefined ? {} : { header: { 'If-Match': etag } }) },
      body: { version },
    });
  const label = (id: number, name = 'production') => ({ params: { path: { id, label: name } } });

  async function withVersions(count: number): Promise<number> {
    const id = await made();
    for (let version = 2; version <= count; version += 1) await addVersion(id, { template: `v${version} {{topic}}` });
    return id;
  }

  it('are set freely, and moved only by whoever has seen where they stand', async () => {
    const id = await withVersions(2);
    const set = await setLabel(id, 1);
    expect(set.response.status).toBe(201);
    expect(set.response.headers.get('location')).toBe(`/api/v1/prompts/${id}/labels/production`);
    expect(set.data).toEqual({ label: 'production', version: 1, set_at: expect.stringMatching(/Z$/) as string });
    const etag = set.response.headers.get('etag') ?? '';
    await expectProblem(await setLabel(id, 2), 'precondition-required');
    await expectProblem(await setLabel(id, 2, '"other"'), 'precondition-failed');
    const moved = await setLabel(id, 2, etag);
    expect(moved.response.status).toBe(200);
    expect(moved.data?.version).toBe(2);
    await expectProblem(await setLabel(id, 1, etag), 'precondition-failed');
    expect((await user.api.GET('/api/v1/prompts/{id}', at(id))).data?.labels).toEqual({ production: 2 });
  });

  it('let exactly one of many racing moves win', async () => {
    const id = await withVersions(6);
    const etag = (await setLabel(id, 1)).response.headers.get('etag') ?? '';
    const statuses = await Promise.all(
      [2, 3, 4, 5, 6].map(async (version) => (await setLabel(id, version, etag)).response.status),
    );
    expect(statuses.sort(ascending)).toEqual([200, 412, 412, 412, 412]);
  });

  it('remember where they stood, newest first', async () => {
    const id = await withVersions(3);
    let etag: string | undefined;
    for (const version of [1, 3, 2]) {
      etag = (await setLabel(id, version, etag)).response.headers.get('etag') ?? '';
    }
    const history = dataOf(await user.api.GET('/api/v1/prompts/{id}/labels/{label}/history', label(id)));
    expect(history.items.map(({ version }) => version)).toEqual([2, 3, 1]);
  });

  it('are rolled back to where they stood, by whoever has seen where they stand', async () => {
    const id = await withVersions(3);
    const roll = (etag?: string, name?: string) => {
      const { params } = label(id, name);
      const header = { 'If-Match': etag } as { 'If-Match': string };
      return user.api.POST('/api/v1/prompts/{id}/labels/{label}/rollback', {
        params: { ...params, ...(etag === undefined ? { header: {} as never } : { header }) },
      });
    };
    await expectProblem(await roll('"any"'), 'not-found');
    let etag = (await setLabel(id, 1)).response.headers.get('etag') ?? '';
    await expectProblem(await roll(etag), 'conflict');
    for (const version of [2, 3]) etag = (await setLabel(id, version, etag)).response.headers.get('etag') ?? '';
    await expectProblem(await roll(), 'precondition-required');
    await expectProblem(await roll('"other"'), 'precondition-failed');
    const rolled = await roll(etag);
    expect(rolled.response.status).toBe(200);
    expect(rolled.data).toEqual({ label: 'production', version: 2, set_at: expect.stringMatching(/Z$/) as string });
    await expectProblem(await roll(etag), 'precondition-failed');
    const again = await roll(rolled.response.headers.get('etag') ?? '');
    expect(again.data?.version).toBe(1);
    const read = await user.api.GET('/api/v1/prompts/{id}/labels/{label}', label(id));
    expect([read.data, read.response.headers.get('etag')]).toEqual([again.data, again.response.headers.get('etag')]);
    await expectProblem(await roll(again.response.headers.get('etag') ?? ''), 'conflict');
    const history = dataOf(await user.api.GET('/api/v1/prompts/{id}/labels/{label}/history', label(id)));
    expect(history.items.map(({ version }) => version)).toEqual([1, 2, 3, 2, 1]);
    await expectProblem(await roll('"any"', 'Latest!'), 'validation-failed');
  });

  it("are nobody else's to roll back", async () => {
    const id = await withVersions(2);
    const etag = (await setLabel(id, 1)).response.headers.get('etag') ?? '';
    await setLabel(id, 2, etag);
    const { params } = label(id);
    const other = await newUser();
    const tried = await other.api.POST('/api/v1/prompts/{id}/labels/{label}/rollback', {
      params: { ...params, header: { 'If-Match': '*' } },
    });
    await expectProblem(tried, 'prompt-not-found');
  });

  it('stand for versions that are there', async () => {
    const id = await made();
    expect(placesOf(await expectProblem(await setLabel(id, 2), 'validation-failed'))).toEqual(['/version']);
  });

  it('choose what is rendered', async () => {
    const id = await withVersions(3);
    await setLabel(id, 2);
    const variables = { topic: 'tides' };
    const texts = await Promise.all(
      [{ label: 'production' }, { version: 1 }, {}].map(
        async (choice) => dataOf(await render(id, { ...choice, variables })).messages[0]?.content,
      ),
    );
    expect(texts).toEqual(['v2 tides', 'About tides.', 'v3 tides']);
    const problem = await expectProblem(
      await render(id, { label: 'production', version: 1, variables }),
      'validation-failed',
    );
    expect(placesOf(problem)).toEqual(['/label']);
  });

  it('go when they are removed, and their versions stay', async () => {
    const id = await made();
    await setLabel(id, 1);
    const gone = await user.api.DELETE('/api/v1/prompts/{id}/labels/{label}', label(id));
    expect(gone.response.status).toBe(204);
    await expectProblem(await user.api.GET('/api/v1/prompts/{id}/labels/{label}', label(id)), 'not-found');
    await expectProblem(await user.api.DELETE('/api/v1/prompts/{id}/labels/{label}', label(id)), 'not-found');
    expect((await user.api.GET('/api/v1/prompts/{id}', at(id))).data).toMatchObject({ version: 1, labels: {} });
  });
});
