import type { UserId } from '../../src/identity/user-id.js';
import { PreconditionFailedError, PreconditionRequiredError } from '../../src/platform/errors/platform.errors.js';
import { etagOf, Precondition } from '../../src/platform/http/etag.js';
import { toLabelResponse } from '../../src/prompts/labels/dto/label.dto.js';
import { LabelledVersionUnknownError, VersionNotFoundError } from '../../src/prompts/prompts.errors.js';
import type { PromptId, PromptVersionNumber } from '../../src/prompts/prompts.types.js';
import { ANYTIME, page, promptsFixture, STALE } from './prompts-fixture.js';

describe('prompt labels', () => {
  let fixture: Awaited<ReturnType<typeof promptsFixture>>;
  let ada: UserId;
  let prompt: PromptId;

  const number = (version: number): PromptVersionNumber => version as PromptVersionNumber;
  const ifMatch = async (label: string): Promise<Precondition> =>
    new Precondition(etagOf(toLabelResponse(await fixture.labels.get(ada, prompt, label))));

  beforeAll(async () => {
    fixture = await promptsFixture();
    ({ ada } = fixture);
  });
  beforeEach(async () => {
    const item = await fixture.newItem(ada);
    prompt = (await fixture.prompts.create(ada, item, { name: 'Facts', template: 'One' })).id;
    await fixture.versions.create(ada, prompt, { template: 'Two' });
    await fixture.versions.create(ada, prompt, { template: 'Three' });
  });
  afterAll(async () => {
    await fixture.database.close();
  });

  it('are made, moved with their ETag, and keep a history, newest first', async () => {
    const { labels, prompts } = fixture;
    const made = await labels.set(ada, prompt, 'production', number(1), ANYTIME);
    expect(made).toMatchObject({ created: true, label: { label: 'production', version: 1 } });
    const moved = await labels.set(ada, prompt, 'production', number(2), await ifMatch('production'));
    expect(moved).toMatchObject({ created: false, label: { version: 2 } });
    expect(await labels.get(ada, prompt, 'production')).toEqual(moved.label);
    const history = await labels.history(ada, prompt, 'production', page(1));
    expect(history.rows).toMatchObject([{ version: 2, setAt: moved.label.setAt }]);
    const older = await labels.history(ada, prompt, 'production', page(1, history.rows[0]?.id ?? null));
    expect(older).toMatchObject({ rows: [{ version: 1, setAt: made.label.setAt }], more: false });
    expect((await prompts.get(ada, prompt)).labels).toEqual({ production: 2 });
  });

  it('need If-Match to move, and refuse a stale one', async () => {
    const { labels } = fixture;
    await expect(labels.set(ada, prompt, 'production', number(1), STALE)).rejects.toThrow(PreconditionFailedError);
    await labels.set(ada, prompt, 'production', number(1), ANYTIME);
    await expect(labels.set(ada, prompt, 'production', number(2), ANYTIME)).rejects.toThrow(PreconditionRequiredError);
    await expect(labels.set(ada, prompt, 'production', number(2), STALE)).rejects.toThrow(PreconditionFailedError);
    await expect(labels.delete(ada, prompt, 'production', STALE)).rejects.toThrow(PreconditionFailedError);
    expect(await labels.get(ada, prompt, 'production')).toMatchObject({ version: 1 });
  });

  it('have another ETag after every move, also back and forth within a moment', async () => {
    const { labels } = fixture;
    await labels.set(ada, prompt, 'production', number(1), ANYTIME);
    const seen = new Set<string>();
    for (const version of [2, 1, 2, 1, 2, 1]) {
      const etag = etagOf(toLabelResponse(await labels.get(ada, prompt, 'production')));
      expect(seen.has(etag)).toBe(false);
      seen.add(etag);
      await labels.set(ada, prompt, 'production', number(version), new Precondition(etag));
    }
  });

  it('have exactly one winner when moves with the same If-Match race', async () => {
    const { labels } = fixture;
    await labels.set(ada, prompt, 'production', number(1), ANYTIME);
    const known = await ifMatch('production');
    const results = await Promise.allSettled(
      [2, 3, 2, 3].map((version) => labels.set(ada, prompt, 'production', number(version), known)),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(PreconditionFailedError);
    }
    expect((await labels.history(ada, prompt, 'production', page())).rows).toHaveLength(2);
  });

  it('have exactly one maker when two make the same one', async () => {
    const { labels } = fixture;
    const results = await Promise.allSettled([
      labels.set(ada, prompt, 'production', number(1), ANYTIME),
      labels.set(ada, prompt, 'production', number(2), ANYTIME),
    ]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('change nothing when they are set to the version that they have', async () => {
    const { labels, prompts } = fixture;
    const { label } = await labels.set(ada, prompt, 'production', number(1), ANYTIME);
    const before = await prompts.get(ada, prompt);
    const again = await labels.set(ada, prompt, 'production', number(1), await ifMatch('production'));
    expect(again).toEqual({ label, created: false });
    expect(await prompts.get(ada, prompt)).toEqual(before);
    expect((await labels.history(ada, prompt, 'production', page())).rows).toHaveLength(1);
  });

  it('stand only for versions that there are', async () => {
    const { labels } = fixture;
    const refused = labels.set(ada, prompt, 'production', number(4), ANYTIME);
    await expect(refused).rejects.toEqual(new LabelledVersionUnknownError(prompt, 4));
    await labels.set(ada, prompt, 'production', number(1), ANYTIME);
    const moved = labels.set(ada, prompt, 'production', number(4), await ifMatch('production'));
    await expect(moved).rejects.toMatchObject({ slug: 'validation-failed' });
    expect(await labels.get(ada, prompt, 'production')).toMatchObject({ version: 1 });
  });

  it('are listed newest first and gone when removed', async () => {
    const { labels, prompts } = fixture;
    await labels.set(ada, prompt, 'production', number(1), ANYTIME);
    await labels.set(ada, prompt, 'a-test', number(2), ANYTIME);
    const { rows } = await labels.list(ada, prompt, page());
    expect(rows.map(({ label }) => label)).toEqual(['a-test', 'production']);
    await labels.delete(ada, prompt, 'production', await ifMatch('production'));
    const gone = new VersionNotFoundError(prompt, { label: 'production' });
    await expect(labels.get(ada, prompt, 'production')).rejects.toEqual(gone);
    await expect(labels.history(ada, prompt, 'production', page())).rejects.toEqual(gone);
    await expect(labels.delete(ada, prompt, 'production', ANYTIME)).rejects.toEqual(gone);
    expect((await prompts.get(ada, prompt)).labels).toEqual({ 'a-test': 2 });
  });

  it('go with their prompt', async () => {
    const { labels, prompts, database } = fixture;
    await labels.set(ada, prompt, 'production', number(1), ANYTIME);
    await prompts.delete(ada, prompt, ANYTIME);
    const sql = `select 1 from prompt_labels where prompt_id = $1 union all select 1 from prompt_versions where prompt_id = $1`;
    expect(await database.transaction.sql(sql, [prompt])).toEqual([]);
  });
});
