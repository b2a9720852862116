import { Injectable } from '@nestjs/common';
import { Transaction } from '../../platform/database/transaction.js';
import type { PageRequest, Slice } from '../../platform/paging/pager.js';
import type { UserId } from '../user-id.js';
import { User } from './user.entity.js';

/** The users. What they have spent and reserved is moved by the ai feature alone. */
@Injectable()
export class UsersRepository {
  constructor(private readonly transaction: Transaction) {}

  async insert(fields: Pick<User, 'name' | 'budgetNanoUsd'>): Promise<User> {
    const { manager } = this.transaction;
    const user = manager.create(User, fields);
    await manager.insert(User, user);
    return user;
  }

  async find(id: UserId): Promise<User | null> {
    return this.transaction.manager.findOneBy(User, { id });
  }

  /** The user, locked against other changes until the transaction ends; rows that reference it can still be made. */
  async findLocked(id: UserId): Promise<User | null> {
    return this.transaction.manager.findOne(User, { where: { id }, lock: { mode: 'for_no_key_update' } });
  }

  /** Writes what differs of name and budget; nothing when nothing does. */
  async update(user: User, changes: Partial<Pick<User, 'name' | 'budgetNanoUsd'>>): Promise<User> {
    return this.transaction.manager.save(Object.assign(user, changes));
  }

  async list({ limit, beforeId }: PageRequest): Promise<Slice<User>> {
    const query = this.transaction.manager.createQueryBuilder(User, 'user');
    if (beforeId !== null) query.where('user.id < :beforeId', { beforeId });
    const rows = await query
      .orderBy('user.id', 'DESC')
      .limit(limit + 1)
      .getMany();
    return { rows: rows.slice(0, limit), more: rows.length > limit };
  }
}
