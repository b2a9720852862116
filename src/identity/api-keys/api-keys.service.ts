import { Injectable } from '@nestjs/common';
import { Transaction } from '../../platform/database/transaction.js';
import { ValidationFailedError } from '../../platform/errors/platform.errors.js';
import { etagOf, type Precondition } from '../../platform/http/etag.js';
import type { PageRequest, Slice } from '../../platform/paging/pager.js';
import type { AuthenticatedUser } from '../current-user.decorator.js';
import { ApiKeyNotFoundError, BootstrapKeyError, ForbiddenError } from '../identity.errors.js';
import { type Scope, SCOPES } from '../scope.js';
import type { ApiKeyId, UserId } from '../user-id.js';
import type { ApiKey } from './api-key.entity.js';
import { ApiKeyHasher } from './api-key-hasher.js';
import { ApiKeysRepository } from './api-keys.repository.js';
import { Authenticator } from './authenticator.js';
import { toApiKeyResponse } from './dto/api-key.dto.js';
import type { IssuedKey } from './issued-key.js';
import { newApiKey } from './key-format.js';

/** What an API key is to be. */
export interface KeyWish {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly expiresAt: Date | null;
}

/** Makes, lists and revokes API keys. */
@Injectable()
export class ApiKeysService {
  constructor(
    private readonly transaction: Transaction,
    private readonly repository: ApiKeysRepository,
    private readonly hasher: ApiKeyHasher,
    private readonly authenticator: Authenticator,
  ) {}

  /**
   * Makes a key for the maker, by default with all of the maker's scopes.
   * @throws ForbiddenError for a scope beyond the maker's
   * @throws ValidationFailedError for an expiry that is not in the future
   */
  async create(maker: AuthenticatedUser, wish: Partial<KeyWish> & { readonly name: string }): Promise<IssuedKey> {
    const { name, scopes = [...maker.scopes], expiresAt = null } = wish;
    if (expiresAt && expiresAt.getTime() <= Date.now()) {
      throw new ValidationFailedError([{ pointer: '/expires_at', detail: 'must be in the future' }]);
    }
    const beyond = scopes.filter((scope) => !maker.scopes.has(scope));
    if (beyond.length > 0) throw ForbiddenError.beyondMaker(beyond);
    return this.issue(maker.id, { name, scopes, expiresAt });
  }

  /** Makes a key for a user without asking who may. */
  async issue(owner: UserId, { name, scopes, expiresAt }: KeyWish): Promise<IssuedKey> {
    const id = await this.repository.nextId();
    const key = newApiKey(id);
    const apiKey = await this.repository.insert({
      id,
      userId: owner,
      name,
      scopes: SCOPES.filter((scope) => scopes.includes(scope)),
      hash: this.hasher.hash(key),
      expiresAt,
    });
    return { apiKey, key };
  }

  async list(owner: UserId, page: PageRequest): Promise<Slice<ApiKey>> {
    return this.repository.list(owner, page);
  }

  /** @throws ApiKeyNotFoundError when the owner has no such key. */
  async get(owner: UserId, id: ApiKeyId): Promise<ApiKey> {
    const apiKey = await this.repository.find(owner, id);
    if (!apiKey) throw new ApiKeyNotFoundError(id);
    return apiKey;
  }

  /**
   * Revokes a key: at once on this replica, within 5 s on every other.
   * @throws ApiKeyNotFoundError when the owner has no such key (any more)
   * @throws PreconditionFailedError when `If-Match` is stale
   * @throws BootstrapKeyError for the first admin key
   */
  async revoke(owner: UserId, id: ApiKeyId, precondition: Precondition): Promise<void> {
    await this.transaction.run(async () => {
      const apiKey = await this.repository.findLocked(owner, id);
      if (!apiKey) throw new ApiKeyNotFoundError(id);
      precondition.check(etagOf(toApiKeyResponse(apiKey)));
      if (apiKey.bootstrap) throw new BootstrapKeyError();
      await this.repository.delete(owner, id);
      await this.transaction.afterCommit(() => this.authenticator.forget(apiKey.hash));
    });
  }
}
