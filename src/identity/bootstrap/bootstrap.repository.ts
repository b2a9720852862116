import { Injectable } from '@nestjs/common';
import { mapConstraint } from '../../platform/database/sql-errors.js';
import { Transaction } from '../../platform/database/transaction.js';
import { ApiKey } from '../api-keys/api-key.entity.js';
import { BootstrapKeyTakenError } from '../identity.errors.js';
import { SCOPES } from '../scope.js';
import { User } from '../users/user.entity.js';

/** The one row that is the first admin key, and its user. */
@Injectable()
export class BootstrapRepository {
  constructor(private readonly transaction: Transaction) {}

  /** Waits until no other replica is at it; holds until the transaction ends. Reading keys goes on meanwhile. */
  async takeTurn(): Promise<void> {
    await this.transaction.sql('lock table api_keys in share row exclusive mode');
  }

  async find(): Promise<ApiKey | null> {
    return this.transaction.manager.findOneBy(ApiKey, { bootstrap: true });
  }

  /** How many keys there are beside the first admin key. */
  async countOthers(): Promise<number> {
    return this.transaction.manager.countBy(ApiKey, { bootstrap: false });
  }

  /**
   * Makes the admin and the first admin key, which has every scope and never expires.
   * @throws BootstrapKeyTakenError when the key is somebody's already
   */
  async insert(hash: Buffer): Promise<void> {
    const { manager } = this.transaction;
    const admin = manager.create(User, { name: 'Admin', budgetNanoUsd: null });
    await manager.insert(User, admin);
    const fields = {
      userId: admin.id,
      name: 'First admin key',
      scopes: [...SCOPES],
      hash,
      bootstrap: true,
      expiresAt: null,
    };
    await refuseTaken(manager.insert(ApiKey, fields));
  }

  /**
   * The first admin key becomes another one.
   * @throws BootstrapKeyTakenError when that one is somebody's already
   */
  async replace(hash: Buffer): Promise<void> {
    await refuseTaken(this.transaction.manager.update(ApiKey, { bootstrap: true }, { hash, scopes: [...SCOPES] }));
  }
}

async function refuseTaken(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    mapConstraint(error, { api_keys_hash_key: () => new BootstrapKeyTakenError() });
  }
}
