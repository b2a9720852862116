import { Column, Entity, ForeignKey, PrimaryGeneratedColumn, Unique } from 'typeorm';

/** Table `usage_rollups`: what the finished runs of a user used, by UTC day of their end, model and research item. */
@Entity('usage_rollups')
@ForeignKey('User', ['userId'], ['id'], { name: 'usage_rollups_user_id_fkey' })
@Unique('usage_rollups_key', ['userId', 'day', 'model', 'researchItemId'])
export class UsageRollup {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'usage_rollups_pkey',
  })
  id: number;

  @Column({ name: 'user_id', type: 'bigint' })
  userId: number;

  @Column({ type: 'date' })
  day: string;

  @Column({ type: 'text' })
  model: string;

  /** Null: runs without an item. An item that is deleted later stays here by its id, and is shown as null. */
  @Column({ name: 'research_item_id', type: 'bigint', nullable: true })
  researchItemId: number | null;

  @Column({ type: 'bigint' })
  runs: number;

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

  /** The most that their attempts may have cost beyond it. Both together are what the budget counts as spent. */
  @Column({ name: 'unknown_max_nano_usd', type: 'bigint' })
  unknownMaxNanoUsd: number;
}
