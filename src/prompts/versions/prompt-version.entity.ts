import { Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryGeneratedColumn, Unique } from 'typeorm';
import type { UserId } from '../../identity/user-id.js';
import type { PromptSettings } from '../dto/settings.dto.js';
import type { PromptId, PromptVersionNumber } from '../prompts.types.js';
import type { VariableDefinition } from '../templates/variables.js';

/** One version of a prompt; never changed once written. */
@Entity('prompt_versions')
@Unique('prompt_versions_prompt_id_version_key', ['promptId', 'version'])
@ForeignKey('Prompt', ['promptId', 'userId'], ['id', 'userId'], {
  name: 'prompt_versions_prompt_fkey',
  onDelete: 'CASCADE',
})
@Index('prompt_versions_prompt_id_user_id_id_idx', ['promptId', 'userId', 'id'])
export class PromptVersion {
  /** Orders the pages of a list; from outside a version is known by its number alone. */
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'BY DEFAULT',
    primaryKeyConstraintName: 'prompt_versions_pkey',
  })
  id: number;

  @Column('bigint', { name: 'prompt_id' })
  promptId: PromptId;

  @Column('bigint', { name: 'user_id' })
  userId: UserId;

  @Column('integer')
  version: PromptVersionNumber;

  @Column('text')
  template: string;

  @Column('text', { nullable: true })
  system: string | null;

  // json, not jsonb: the order of an output schema's properties is the order in which Claude writes them.
  @Column('json')
  variables: readonly VariableDefinition[];

  @Column('json')
  settings: PromptSettings;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
