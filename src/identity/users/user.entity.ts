import { Check, Column, CreateDateColumn, Entity, PrimaryGeneratedColumn, UpdateDateColumn } from 'typeorm';
import type { NanoUsd } from '../../platform/money/money.js';
import type { UserId } from '../user-id.js';

/** Who owns things and pays for runs. Money is in integer nano-dollars; the ai feature moves what is spent and reserved. */
@Entity('users')
@Check('users_budget_nano_usd_check', 'budget_nano_usd >= 0')
@Check('users_spent_nano_usd_check', 'spent_nano_usd >= 0')
@Check('users_reserved_nano_usd_check', 'reserved_nano_usd >= 0')
export class User {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'BY DEFAULT',
    primaryKeyConstraintName: 'users_pkey',
  })
  id: UserId;

  @Column('text')
  name: string;

  /** Lifetime total that may be spent; null: no limit. */
  @Column('bigint', { name: 'budget_nano_usd', nullable: true })
  budgetNanoUsd: NanoUsd | null;

  /** Settled cost, and unknown cost at its maximum. */
  @Column('bigint', { name: 'spent_nano_usd', default: 0 })
  spentNanoUsd: NanoUsd;

  /** Worst case of the calls under way. */
  @Column('bigint', { name: 'reserved_nano_usd', default: 0 })
  reservedNanoUsd: NanoUsd;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  /** When name or budget last changed. */
  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date;
}
