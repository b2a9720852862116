import fc from 'fast-check';
import { LabelRollback1790000000011 } from '../../src/migrations/1790000000011-label-rollback.js';
import type { UserId } from '../../src/identity/user-id.js';
import {
  ConflictError,
  PreconditionFailedError,
  PreconditionRequiredError,
} from '../../src/platform/errors/platform.errors.js';
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

  it('go back to where they stood, and further back each time, as undoing does', async () => {
    const { labels } = fixture;
    for (const version of [1, 2, 3]) {
      await labels.set(
        ada,
        prompt,
        'production',
        number(version),
        version === 1 ? ANYTIME : await ifMatch('production'),
      );
    }
    const rollBack = async () => labels.rollBack(ada, prompt, 'production', await ifMatch('production'));
    expect(await rollBack()).toMatchObject({ label: 'production', version: 2 });
    expect(await rollBack()).toMatchObject({ version: 1 });
    await expect(rollBack()).rejects.toThrow(ConflictError);
    const history = await labels.history(ada, prompt, 'production', page());
    expect(history.rows.map(({ version }) => version)).toEqual([1, 2, 3, 2, 1]);
  });

  it('go back by whatever was done as a stack of versions does', async () => {
    const { labels } = fixture;
    const steps = fc.array(fc.oneof(fc.constantFrom(1, 2, 3), fc.constant('back' as const)), { maxLength: 25 });
    const play = async (taken: readonly (number | 'back')[]): Promise<void> => {
      await labels.set(ada, prompt, 'production', number(1), ANYTIME);
      const stack = [1];
      for (const step of taken) {
        const etag = await ifMatch('production');
        if (step !== 'back') {
          await labels.set(ada, prompt, 'production', number(step), etag);
          if (step !== stack.at(-1)) stack.push(step);
        } else if (stack.length === 1) {
          await expect(labels.rollBack(ada, prompt, 'production', etag)).rejects.toThrow(ConflictError);
        } else {
          await labels.rollBack(ada, prompt, 'production', etag);
          stack.pop();
        }
        expect((await labels.get(ada, prompt, 'production')).version).toBe(stack.at(-1));
      }
    };
    const clear = async (): Promise<void> => labels.delete(ada, prompt, 'production', ANYTIME);
    await fc.assert(fc.asyncProperty(steps, play).afterEach(clear), { numRuns: 15 });
  });

  it('are rolled back only by whoever has seen where they stand, and once by many who ask at once', async () => {
    const { labels } = fixture;
    const missing = labels.rollBack(ada, prompt, 'production', ANYTIME);
    await expect(missing).rejects.toEqual(new VersionNotFoundError(prompt, { label: 'production' }));
    await labels.set(ada, prompt, 'production', number(1), ANYTIME);
    await labels.set(ada, prompt, 'production', number(2), await ifMatch('production'));
    await labels.set(ada, prompt, 'production', number(3), await ifMatch('production'));
    await expect(labels.rollBack(ada, prompt, 'production', ANYTIME)).rejects.toThrow(PreconditionRequiredError);
    await expect(labels.rollBack(ada, prompt, 'production', STALE)).rejects.toThrow(PreconditionFailedError);
    const known = await ifMatch('production');
    const results = await Promise.allSettled([1, 2, 3].map(() => labels.rollBack(ada, prompt, 'production', known)));
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(await labels.get(ada, prompt, 'production')).toMatchObject({ version: 2 });
  });

  it('can be rolled back by the moves that were made before rollbacks were known', async () => {
    const { labels, database } = fixture;
    for (const label of ['production', 'staging']) {
      await labels.set(ada, prompt, label, number(1), ANYTIME);
      await labels.set(ada, prompt, label, number(2), await ifMatch(label));
    }
    const sql = `
      select m.id, m.previous_id from prompt_label_moves m join prompt_labels l on l.id = m.label_id
      where l.prompt_id = $1 order by m.id`;
    const chains = () => database.transaction.sql(sql, [prompt]);
    const before = await chains();
    const runner = database.dataSource.createQueryRunner();
    await new LabelRollback1790000000011().down(runner);
    await new LabelRollback1790000000011().up(runner);
    await runner.release();
    expect(await chains()).toEqual(before);
    expect(await labels.rollBack(ada, prompt, 'staging', await ifMatch('staging'))).toMatchObject({ version: 1 });
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
