import { Injectable } from '@nestjs/common';
import type { UserId } from '../../identity/user-id.js';
import { Transaction } from '../../platform/database/transaction.js';
import type { PageRequest, Slice } from '../../platform/paging/pager.js';
import type { CreateVersionRequest } from '../dto/prompt-version.dto.js';
import type { PromptId, PromptVersionSnapshot } from '../prompts.types.js';
import { versionContent } from '../version-content.js';
import { PromptVersionsRepository, type VersionSummary } from './prompt-versions.repository.js';

/** Two versions that are compared: what was, and what came of it. */
export interface VersionPair {
  readonly from: PromptVersionSnapshot;
  readonly to: PromptVersionSnapshot;
}

/** Adds versions to prompts and reads them. */
@Injectable()
export class PromptVersionsService {
  constructor(
    private readonly transaction: Transaction,
    private readonly versions: PromptVersionsRepository,
  ) {}

  /** Adds the next version. @throws PromptNotFoundError, ValidationFailedError */
  async create(owner: UserId, promptId: PromptId, request: CreateVersionRequest): Promise<PromptVersionSnapshot> {
    const content = versionContent(request);
    return this.transaction.run(() => this.versions.insertNext(owner, promptId, content));
  }

  /** @throws PromptNotFoundError, VersionNotFoundError */
  async get(owner: UserId, promptId: PromptId, version: number): Promise<PromptVersionSnapshot> {
    return this.versions.resolve(owner, promptId, { version });
  }

  /** Two versions of one prompt, in this order. @throws PromptNotFoundError, VersionNotFoundError */
  async getBoth(owner: UserId, promptId: PromptId, one: number, other: number): Promise<VersionPair> {
    const from = await this.get(owner, promptId, one);
    return { from, to: one === other ? from : await this.get(owner, promptId, other) };
  }

  /** One page, newest first. @throws PromptNotFoundError */
  async list(owner: UserId, promptId: PromptId, page: PageRequest): Promise<Slice<VersionSummary>> {
    return this.versions.list(owner, promptId, page);
  }
}
