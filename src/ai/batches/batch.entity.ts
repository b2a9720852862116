import { Check, Column, Entity, ForeignKey, Index, PrimaryGeneratedColumn, Unique } from 'typeorm';

/** Table `batches`: many runs that were asked for at once. How they stand is counted from the runs themselves. */
@Entity('batches')
@Unique('batches_id_user_id_key', ['id', 'userId'])
@ForeignKey('User', ['userId'], ['id'], { name: 'batches_user_id_fkey' })
@Index('batches_user_id_id_idx', ['userId', 'id'])
@Check('batches_mode_check', `mode in ('realtime', 'provider')`)
export class Batch {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'batches_pkey',
  })
  id: number;

  @Column({ name: 'user_id', type: 'bigint' })
  userId: number;

  @Column({ type: 'text' })
  mode: string;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  /** When its owner wished it to be cancelled. */
  @Column({ name: 'cancel_requested_at', type: 'timestamptz', nullable: true })
  cancelRequestedAt: Date | null;

  /** Counts how often it was retried: an outcome that was counted before a retry must not be kept after it. */
  @Column({ type: 'integer', default: 0 })
  round: number;

  /** Its tallies once every run has ended, so that they are counted only once; null before. */
  @Column({ type: 'json', nullable: true })
  outcome: unknown;
}
