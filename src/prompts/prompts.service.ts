import { Injectable } from '@nestjs/common';
import type { UserId } from '../identity/user-id.js';
import { Transaction } from '../platform/database/transaction.js';
import { ValidationFailedError } from '../platform/errors/platform.errors.js';
import { etagOf, type Precondition } from '../platform/http/etag.js';
import type { PageRequest, Slice } from '../platform/paging/pager.js';
import type { CreatePromptRequest } from './dto/prompt.dto.js';
import { toPromptResponse } from './dto/prompt.dto.js';
import type { ResearchItemId } from './parent-item.js';
import { PromptsRepository } from './prompts.repository.js';
import type {
  PromptDetails,
  PromptId,
  PromptSummary,
  PromptVersionNumber,
  PromptVersionSnapshot,
  RenderedPrompt,
  VersionChoice,
  VersionContent,
} from './prompts.types.js';
import { renderVersion, versionContent } from './version-content.js';
import { PromptVersionsRepository } from './versions/prompt-versions.repository.js';

/** Prompts, and what runs need to know of them. */
@Injectable()
export class PromptsService {
  constructor(
    private readonly transaction: Transaction,
    private readonly prompts: PromptsRepository,
    private readonly versions: PromptVersionsRepository,
  ) {}

  /** Makes a prompt with its first version. @throws ItemNotFoundError, PromptNameTakenError, ValidationFailedError */
  async create(owner: UserId, itemId: ResearchItemId, request: CreatePromptRequest): Promise<PromptDetails> {
    const content = versionContent(request);
    return this.transaction.run(async () => {
      const prompt = await this.prompts.insert(owner, itemId, request.name);
      await this.versions.insertFirst(owner, prompt.id, content);
      return { ...prompt, ...content, version: 1 as PromptVersionNumber, labels: {} };
    });
  }

  /** @throws PromptNotFoundError */
  async get(owner: UserId, id: PromptId): Promise<PromptDetails> {
    return this.prompts.get(owner, id);
  }

  /** One page of an item's prompts, newest first. @throws ItemNotFoundError */
  async listOfItem(owner: UserId, itemId: ResearchItemId, page: PageRequest): Promise<Slice<PromptSummary>> {
    return this.prompts.listOfItem(owner, itemId, page);
  }

  /** All prompts of these items, newest first, by one query; by none without items. */
  async summariesOf(owner: UserId, items: readonly ResearchItemId[]): Promise<PromptSummary[]> {
    return items.length === 0 ? [] : this.prompts.summariesOf(owner, items);
  }

  /** Renames a prompt; undefined leaves it as it is. @throws PromptNotFoundError, PromptNameTakenError, PreconditionFailedError */
  async rename(
    owner: UserId,
    id: PromptId,
    name: string | undefined,
    precondition: Precondition,
  ): Promise<PromptDetails> {
    return this.transaction.run(async () => {
      const present = await this.hold(owner, id, precondition);
      if (name === undefined) return present;
      await this.prompts.rename(owner, id, name);
      return this.prompts.get(owner, id);
    });
  }

  /** Deletes a prompt with its versions and labels. @throws PromptNotFoundError, PreconditionFailedError */
  async delete(owner: UserId, id: PromptId, precondition: Precondition): Promise<void> {
    await this.transaction.run(async () => {
      await this.hold(owner, id, precondition);
      await this.prompts.delete(owner, id);
    });
  }

  /**
   * The version that is meant, by one query.
   * @throws PromptNotFoundError, VersionNotFoundError; ValidationFailedError when both a version and a label are named
   */
  async resolve(owner: UserId, id: PromptId, choice: VersionChoice): Promise<PromptVersionSnapshot> {
    if (choice.version !== undefined && choice.label !== undefined) {
      throw new ValidationFailedError([{ pointer: '/label', detail: 'does not go together with version' }]);
    }
    return this.versions.resolve(owner, id, choice);
  }

  /** What Claude is asked. @throws MissingVariablesError, ValidationFailedError (surplus variables, too long a result) */
  render(version: VersionContent, variables: Readonly<Record<string, unknown>>): RenderedPrompt {
    return renderVersion(version, variables);
  }

  /** @throws ItemNotFoundError when the owner has no such item */
  async checkItem(owner: UserId, itemId: ResearchItemId): Promise<void> {
    await this.prompts.checkItem(owner, itemId);
  }

  private async hold(owner: UserId, id: PromptId, precondition: Precondition): Promise<PromptDetails> {
    await this.prompts.lock(owner, id);
    const present = await this.prompts.get(owner, id);
    precondition.check(etagOf(toPromptResponse(present)));
    return present;
  }
}
