import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** Table `idempotency_keys`: the request that a key stands for, and its stored answer or the resource that it made. */
@Entity('idempotency_keys')
@ForeignKey('User', ['userId'], ['id'], { name: 'idempotency_keys_user_id_fkey', onDelete: 'CASCADE' })
@Index('idempotency_keys_expires_at_idx', ['expiresAt'])
export class IdempotencyKey {
  @PrimaryColumn({ name: 'user_id', type: 'bigint', primaryKeyConstraintName: 'idempotency_keys_pkey' })
  userId: number;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'idempotency_keys_pkey' })
  key: string;

  /** Of method, path and body. */
  @Column({ type: 'text' })
  fingerprint: string;

  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt: Date;

  /** What the key holds on to, instead of a stored answer. */
  @Column({ name: 'resource_kind', type: 'text', nullable: true })
  resourceKind: string | null;

  @Column({ name: 'resource_id', type: 'bigint', nullable: true })
  resourceId: number | null;

  @Column({ type: 'integer', nullable: true })
  status: number | null;

  @Column({ type: 'json', nullable: true })
  headers: unknown;

  @Column({ type: 'text', nullable: true })
  body: string | null;
}
