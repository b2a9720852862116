import { Column, Entity, ForeignKey, Index, PrimaryGeneratedColumn } from 'typeorm';
import type { UserId } from '../../identity/user-id.js';
import type { PromptVersionNumber } from '../prompts.types.js';

/** One entry of a label's history: the version that it was set to, and when. */
@Entity('prompt_label_moves')
@ForeignKey('PromptLabel', ['labelId', 'userId'], ['id', 'userId'], {
  name: 'prompt_label_moves_label_fkey',
  onDelete: 'CASCADE',
})
@ForeignKey('PromptLabelMove', ['previousId'], ['id'], { name: 'prompt_label_moves_previous_fkey' })
@Index('prompt_label_moves_label_id_user_id_id_idx', ['labelId', 'userId', 'id'])
@Index('prompt_label_moves_previous_id_idx', ['previousId'])
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

  /**
   * The move that a rollback goes back to; null where there is none. An ordinary move has the one before it here, a
   * rollback what the state that it restores had: so that rolling back again goes further back, and never forth.
   */
  @Column('bigint', { name: 'previous_id', nullable: true })
  previousId: number | null;
}
