import { Column, Entity, ForeignKey, PrimaryGeneratedColumn, Unique } from 'typeorm';

/**
 * Table `daily_usage`: what the finished runs of a user used and how they ended, by UTC day of their end and model. It is
 * `usage_rollups` without the items, so that sums over years read few rows.
 */
@Entity('daily_usage')
@ForeignKey('User', ['userId'], ['id'], { name: 'daily_usage_user_id_fkey' })
@Unique('daily_usage_key', ['userId', 'day', 'model'])
export class DailyUsage {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'daily_usage_pkey',
  })
  id: number;

  @Column({ name: 'user_id', type: 'bigint' })
  userId: number;

  @Column({ type: 'date' })
  day: string;

  @Column({ type: 'text' })
  model: string;

  /** However they ended. */
  @Column({ type: 'bigint' })
  runs: number;

  @Column({ type: 'bigint' })
  succeeded: number;

  /** Those whose status is `failed`: neither cancelled nor interrupted ones. */
  @Column({ type: 'bigint' })
  failed: number;

  @Column({ name: 'input_tokens', type: 'bigint' })
  inputTokens: number;

  @Column({ name: 'output_tokens', type: 'bigint' })
  outputTokens: number;

  @Column({ name: 'cache_creation_input_tokens', type: 'bigint' })
  cacheCreationInputTokens: number;

  @Column({ name: 'cache_read_input_tokens', type: 'bigint' })
  cacheReadInputTokens: number;

  /** The known cost of the runs. */
  @Column({ name: 'cost_nano_usd', type: 'bigint' })
  costNanoUsd: number;

  /** The most that their attempts may have cost beyond it. */
  @Column({ name: 'unknown_max_nano_usd', type: 'bigint' })
  unknownMaxNanoUsd: number;
}
