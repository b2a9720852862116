import { RunsRepository } from '../../src/ai/runs/runs.repository.js';
import { DossierSource } from '../../src/exports/dossier-source.js';
import { ExportsRepository } from '../../src/exports/exports.repository.js';
import { jsonExport } from '../../src/exports/json-export.js';
import { ANSWERS_PER_VERSION, markdownExport } from '../../src/exports/markdown/markdown-export.js';
import type { UserId } from '../../src/identity/user-id.js';
import { ItemNotFoundError, type ResearchItemId } from '../../src/prompts/parent-item.js';
import { PromptNotFoundError } from '../../src/prompts/prompts.errors.js';
import type { PromptId, PromptVersionNumber } from '../../src/prompts/prompts.types.js';
import { ANYTIME, promptsFixture, statementsOf } from './prompts-fixture.js';

const INSERT = `
  insert into runs (user_id, status, prompt_id, prompt_version, research_item_id, model, settings, messages, output_text,
                    billing_state, billing_min_nano_usd, simulated, created_at, finished_at)
  select $1, $2, $3, $4, $5, 'm', '{}', '[{"role": "user", "content": "Why?"}]', 'Because ' || n,
         'none', 0, false, now(), now()
  from generate_series(1, $6::integer) n`;

describe('what exports are made of', () => {
  let fixture: Awaited<ReturnType<typeof promptsFixture>>;
  let source: DossierSource;
  let ada: UserId;
  let item: ResearchItemId;
  let prompt: PromptId;

  beforeAll(async () => {
    fixture = await promptsFixture();
    ({ ada } = fixture);
    const { transaction } = fixture.database;
    const repository = new ExportsRepository(transaction);
    source = new DossierSource(repository, new RunsRepository(transaction), fixture.prompts, fixture.labels);
  });
  beforeEach(async () => {
    item = await fixture.newItem(ada);
    prompt = (await fixture.prompts.create(ada, item, { name: 'Facts', template: 'One' })).id;
  });
  afterAll(async () => {
    await fixture.database.close();
  });

  const addRuns = async (count: number, version: number | null, status = 'succeeded'): Promise<void> => {
    const of = version === null ? null : prompt;
    await fixture.database.transaction.sql(INSERT, [ada, status, of, version, item, count]);
  };
  const textOf = async (pieces: AsyncIterable<string>): Promise<string> => {
    let text = '';
    for await (const piece of pieces) text += piece;
    return text;
  };
  const markdown = async (): Promise<string> => textOf(markdownExport(source, ada, await fixture.items.get(ada, item)));
  const json = async (): Promise<string> => textOf(jsonExport(source, ada, await fixture.items.get(ada, item)));

  it('are, for a dossier, the latest answers of every version, and it tells how many it leaves out', async () => {
    await addRuns(ANSWERS_PER_VERSION + 3, 1);
    await fixture.versions.create(ada, prompt, { template: 'Two' });
    await addRuns(2, 2);
    await addRuns(1, 2, 'failed');
    const text = await markdown();
    expect(text.match(/^> Because /gm)).toHaveLength(ANSWERS_PER_VERSION + 2);
    expect(text).toContain('> Because 4\n');
    expect(text).not.toContain('> Because 3\n');
    expect(text).toContain(
      `*Version 1 has 3 earlier answers: in the export as JSON, and at* \`GET /ai/runs?prompt_id=${prompt}&status=succeeded\``,
    );
    expect(text).not.toContain('Version 2 has');
    expect((JSON.parse(await json()) as { prompts: { runs: object[] }[] }).prompts[0]?.runs).toHaveLength(
      ANSWERS_PER_VERSION + 5,
    );
  });

  it('are read by statements whose number follows the pages, not the rows', async () => {
    await addRuns(100, 1);
    await addRuns(100, null);
    // Item, prompts, versions, labels (and that the prompt is there), twice names and five pages of runs, two checks.
    expect(await statementsOf(json)).toBeLessThanOrEqual(19);
  });

  it("are nobody else's", async () => {
    await addRuns(1, 1);
    await addRuns(1, null);
    const { bob } = fixture;
    const all = async (rows: AsyncIterable<unknown>): Promise<unknown[]> => {
      const found: unknown[] = [];
      for await (const row of rows) found.push(row);
      return found;
    };
    const [mine] = (await all(source.promptsOf(ada, item))) as [Parameters<DossierSource['versionsOf']>[1]];
    expect(await all(source.promptsOf(bob, item))).toEqual([]);
    expect(await all(source.versionsOf(bob, mine))).toEqual([]);
    expect(await all(source.answersOf(bob, prompt))).toEqual([]);
    expect(await all(source.answersWithoutPrompt(bob, item))).toEqual([]);
    expect(await source.latestAnswers(bob, prompt, 10)).toEqual([]);
    const [run] = (await all(source.answersOf(ada, prompt))) as { id: never }[];
    expect(await all(source.read(bob, [run?.id as never]))).toEqual([]);
    await expect(all(source.labelsOf(bob, prompt))).rejects.toThrow(PromptNotFoundError);
  });

  it.each(['item', 'prompt'])('break off when the %s is deleted between their parts', async (what) => {
    for (const write of [markdownExport, jsonExport]) {
      const doomed = await fixture.newItem(ada);
      const { id } = await fixture.prompts.create(ada, doomed, { name: 'Doomed', template: 'One' });
      await fixture.labels.set(ada, id, 'production', 1 as PromptVersionNumber, ANYTIME);
      const pieces = write(source, ada, await fixture.items.get(ada, doomed));
      await pieces.next();
      await pieces.next();
      if (what === 'item') await fixture.items.delete(ada, doomed, ANYTIME);
      else await fixture.prompts.delete(ada, id, ANYTIME);
      await expect(textOf(pieces)).rejects.toThrow(PromptNotFoundError);
    }
  });

  it('break off when an item without prompts is deleted meanwhile', async () => {
    const doomed = await fixture.newItem(ada);
    for (const write of [markdownExport, jsonExport]) {
      const pieces = write(source, ada, { ...(await fixture.items.get(ada, item)), id: doomed });
      await pieces.next();
      await fixture.items.delete(ada, doomed, ANYTIME).catch((error: unknown) => {
        if (!(error instanceof ItemNotFoundError)) throw error;
      });
      await expect(textOf(pieces)).rejects.toThrow(ItemNotFoundError);
    }
  });
});
