import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';

/** Table `run_events`: what a run's stream says, stored before it is sent, so that any replica can repeat it byte for byte. */
@Entity('run_events')
@ForeignKey('RunEntity', ['runId', 'userId'], ['id', 'userId'], { name: 'run_events_run_fkey', onDelete: 'CASCADE' })
export class RunEventEntity {
  @PrimaryColumn({ name: 'run_id', type: 'bigint', primaryKeyConstraintName: 'run_events_pkey' })
  runId: number;

  @PrimaryColumn({ type: 'integer', primaryKeyConstraintName: 'run_events_pkey' })
  sequence: number;

  @Column({ name: 'user_id', type: 'bigint' })
  userId: number;

  @Column({ type: 'text' })
  name: string;

  /** JSON, kept as text: a parsed and printed copy would not be the same bytes. */
  @Column({ type: 'text' })
  data: string;
}
