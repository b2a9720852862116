import {
  Column,
  CreateDateColumn,
  Entity,
  ForeignKey,
  Index,
  PrimaryGeneratedColumn,
  Unique,
  UpdateDateColumn,
} from 'typeorm';
import type { UserId } from '../identity/user-id.js';
import type { ResearchItemId } from './parent-item.js';
import type { PromptId, PromptVersionNumber } from './prompts.types.js';

/** A named prompt of a research item. Its texts are in its versions. */
@Entity('prompts')
// Its index also serves what goes over all prompts of a user; foreign keys may name the two columns in either order.
@Unique('prompts_user_id_id_key', ['userId', 'id'])
@Unique('prompts_user_id_research_item_id_name_key', ['userId', 'researchItemId', 'name'])
@ForeignKey('ResearchItem', ['researchItemId', 'userId'], ['id', 'userId'], {
  name: 'prompts_research_item_fkey',
  onDelete: 'CASCADE',
})
@Index('prompts_research_item_id_user_id_id_idx', ['researchItemId', 'userId', 'id'])
export class Prompt {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'BY DEFAULT',
    primaryKeyConstraintName: 'prompts_pkey',
  })
  id: PromptId;

  @Column('bigint', { name: 'user_id' })
  userId: UserId;

  @Column('bigint', { name: 'research_item_id' })
  researchItemId: ResearchItemId;

  @Column('text')
  name: string;

  /** Number of the latest version. */
  @Column('integer', { name: 'latest_version', default: 1 })
  latestVersion: PromptVersionNumber;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  /** When the name, the versions or the labels last changed. */
  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date;
}
