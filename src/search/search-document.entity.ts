import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** Table `search_documents`: what search finds, kept by triggers on what is searched. */
@Entity('search_documents')
@ForeignKey('User', ['userId'], ['id'], { name: 'search_documents_user_id_fkey', onDelete: 'CASCADE' })
@Index('search_documents_user_id_type_position_idx', ['userId', 'type', 'position'])
// GIN indexes are beyond TypeORM's diff: the migration makes it.
@Index('search_documents_words_idx', { synchronize: false })
@Check('search_documents_type_check', `type in ('research_item', 'prompt', 'run')`)
export class SearchDocument {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'search_documents_pkey' })
  type: string;

  /** Id of the item, prompt or run. */
  @PrimaryColumn({ name: 'document_id', type: 'bigint', primaryKeyConstraintName: 'search_documents_pkey' })
  documentId: number;

  @Column({ name: 'user_id', type: 'bigint' })
  userId: number;

  /** Counts the owner's documents of the type, from the oldest; those of one moment may share a number. */
  @Column({ type: 'bigint' })
  position: number;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  /** The words of its texts, and how it is filed. */
  @Column({ type: 'tsvector' })
  words: string;
}
