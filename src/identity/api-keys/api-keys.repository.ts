import { Injectable } from '@nestjs/common';
import { Transaction } from '../../platform/database/transaction.js';
import { OwnedQuery } from '../../platform/paging/owned-query.js';
import type { PageRequest, Slice } from '../../platform/paging/pager.js';
import type { ApiKeyId, UserId } from '../user-id.js';
import { ApiKey } from './api-key.entity.js';

/** What is written of a new key. */
export type NewApiKey = Pick<ApiKey, 'id' | 'userId' | 'name' | 'scopes' | 'hash' | 'expiresAt'> & {
  readonly bootstrap?: boolean;
};

/** The API keys of a user. */
@Injectable()
export class ApiKeysRepository {
  constructor(private readonly transaction: Transaction) {}

  /** An id for a key to be made: it is part of the key, so it is needed before the row. */
  async nextId(): Promise<ApiKeyId> {
    const rows = await this.transaction.sql<{ id: ApiKeyId }>(
      `select nextval(pg_get_serial_sequence('api_keys', 'id')) as id`,
    );
    const [row] = rows;
    if (!row) throw new Error('The sequence of api_keys.id gave no value');
    return row.id;
  }

  async insert(fields: NewApiKey): Promise<ApiKey> {
    const { manager } = this.transaction;
    const apiKey = manager.create(ApiKey, fields);
    // Not `save`, which would first ask whether the id is there already.
    await manager.insert(ApiKey, apiKey);
    return apiKey;
  }

  /** The key with this hash, whoever owns it: the one question that is asked before the owner is known. */
  async findByHash(hash: Buffer): Promise<ApiKey | null> {
    return this.transaction.manager.findOneBy(ApiKey, { hash });
  }

  async find(owner: UserId, id: ApiKeyId): Promise<ApiKey | null> {
    return this.transaction.manager.findOneBy(ApiKey, { id, userId: owner });
  }

  /** The key, locked until the transaction ends. */
  async findLocked(owner: UserId, id: ApiKeyId): Promise<ApiKey | null> {
    return this.transaction.manager.findOne(ApiKey, {
      where: { id, userId: owner },
      lock: { mode: 'pessimistic_write' },
    });
  }

  async list(owner: UserId, page: PageRequest): Promise<Slice<ApiKey>> {
    return OwnedQuery.of(this.transaction.manager, ApiKey, owner).newestFirst(page).slice();
  }

  async delete(owner: UserId, id: ApiKeyId): Promise<void> {
    await this.transaction.manager.delete(ApiKey, { id, userId: owner });
  }
}
