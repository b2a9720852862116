import { Injectable } from '@nestjs/common';
import { Transaction } from '../../platform/database/transaction.js';
import type { Precondition } from '../../platform/http/etag.js';
import { nanoFromUsd, type NanoUsd } from '../../platform/money/money.js';
import type { PageRequest, Slice } from '../../platform/paging/pager.js';
import { ApiKeysService } from '../api-keys/api-keys.service.js';
import type { IssuedKey } from '../api-keys/issued-key.js';
import { UserNotFoundError } from '../identity.errors.js';
import type { Scope } from '../scope.js';
import type { UserId } from '../user-id.js';
import type { User } from './user.entity.js';
import { userEtag } from './user-etag.js';
import { UsersRepository } from './users.repository.js';

/** A user that was just made, and the key to give them. */
export interface NewUser {
  readonly user: User;
  readonly issued: IssuedKey;
}

/** What can be said of a user; `budgetUsd` null: no limit. */
export interface UserFields {
  readonly name: string;
  readonly budgetUsd: number | null;
}

const FIRST_KEY_SCOPES: readonly Scope[] = ['read', 'write', 'run'];

/** Makes and changes users. */
@Injectable()
export class UsersService {
  constructor(
    private readonly transaction: Transaction,
    private readonly repository: UsersRepository,
    private readonly apiKeys: ApiKeysService,
  ) {}

  /** Makes a user together with a first key that may read, write and run. */
  async create({ name, budgetUsd }: UserFields): Promise<NewUser> {
    return this.transaction.run(async () => {
      const user = await this.repository.insert({ name, budgetNanoUsd: toNano(budgetUsd) });
      const key = { name: 'First key', scopes: FIRST_KEY_SCOPES, expiresAt: null };
      return { user, issued: await this.apiKeys.issue(user.id, key) };
    });
  }

  async list(page: PageRequest): Promise<Slice<User>> {
    return this.repository.list(page);
  }

  /** @throws UserNotFoundError */
  async get(id: UserId): Promise<User> {
    const user = await this.repository.find(id);
    if (!user) throw new UserNotFoundError(id);
    return user;
  }

  /**
   * Changes what is given; without anything the user stays as they are.
   * @throws UserNotFoundError
   * @throws PreconditionFailedError when `If-Match` is stale
   */
  async update(id: UserId, changes: Partial<UserFields>, precondition: Precondition): Promise<User> {
    return this.transaction.run(async () => {
      const user = await this.repository.findLocked(id);
      if (!user) throw new UserNotFoundError(id);
      precondition.check(userEtag(user));
      const { name = user.name, budgetUsd } = changes;
      const budgetNanoUsd = budgetUsd === undefined ? user.budgetNanoUsd : toNano(budgetUsd);
      return this.repository.update(user, { name, budgetNanoUsd });
    });
  }
}

function toNano(usd: number | null): NanoUsd | null {
  return usd === null ? null : nanoFromUsd(usd);
}
