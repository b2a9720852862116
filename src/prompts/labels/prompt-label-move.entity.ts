import { Column, Entity, ForeignKey, Index, PrimaryGeneratedColumn } from 'typeorm';
import type { UserId } from '../../identity/user-id.js';
import type { PromptVersionNumber } from '../prompts.types.js';

/** One entry of a label's history: the version that it was set to, and when. */
@Entity('prompt_label_moves')
@ForeignKey('PromptLabel', ['labelId', 'userId'], ['id', 'userId'], {
  name: 'prompt_label_moves_label_fkey',
  onDelete: 'CASCADE',
})
@Index('prompt_label_moves_label_id_user_id_id_idx', ['labelId', 'userId', 'id'])
export class PromptLabelMove {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'BY DEFAULT',
    primaryKeyConstraintName: 'prompt_label_moves_pkey',
  })
  id: number;

  @Column('bigint', { name: 'label_id' })
  labelId: number;

  @Column('bigint', { name: 'user_id' })
  userId: UserId;

  @Column('integer')
  version: PromptVersionNumber;

  @Column('timestamptz', { name: 'set_at' })
  setAt: Date;
}
