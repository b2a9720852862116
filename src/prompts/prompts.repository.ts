import { Injectable } from '@nestjs/common';
import type { UserId } from '../identity/user-id.js';
import { mapConstraint } from '../platform/database/sql-errors.js';
import { Transaction } from '../platform/database/transaction.js';
import { OwnedQuery } from '../platform/paging/owned-query.js';
import type { PageRequest, Slice } from '../platform/paging/pager.js';
import { ItemNotFoundError, type ResearchItemId } from './parent-item.js';
import { Prompt } from './prompt.entity.js';
import { PromptNameTakenError, PromptNotFoundError } from './prompts.errors.js';
import type { LabelMap, PromptDetails, PromptId, PromptSummary } from './prompts.types.js';

/** A prompt without its versions and labels. */
export type PromptRow = Pick<Prompt, 'id' | 'researchItemId' | 'name' | 'createdAt' | 'updatedAt'>;

/** The labels of the prompt at hand as one JSON object, in alphabetical order. */
const labelsOf = (promptId: string): string => `
  coalesce((select json_object_agg(l.label, l.version order by l.label)
            from prompt_labels l where l.prompt_id = ${promptId}), '{}')`;

const ROW_COLUMNS = `
  id, research_item_id as "researchItemId", name, created_at as "createdAt", updated_at as "updatedAt"`;

const INSERT = `
  insert into prompts (user_id, research_item_id, name) values ($1, $2, $3) returning ${ROW_COLUMNS}`;

const FIND = `
  select p.id, p.research_item_id as "researchItemId", p.name, p.created_at as "createdAt", p.updated_at as "updatedAt",
         v.version, v.template, v.system, v.variables, v.settings, ${labelsOf('p.id')} as labels
  from prompts p join prompt_versions v on v.prompt_id = p.id and v.version = p.latest_version
  where p.id = $1 and p.user_id = $2`;

const SUMMARIES_OF_ITEMS = `
  select p.id, p.research_item_id as "researchItemId", p.name, p.latest_version as version,
         p.created_at as "createdAt", p.updated_at as "updatedAt", ${labelsOf('p.id')} as labels
  from prompts p where p.user_id = $1 and p.research_item_id = any($2::bigint[]) order by p.id desc`;

/** The prompts of a user. */
@Injectable()
export class PromptsRepository {
  constructor(private readonly transaction: Transaction) {}

  /** @throws ItemNotFoundError, PromptNameTakenError */
  async insert(owner: UserId, researchItemId: ResearchItemId, name: string): Promise<PromptRow> {
    const rows = await this.transaction.sql<PromptRow>(INSERT, [owner, researchItemId, name]).catch((error: unknown) =>
      mapConstraint(error, {
        prompts_research_item_fkey: () => new ItemNotFoundError(researchItemId),
        prompts_user_id_research_item_id_name_key: () => new PromptNameTakenError(name),
      }),
    );
    return rows[0] as PromptRow;
  }

  /** The prompt with its latest version and its labels, by one query. @throws PromptNotFoundError */
  async get(owner: UserId, id: PromptId): Promise<PromptDetails> {
    const [prompt] = await this.transaction.sql<PromptDetails>(FIND, [id, owner]);
    if (!prompt) throw new PromptNotFoundError(id);
    return prompt;
  }

  /**
   * Holds the prompt until the transaction ends, so that changes of it, its versions and its labels come one by one. Runs
   * may still refer to it meanwhile.
   * @throws PromptNotFoundError
   */
  async lock(owner: UserId, id: PromptId): Promise<void> {
    const rows = await this.transaction.sql('select 1 from prompts where id = $1 and user_id = $2 for no key update', [
      id,
      owner,
    ]);
    if (rows.length === 0) throw new PromptNotFoundError(id);
  }

  /** @throws PromptNameTakenError */
  async rename(owner: UserId, id: PromptId, name: string): Promise<void> {
    await this.transaction
      .sql('update prompts set name = $3, updated_at = now() where id = $1 and user_id = $2', [id, owner, name])
      .catch((error: unknown) =>
        mapConstraint(error, { prompts_user_id_research_item_id_name_key: () => new PromptNameTakenError(name) }),
      );
  }

  /** Notes that something which belongs to the prompt has changed. */
  async touch(owner: UserId, id: PromptId): Promise<void> {
    await this.transaction.sql('update prompts set updated_at = now() where id = $1 and user_id = $2', [id, owner]);
  }

  async delete(owner: UserId, id: PromptId): Promise<void> {
    await this.transaction.sql('delete from prompts where id = $1 and user_id = $2', [id, owner]);
  }

  /** One page of an item's prompts, newest first. @throws ItemNotFoundError */
  async listOfItem(owner: UserId, researchItemId: ResearchItemId, page: PageRequest): Promise<Slice<PromptSummary>> {
    const slice = await OwnedQuery.of(this.transaction.manager, Prompt, owner)
      .where('researchItemId', researchItemId)
      .compute<'labels', LabelMap>('labels', labelsOf('row.id'))
      .newestFirst(page)
      .slice();
    if (slice.rows.length === 0) await this.checkItem(owner, researchItemId);
    return { more: slice.more, rows: slice.rows.map((row) => ({ ...row, version: row.latestVersion })) };
  }

  /** All prompts of these items, newest first, by one query however many items there are. */
  async summariesOf(owner: UserId, items: readonly ResearchItemId[]): Promise<PromptSummary[]> {
    return this.transaction.sql<PromptSummary>(SUMMARIES_OF_ITEMS, [owner, items]);
  }

  /** @throws ItemNotFoundError */
  async checkItem(owner: UserId, id: ResearchItemId): Promise<void> {
    const found = await this.transaction.sql('select 1 from research_items where id = $1 and user_id = $2', [
      id,
      owner,
    ]);
    if (found.length === 0) throw new ItemNotFoundError(id);
  }
}
