import { Column, Entity, ForeignKey, Index, PrimaryGeneratedColumn, Unique } from 'typeorm';
import type { UserId } from '../../identity/user-id.js';
import type { PromptId, PromptVersionNumber } from '../prompts.types.js';

/** A name that stands for one version of a prompt and can be moved to another. */
@Entity('prompt_labels')
@Unique('prompt_labels_id_user_id_key', ['id', 'userId'])
@Unique('prompt_labels_prompt_id_label_key', ['promptId', 'label'])
@ForeignKey('Prompt', ['promptId', 'userId'], ['id', 'userId'], {
  name: 'prompt_labels_prompt_fkey',
  onDelete: 'CASCADE',
})
@ForeignKey('PromptVersion', ['promptId', 'version'], ['promptId', 'version'], {
  name: 'prompt_labels_version_fkey',
  onDelete: 'CASCADE',
})
@Index('prompt_labels_prompt_id_user_id_id_idx', ['promptId', 'userId', 'id'])
export class PromptLabel {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'BY DEFAULT',
    primaryKeyConstraintName: 'prompt_labels_pkey',
  })
  id: number;

  @Column('bigint', { name: 'prompt_id' })
  promptId: PromptId;

  @Column('bigint', { name: 'user_id' })
  userId: UserId;

  @Column('text')
  label: string;

  @Column('integer')
  version: PromptVersionNumber;

  /** When it was set to this version; grows with every move, however fast they follow. */
  @Column('timestamptz', { name: 'set_at' })
  setAt: Date;
}
