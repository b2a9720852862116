import type { UserId } from '../../src/identity/user-id.js';
import { QUERIES } from '../../src/platform/database/database.metrics.js';
import { Precondition } from '../../src/platform/http/etag.js';
import type { PageRequest } from '../../src/platform/paging/pager.js';
import { LabelsRepository } from '../../src/prompts/labels/labels.repository.js';
import { LabelsService } from '../../src/prompts/labels/labels.service.js';
import type { ResearchItemId } from '../../src/prompts/parent-item.js';
import { PromptsRepository } from '../../src/prompts/prompts.repository.js';
import { PromptsService } from '../../src/prompts/prompts.service.js';
import { PromptVersionsRepository } from '../../src/prompts/versions/prompt-versions.repository.js';
import { PromptVersionsService } from '../../src/prompts/versions/prompt-versions.service.js';
import { ResearchItemsRepository } from '../../src/research/research-items.repository.js';
import { ResearchItemsService } from '../../src/research/research-items.service.js';
import { freshDatabase } from '../support/database.js';

/** No `If-Match`. */
export const ANYTIME = new Precondition(undefined);
export const STALE = new Precondition('"stale"');

/** A page of a list. */
export function page(limit = 20, beforeId: number | null = null, offset = 0): PageRequest {
  return { limit, beforeId, offset };
}

/** How many statements `work` sends. */
export async function statementsOf(work: () => Promise<unknown>): Promise<number> {
  const count = async (): Promise<number> => (await QUERIES.get()).values[0]?.value ?? 0;
  const before = await count();
  await work();
  return (await count()) - before;
}

/** The prompts and research features on a fresh database with two users. */
export async function promptsFixture() {
  const database = await freshDatabase();
  const { transaction } = database;
  const newUser = async (name: string): Promise<UserId> => {
    const [row] = await transaction.sql<{ id: UserId }>('insert into users (name) values ($1) returning id', [name]);
    return (row as { id: UserId }).id;
  };
  const promptsRepository = new PromptsRepository(transaction);
  const versionsRepository = new PromptVersionsRepository(transaction);
  const prompts = new PromptsService(transaction, promptsRepository, versionsRepository);
  const items = new ResearchItemsService(transaction, new ResearchItemsRepository(transaction), prompts);
  return {
    database,
    ada: await newUser('Ada'),
    bob: await newUser('Bob'),
    items,
    prompts,
    versions: new PromptVersionsService(transaction, versionsRepository),
    labels: new LabelsService(transaction, promptsRepository, new LabelsRepository(transaction)),
    newItem: async (owner: UserId, title = 'Tides'): Promise<ResearchItemId> =>
      (await items.create(owner, { title })).id,
  };
}
