import { Injectable } from '@nestjs/common';
import type { RunId } from '../ai/runs/run.types.js';
import type { UserId } from '../identity/user-id.js';
import { Transaction } from '../platform/database/transaction.js';
import type { ResearchItemId } from '../prompts/parent-item.js';
import type { LabelMap, PromptId, PromptVersionNumber, PromptVersionSnapshot } from '../prompts/prompts.types.js';

/** A prompt as an export tells of it; its texts are in its versions. */
export interface ExportedPrompt {
  readonly id: PromptId;
  readonly name: string;
  /** The latest. */
  readonly version: PromptVersionNumber;
  readonly labels: LabelMap;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** One of the latest answers of a prompt, and how many there are of its version in all. */
export interface LatestAnswer {
  readonly id: RunId;
  readonly version: PromptVersionNumber;
  readonly total: number;
}

const PROMPTS = `
  select p.id, p.name, p.latest_version as version, p.created_at as "createdAt", p.updated_at as "updatedAt",
         coalesce((select json_object_agg(l.label, l.version order by l.label)
                   from prompt_labels l where l.prompt_id = p.id), '{}') as labels
  from prompts p where p.research_item_id = $1 and p.user_id = $2 and p.id > $3 order by p.id limit $4`;

const VERSIONS = `
  select v.prompt_id as "promptId", p.research_item_id as "researchItemId", v.version, v.template, v.system,
         v.variables, v.settings, v.created_at as "createdAt"
  from prompt_versions v join prompts p on p.id = v.prompt_id
  where v.prompt_id = $1 and v.user_id = $2 and v.version < $3 and ($4::integer[] is null or v.version = any($4))
  order by v.version desc limit $5`;

const answersSql = (narrowed: string): string => `
  select id from runs where ${narrowed} and user_id = $2 and status = 'succeeded' and id < $3 order by id desc limit $4`;

const ANSWERS_OF_PROMPT = answersSql('prompt_id = $1');
// Runs of prompts that were deleted since are among them: nothing else is left of these.
const ANSWERS_WITHOUT_PROMPT = answersSql('research_item_id = $1 and prompt_id is null');

const LATEST = `
  select id, version, total from (
    select id, prompt_version as version, count(*) over (partition by prompt_version) as total,
           row_number() over (partition by prompt_version order by id desc) as place
    from runs where prompt_id = $1 and user_id = $2 and status = 'succeeded') ranked
  where place <= $3 order by id desc`;

/** Reads what exports are made of, in pages: a page at a time is all that is ever held. */
@Injectable()
export class ExportsRepository {
  constructor(private readonly transaction: Transaction) {}

  /** The item's prompts behind one, in the order in which they were made. */
  async promptsAfter(owner: UserId, item: ResearchItemId, after: number, limit: number): Promise<ExportedPrompt[]> {
    return this.transaction.sql<ExportedPrompt>(PROMPTS, [item, owner, after, limit]);
  }

  /** The prompt's versions before one, newest first; narrowed to some of them by `only`. */
  async versionsBefore(
    owner: UserId,
    prompt: PromptId,
    before: number,
    limit: number,
    only: readonly number[] | null,
  ): Promise<PromptVersionSnapshot[]> {
    return this.transaction.sql<PromptVersionSnapshot>(VERSIONS, [prompt, owner, before, only, limit]);
  }

  /** The prompt's succeeded runs before one, newest first. */
  async answersBefore(owner: UserId, prompt: PromptId, before: number, limit: number): Promise<RunId[]> {
    return this.ids(ANSWERS_OF_PROMPT, [prompt, owner, before, limit]);
  }

  /** The item's succeeded runs of no prompt before one, newest first. */
  async answersWithoutPromptBefore(
    owner: UserId,
    item: ResearchItemId,
    before: number,
    limit: number,
  ): Promise<RunId[]> {
    return this.ids(ANSWERS_WITHOUT_PROMPT, [item, owner, before, limit]);
  }

  /** The latest succeeded runs of every version of the prompt, newest first, as many of each version as `limit`. */
  async latestAnswers(owner: UserId, prompt: PromptId, limit: number): Promise<LatestAnswer[]> {
    return this.transaction.sql<LatestAnswer>(LATEST, [prompt, owner, limit]);
  }

  private async ids(text: string, values: readonly unknown[]): Promise<RunId[]> {
    return (await this.transaction.sql<{ id: RunId }>(text, values)).map(({ id }) => id);
  }
}
