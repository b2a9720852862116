import { Check, Column, Entity, ForeignKey, Index, PrimaryGeneratedColumn, Unique } from 'typeorm';

/** Table `message_batches`: the runs of a batch that go to Claude together, and how far that has come. */
@Entity('message_batches')
@Unique('message_batches_id_user_id_key', ['id', 'userId'])
@ForeignKey('Batch', ['batchId', 'userId'], ['id', 'userId'], { name: 'message_batches_batch_fkey' })
@Index('message_batches_batch_idx', ['batchId', 'userId'])
@Index('message_batches_due_idx', { synchronize: false })
@Index('message_batches_claude_id_idx', { synchronize: false })
@Check('message_batches_state_check', `state in ('planned', 'sending', 'sent', 'done')`)
export class MessageBatch {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'message_batches_pkey',
  })
  id: number;

  @Column({ name: 'user_id', type: 'bigint' })
  userId: number;

  @Column({ name: 'batch_id', type: 'bigint' })
  batchId: number;

  /** Begins the names of its requests, so that Claude's results can be known for ours. */
  @Column({ type: 'uuid' })
  nonce: string;

  @Column({ type: 'text' })
  state: string;

  /** Claude's id; null until it is known. */
  @Column({ name: 'claude_id', type: 'text', nullable: true })
  claudeId: string | null;

  /** How often it was sent, and Claude has not taken it. */
  @Column({ type: 'integer', default: 0 })
  refusals: number;

  /** How many requests it was last sent with. */
  @Column({ type: 'integer', default: 0 })
  requests: number;

  /** When it was last about to be sent. */
  @Column({ name: 'sent_at', type: 'timestamptz', nullable: true })
  sentAt: Date | null;

  /** When Claude was asked to cancel it. */
  @Column({ name: 'cancelled_at', type: 'timestamptz', nullable: true })
  cancelledAt: Date | null;

  /** When there is next something to do. */
  @Column({ name: 'due_at', type: 'timestamptz' })
  dueAt: Date;

  @Column({ name: 'worker_id', type: 'uuid', nullable: true })
  workerId: string | null;

  /** Counts the workers that it has had; a write under an old number is refused. */
  @Column({ type: 'integer', default: 0 })
  fence: number;

  @Column({ name: 'lease_until', type: 'timestamptz', nullable: true })
  leaseUntil: Date | null;
}
