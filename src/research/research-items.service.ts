import { Injectable } from '@nestjs/common';
import type { UserId } from '../identity/user-id.js';
import { Transaction } from '../platform/database/transaction.js';
import { etagOf, type Precondition } from '../platform/http/etag.js';
import type { PageRequest, Slice } from '../platform/paging/pager.js';
import type { ResearchItemId } from '../prompts/parent-item.js';
import { PromptsService } from '../prompts/prompts.service.js';
import type { PromptSummary } from '../prompts/prompts.types.js';
import type { CreateItemRequest, UpdateItemRequest } from './dto/research-item.dto.js';
import { toItemResponse } from './dto/research-item.dto.js';
import { RepeatedTagsError } from './research.errors.js';
import { ResearchItemsRepository } from './research-items.repository.js';
import type { ItemDetails, ItemFilters } from './research-items.types.js';

/** The prompts of several items, each with the newest first. */
export type PromptsByItem = ReadonlyMap<ResearchItemId, readonly PromptSummary[]>;

/** Research items: a user's topics. */
@Injectable()
export class ResearchItemsService {
  constructor(
    private readonly transaction: Transaction,
    private readonly items: ResearchItemsRepository,
    private readonly prompts: PromptsService,
  ) {}

  /** @throws RepeatedTagsError */
  async create(owner: UserId, { title, description = null, tags = [] }: CreateItemRequest): Promise<ItemDetails> {
    checkTags(tags);
    return this.items.insert(owner, { title, description, tags });
  }

  /** @throws ItemNotFoundError */
  async get(owner: UserId, id: ResearchItemId): Promise<ItemDetails> {
    return this.items.get(owner, id);
  }

  /** One page, newest first. */
  async list(owner: UserId, filters: ItemFilters, page: PageRequest): Promise<Slice<ItemDetails>> {
    return this.items.list(owner, filters, page);
  }

  /** The prompts of these items, by one query however many items there are. */
  async promptsOf(owner: UserId, items: readonly ItemDetails[]): Promise<PromptsByItem> {
    const prompts = await this.prompts.summariesOf(
      owner,
      items.map(({ id }) => id),
    );
    const byItem = new Map<ResearchItemId, PromptSummary[]>();
    for (const prompt of prompts) {
      const siblings = byItem.get(prompt.researchItemId);
      if (siblings) siblings.push(prompt);
      else byItem.set(prompt.researchItemId, [prompt]);
    }
    return byItem;
  }

  /** Changes the fields that are given; without any, nothing. @throws ItemNotFoundError, RepeatedTagsError, PreconditionFailedError */
  async update(
    owner: UserId,
    id: ResearchItemId,
    changes: UpdateItemRequest,
    precondition: Precondition,
  ): Promise<ItemDetails> {
    if (changes.tags) checkTags(changes.tags);
    return this.transaction.run(async () => {
      const present = await this.hold(owner, id, precondition);
      return Object.keys(changes).length === 0 ? present : this.items.update(owner, id, { ...present, ...changes });
    });
  }

  /** Deletes an item with its prompts; its runs stay. @throws ItemNotFoundError, PreconditionFailedError */
  async delete(owner: UserId, id: ResearchItemId, precondition: Precondition): Promise<void> {
    await this.transaction.run(async () => {
      await this.hold(owner, id, precondition);
      await this.items.delete(owner, id);
    });
  }

  private async hold(owner: UserId, id: ResearchItemId, precondition: Precondition): Promise<ItemDetails> {
    await this.items.lock(owner, id);
    const present = await this.items.get(owner, id);
    precondition.check(etagOf(toItemResponse(present)));
    return present;
  }
}

function checkTags(tags: readonly string[]): void {
  const repeated = tags.flatMap((tag, index) => (tags.indexOf(tag) < index ? [index] : []));
  if (repeated.length > 0) throw new RepeatedTagsError(repeated);
}
