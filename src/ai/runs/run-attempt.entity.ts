import { Check, Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';

/** Table `run_attempts`: the ledger. One row for each call to Claude, written before the call. */
@Entity('run_attempts')
@ForeignKey('RunEntity', ['runId', 'userId'], ['id', 'userId'], { name: 'run_attempts_run_fkey', onDelete: 'CASCADE' })
@Check('run_attempts_state_check', `state in ('intent', 'sent', 'settled', 'unknown')`)
export class RunAttemptEntity {
  @PrimaryColumn({ name: 'run_id', type: 'bigint', primaryKeyConstraintName: 'run_attempts_pkey' })
  runId: number;

  @PrimaryColumn({ type: 'integer', primaryKeyConstraintName: 'run_attempts_pkey' })
  number: number;

  @Column({ name: 'user_id', type: 'bigint' })
  userId: number;

  @Column({ type: 'text' })
  state: string;

  @Column({ name: 'started_at', type: 'timestamptz' })
  startedAt: Date;

  @Column({ name: 'duration_ms', type: 'integer', nullable: true })
  durationMs: number | null;

  @Column({ name: 'wait_ms', type: 'integer' })
  waitMs: number;

  @Column({ name: 'status_code', type: 'integer', nullable: true })
  statusCode: number | null;

  @Column({ name: 'error_type', type: 'text', nullable: true })
  errorType: string | null;

  @Column({ name: 'claude_request_id', type: 'text', nullable: true })
  claudeRequestId: string | null;

  /** Worst case set aside from the budget; null when the model has no price. */
  @Column({ name: 'reserved_nano_usd', type: 'bigint', nullable: true })
  reservedNanoUsd: number | null;

  @Column({ name: 'min_nano_usd', type: 'bigint' })
  minNanoUsd: number;

  @Column({ name: 'max_nano_usd', type: 'bigint', nullable: true })
  maxNanoUsd: number | null;
}
