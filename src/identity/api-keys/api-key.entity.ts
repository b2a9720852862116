import {
  Column,
  CreateDateColumn,
  Entity,
  Index,
  JoinColumn,
  ManyToOne,
  PrimaryGeneratedColumn,
  Unique,
} from 'typeorm';
import type { Scope } from '../scope.js';
import type { ApiKeyId, UserId } from '../user-id.js';
import { User } from '../users/user.entity.js';

/** An API key: never the key itself, but its HMAC. Revoking deletes the row. */
@Entity('api_keys')
@Unique('api_keys_hash_key', ['hash'])
@Index('api_keys_user_id_id_idx', ['userId', 'id'])
// At most one row is the first admin key; a partial index that TypeORM's diff must leave alone.
@Index('api_keys_bootstrap_key', { synchronize: false })
export class ApiKey {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'BY DEFAULT',
    primaryKeyConstraintName: 'api_keys_pkey',
  })
  id: ApiKeyId;

  @Column('bigint', { name: 'user_id' })
  userId: UserId;

  @ManyToOne(() => User, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'user_id', foreignKeyConstraintName: 'api_keys_user_id_fkey' })
  user?: User;

  @Column('text')
  name: string;

  @Column('text', { array: true })
  scopes: Scope[];

  /** HMAC-SHA-256 of the key under the pepper. */
  @Column('bytea')
  hash: Buffer;

  /** The first admin key, which `BOOTSTRAP_API_KEY` replaces. */
  @Column('boolean', { default: false })
  bootstrap: boolean;

  @Column('timestamptz', { name: 'expires_at', nullable: true })
  expiresAt: Date | null;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
