import { Check, Column, Entity, ForeignKey, Index, PrimaryGeneratedColumn, Unique } from 'typeorm';

/** Table `runs`: durable records of questions to Claude and of what came of them. */
@Entity('runs')
@Unique('runs_id_user_id_key', ['id', 'userId'])
@ForeignKey('User', ['userId'], ['id'], { name: 'runs_user_id_fkey' })
@ForeignKey('Prompt', ['promptId', 'userId'], ['id', 'userId'], { name: 'runs_prompt_fkey', onDelete: 'SET NULL' })
@ForeignKey('ResearchItem', ['researchItemId', 'userId'], ['id', 'userId'], {
  name: 'runs_research_item_fkey',
  onDelete: 'SET NULL',
})
@ForeignKey('Batch', ['batchId', 'userId'], ['id', 'userId'], { name: 'runs_batch_fkey' })
@ForeignKey('MessageBatch', ['messageBatchId', 'userId'], ['id', 'userId'], { name: 'runs_message_batch_fkey' })
@Index('runs_user_id_id_idx', ['userId', 'id'])
@Index('runs_user_id_status_id_idx', { synchronize: false })
@Index('runs_prompt_id_status_id_idx', { synchronize: false })
@Index('runs_research_item_id_status_id_idx', { synchronize: false })
@Index('runs_batch_id_status_id_idx', { synchronize: false })
@Index('runs_lease_idx', { synchronize: false })
@Index('runs_cancel_requested_idx', { synchronize: false })
@Index('runs_batch_idx', { synchronize: false })
@Index('runs_turn_idx', { synchronize: false })
@Index('runs_message_batch_idx', { synchronize: false })
@Check('runs_status_check', `status in ('queued', 'running', 'succeeded', 'failed', 'cancelled', 'interrupted')`)
@Check('runs_billing_state_check', `billing_state in ('settled', 'unknown', 'none')`)
export class RunEntity {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'runs_pkey',
  })
  id: number;

  @Column({ name: 'user_id', type: 'bigint' })
  userId: number;

  @Column({ type: 'text' })
  status: string;

  @Column({ name: 'prompt_id', type: 'bigint', nullable: true })
  promptId: number | null;

  @Column({ name: 'prompt_version', type: 'integer', nullable: true })
  promptVersion: number | null;

  @Column({ type: 'json', nullable: true })
  variables: unknown;

  @Column({ name: 'research_item_id', type: 'bigint', nullable: true })
  researchItemId: number | null;

  @Column({ name: 'batch_id', type: 'bigint', nullable: true })
  batchId: number | null;

  /** The Message Batch that it goes to Claude with; null when it goes alone. */
  @Column({ name: 'message_batch_id', type: 'bigint', nullable: true })
  messageBatchId: number | null;

  /** Its place in the batch; null for a run that a retry has replaced, which only counts for the cost. */
  @Column({ name: 'batch_index', type: 'integer', nullable: true })
  batchIndex: number | null;

  /** The caller's own name for the query. */
  @Column({ name: 'custom_id', type: 'text', nullable: true })
  customId: string | null;

  /** Its turn among the queued runs of all batches: the lowest goes first, and each user's count apart. */
  @Column({ type: 'integer', nullable: true })
  turn: number | null;

  @Column({ type: 'text' })
  model: string;

  @Column({ type: 'json' })
  settings: unknown;

  @Column({ type: 'text', nullable: true })
  system: string | null;

  @Column({ type: 'json' })
  messages: unknown;

  @Column({ name: 'output_text', type: 'text', nullable: true })
  outputText: string | null;

  @Column({ type: 'json', nullable: true })
  output: unknown;

  @Column({ type: 'json', nullable: true })
  sources: unknown;

  @Column({ name: 'stop_reason', type: 'text', nullable: true })
  stopReason: string | null;

  /** The four counts under Claude's names. */
  @Column({ type: 'json', nullable: true })
  usage: unknown;

  @Column({ name: 'cost_nano_usd', type: 'bigint', nullable: true })
  costNanoUsd: number | null;

  @Column({ name: 'billing_state', type: 'text' })
  billingState: string;

  @Column({ name: 'billing_min_nano_usd', type: 'bigint' })
  billingMinNanoUsd: number;

  @Column({ name: 'billing_max_nano_usd', type: 'bigint', nullable: true })
  billingMaxNanoUsd: number | null;

  /** The price row that the run used; null when the model has none. */
  @Column({ type: 'json', nullable: true })
  price: unknown;

  @Column({ name: 'error_type', type: 'text', nullable: true })
  errorType: string | null;

  @Column({ name: 'error_detail', type: 'text', nullable: true })
  errorDetail: string | null;

  @Column({ type: 'boolean' })
  simulated: boolean;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @Column({ name: 'started_at', type: 'timestamptz', nullable: true })
  startedAt: Date | null;

  @Column({ name: 'finished_at', type: 'timestamptz', nullable: true })
  finishedAt: Date | null;

  /** The process that works on the run; it must renew the lease, or the run is taken from it. */
  @Column({ name: 'worker_id', type: 'uuid', nullable: true })
  workerId: string | null;

  @Column({ name: 'lease_until', type: 'timestamptz', nullable: true })
  leaseUntil: Date | null;

  /** When the owner wished the run to be cancelled; whoever works on it looks here. */
  @Column({ name: 'cancel_requested_at', type: 'timestamptz', nullable: true })
  cancelRequestedAt: Date | null;

  /** Counts the workers that the run has had; a write under an old number is refused. */
  @Column({ type: 'integer', default: 0 })
  fence: number;
}
