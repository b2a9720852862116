import {
  Column,
  CreateDateColumn,
  Entity,
  ForeignKey,
  PrimaryGeneratedColumn,
  Unique,
  UpdateDateColumn,
} from 'typeorm';
import type { UserId } from '../identity/user-id.js';
import type { ResearchItemId } from '../prompts/parent-item.js';

/** A topic of a user's research; prompts and runs hang on it. */
@Entity('research_items')
// Its index also serves the pages of a user's list; foreign keys may name the two columns in either order.
@Unique('research_items_user_id_id_key', ['userId', 'id'])
@ForeignKey('User', ['userId'], ['id'], { name: 'research_items_user_id_fkey', onDelete: 'CASCADE' })
export class ResearchItem {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'BY DEFAULT',
    primaryKeyConstraintName: 'research_items_pkey',
  })
  id: ResearchItemId;

  @Column('bigint', { name: 'user_id' })
  userId: UserId;

  @Column('text')
  title: string;

  @Column('text', { nullable: true })
  description: string | null;

  @Column('text', { array: true, default: () => `'{}'` })
  tags: string[];

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  /** When title, description or tags last changed. */
  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date;
}
