import { Injectable } from '@nestjs/common';
import type { UserId } from '../../identity/user-id.js';
import { Transaction } from '../../platform/database/transaction.js';
import { OwnedQuery } from '../../platform/paging/owned-query.js';
import type { PageRequest, Slice } from '../../platform/paging/pager.js';
import { PromptNotFoundError, VersionNotFoundError } from '../prompts.errors.js';
import type {
  PromptId,
  PromptVersionNumber,
  PromptVersionSnapshot,
  VersionChoice,
  VersionContent,
} from '../prompts.types.js';
import { PromptVersion } from './prompt-version.entity.js';

/** A version as lists show it: without its texts. */
export type VersionSummary = Pick<PromptVersion, 'id' | 'promptId' | 'version' | 'createdAt'>;

// Counts on the prompt's row, whose lock makes concurrent creators take turns: numbers have no gaps.
const TAKE_NUMBER = `
  update prompts set latest_version = latest_version + 1, updated_at = now()
  where id = $1 and user_id = $2
  returning latest_version as version, research_item_id as "researchItemId"`;

const INSERT = `
  insert into prompt_versions (prompt_id, user_id, version, template, system, variables, settings)
  values ($1, $2, $3, $4, $5, $6, $7)
  returning created_at as "createdAt"`;

/** A left join, so that one query tells a missing version from a missing prompt. */
const resolveSql = (wanted: string): string => `
  select p.id as "promptId", p.research_item_id as "researchItemId",
         v.version, v.template, v.system, v.variables, v.settings, v.created_at as "createdAt"
  from prompts p left join prompt_versions v on v.prompt_id = p.id and v.version = ${wanted}
  where p.id = $1 and p.user_id = $2`;

const RESOLVE_LATEST = resolveSql('p.latest_version');
// A bigint, as a number beyond PostgreSQL's integer is a version that is not there, and no error.
const RESOLVE_NUMBER = resolveSql('$3::bigint');
const RESOLVE_LABEL = resolveSql('(select l.version from prompt_labels l where l.prompt_id = p.id and l.label = $3)');

/** The versions of a user's prompts. */
@Injectable()
export class PromptVersionsRepository {
  constructor(private readonly transaction: Transaction) {}

  /** Writes the first version of a prompt that was just made. */
  async insertFirst(owner: UserId, promptId: PromptId, content: VersionContent): Promise<void> {
    await this.insert(owner, promptId, 1 as PromptVersionNumber, content);
  }

  /** Writes the next version; needs a transaction. @throws PromptNotFoundError */
  async insertNext(owner: UserId, promptId: PromptId, content: VersionContent): Promise<PromptVersionSnapshot> {
    const [next] = await this.transaction.sql<Pick<PromptVersionSnapshot, 'version' | 'researchItemId'>>(TAKE_NUMBER, [
      promptId,
      owner,
    ]);
    if (!next) throw new PromptNotFoundError(promptId);
    const createdAt = await this.insert(owner, promptId, next.version, content);
    return { ...content, ...next, promptId, createdAt };
  }

  /** The version that is meant, by one query. @throws PromptNotFoundError, VersionNotFoundError */
  async resolve(owner: UserId, promptId: PromptId, choice: VersionChoice): Promise<PromptVersionSnapshot> {
    const [row] = await this.select(owner, promptId, choice);
    if (!row) throw new PromptNotFoundError(promptId);
    if (row.version === null) throw new VersionNotFoundError(promptId, choice);
    return row;
  }

  /** One page of a prompt's versions, newest first. @throws PromptNotFoundError */
  async list(owner: UserId, promptId: PromptId, page: PageRequest): Promise<Slice<VersionSummary>> {
    const slice = await OwnedQuery.of(this.transaction.manager, PromptVersion, owner)
      .select(['promptId', 'version', 'createdAt'])
      .where('promptId', promptId)
      .newestFirst(page)
      .slice();
    // A prompt has a version from its first moment on, and versions go only with their prompt.
    if (slice.rows.length === 0) throw new PromptNotFoundError(promptId);
    return slice;
  }

  private async select(owner: UserId, promptId: PromptId, { version, label }: VersionChoice) {
    type Row = PromptVersionSnapshot | { readonly version: null };
    if (version !== undefined) return this.transaction.sql<Row>(RESOLVE_NUMBER, [promptId, owner, version]);
    if (label !== undefined) return this.transaction.sql<Row>(RESOLVE_LABEL, [promptId, owner, label]);
    return this.transaction.sql<Row>(RESOLVE_LATEST, [promptId, owner]);
  }

  private async insert(
    owner: UserId,
    promptId: PromptId,
    version: PromptVersionNumber,
    { template, system, variables, settings }: VersionContent,
  ): Promise<Date> {
    const json = [JSON.stringify(variables), JSON.stringify(settings)];
    const rows = await this.transaction.sql<{ createdAt: Date }>(INSERT, [
      promptId,
      owner,
      version,
      template,
      system,
      ...json,
    ]);
    return (rows[0] as { createdAt: Date }).createdAt;
  }
}
