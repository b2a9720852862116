import { Injectable } from '@nestjs/common';
import type { UserId } from '../../identity/user-id.js';
import { Transaction } from '../../platform/database/transaction.js';
import { PreconditionFailedError, PreconditionRequiredError } from '../../platform/errors/platform.errors.js';
import { etagOf, type Precondition } from '../../platform/http/etag.js';
import type { PageRequest, Slice } from '../../platform/paging/pager.js';
import { NothingToRollBackError, VersionNotFoundError } from '../prompts.errors.js';
import { PromptsRepository } from '../prompts.repository.js';
import type { PromptId, PromptVersionNumber } from '../prompts.types.js';
import { toLabelResponse } from './dto/label.dto.js';
import { type Label, type LabelMove, LabelsRepository } from './labels.repository.js';

/** Sets, moves and removes the labels of prompts. Moves of one prompt's labels come one by one, so that races have one winner. */
@Injectable()
export class LabelsService {
  constructor(
    private readonly transaction: Transaction,
    private readonly prompts: PromptsRepository,
    private readonly labels: LabelsRepository,
  ) {}

  /**
   * Makes the label stand for the version. Moving one that exists needs its present ETag in `If-Match`; setting it to the
   * version that it has already changes nothing.
   * @throws PromptNotFoundError, LabelledVersionUnknownError, PreconditionRequiredError, PreconditionFailedError
   */
  async set(
    owner: UserId,
    promptId: PromptId,
    name: string,
    version: PromptVersionNumber,
    precondition: Precondition,
  ): Promise<{ label: Label; created: boolean }> {
    return this.transaction.run(async () => {
      await this.prompts.lock(owner, promptId);
      const present = await this.labels.find(owner, promptId, name);
      checkMove(name, present, precondition);
      if (present?.version === version) return { label: present, created: false };
      const label = present
        ? await this.labels.move(owner, present, version)
        : await this.labels.insert(owner, promptId, name, version);
      await this.prompts.touch(owner, promptId);
      return { label, created: present === null };
    });
  }

  /**
   * Takes the last move of the label back: it stands where it stood before, and rolling back again goes further back. The
   * history grows by the move back.
   * @throws PromptNotFoundError, VersionNotFoundError, PreconditionRequiredError, PreconditionFailedError, NothingToRollBackError
   */
  async rollBack(owner: UserId, promptId: PromptId, name: string, precondition: Precondition): Promise<Label> {
    return this.transaction.run(async () => {
      await this.prompts.lock(owner, promptId);
      const present = await this.get(owner, promptId, name);
      checkMove(name, present, precondition);
      const earlier = await this.labels.findEarlier(owner, present);
      if (!earlier) throw new NothingToRollBackError(name, present.version);
      const label = await this.labels.rollBack(owner, present, earlier);
      await this.prompts.touch(owner, promptId);
      return label;
    });
  }

  /** @throws PromptNotFoundError, VersionNotFoundError */
  async get(owner: UserId, promptId: PromptId, name: string): Promise<Label> {
    const label = await this.labels.find(owner, promptId, name);
    if (label) return label;
    await this.prompts.get(owner, promptId);
    throw new VersionNotFoundError(promptId, { label: name });
  }

  /** @throws PromptNotFoundError */
  async list(owner: UserId, promptId: PromptId, page: PageRequest): Promise<Slice<Label>> {
    const slice = await this.labels.list(owner, promptId, page);
    if (slice.rows.length === 0) await this.prompts.get(owner, promptId);
    return slice;
  }

  /** @throws PromptNotFoundError, VersionNotFoundError */
  async history(owner: UserId, promptId: PromptId, name: string, page: PageRequest): Promise<Slice<LabelMove>> {
    return this.labels.history(owner, await this.get(owner, promptId, name), page);
  }

  /** @throws PromptNotFoundError, VersionNotFoundError, PreconditionFailedError */
  async delete(owner: UserId, promptId: PromptId, name: string, precondition: Precondition): Promise<void> {
    await this.transaction.run(async () => {
      await this.prompts.lock(owner, promptId);
      const label = await this.get(owner, promptId, name);
      precondition.check(etagOf(toLabelResponse(label)));
      await this.labels.delete(owner, label);
      await this.prompts.touch(owner, promptId);
    });
  }
}

function checkMove(name: string, present: Label | null, precondition: Precondition): void {
  if (present) {
    if (!precondition.given) {
      throw new PreconditionRequiredError(
        `The label "${name}" is set to version ${present.version}: to move it, send its ETag as If-Match`,
      );
    }
    precondition.check(etagOf(toLabelResponse(present)));
  } else if (precondition.given) {
    throw new PreconditionFailedError(`There is no label "${name}" yet that If-Match could name`);
  }
}
