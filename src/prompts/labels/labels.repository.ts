import { Injectable } from '@nestjs/common';
import type { UserId } from '../../identity/user-id.js';
import { mapConstraint } from '../../platform/database/sql-errors.js';
import { Transaction } from '../../platform/database/transaction.js';
import { OwnedQuery } from '../../platform/paging/owned-query.js';
import type { PageRequest, Slice } from '../../platform/paging/pager.js';
import { LabelledVersionUnknownError } from '../prompts.errors.js';
import type { PromptId, PromptVersionNumber } from '../prompts.types.js';
import { PromptLabel } from './prompt-label.entity.js';
import { PromptLabelMove } from './prompt-label-move.entity.js';

/** A label as it stands. */
export type Label = Pick<PromptLabel, 'id' | 'promptId' | 'label' | 'version' | 'setAt'>;

/** One entry of a label's history. */
export type LabelMove = Pick<PromptLabelMove, 'id' | 'version' | 'setAt'>;

/** Where a rollback takes a label: the version, and the move that the next rollback would go back to. */
export type EarlierState = Pick<PromptLabelMove, 'version' | 'previousId'>;

const COLUMNS = 'id, prompt_id as "promptId", label, version, set_at as "setAt"';

const FIND = `select ${COLUMNS} from prompt_labels where prompt_id = $1 and user_id = $2 and label = $3`;

const INSERT = `
  insert into prompt_labels (prompt_id, user_id, label, version, set_at) values ($1, $2, $3, $4, date_trunc('milliseconds', clock_timestamp()))
  returning ${COLUMNS}`;

// Grows with every move, so that no two states of a label look alike, whatever the clocks of several machines say.
const MOVE = `
  update prompt_labels
  set version = $3, set_at = greatest(date_trunc('milliseconds', clock_timestamp()), set_at + interval '1 millisecond')
  where id = $1 and user_id = $2
  returning ${COLUMNS}`;

const LATEST_MOVE = '(select max(id) from prompt_label_moves where label_id = $1 and user_id = $2)';

const recordSql = (previous: string): string => `
  insert into prompt_label_moves (label_id, user_id, version, set_at, previous_id) values ($1, $2, $3, $4, ${previous})`;

const RECORD = recordSql(LATEST_MOVE);
const RECORD_ROLLBACK = recordSql('$5');

const FIND_EARLIER = `
  select earlier.version, earlier.previous_id as "previousId"
  from prompt_label_moves latest join prompt_label_moves earlier on earlier.id = latest.previous_id
  where latest.id = ${LATEST_MOVE}`;

/** The labels of a user's prompts, and where they have pointed. Changes need a transaction that holds the prompt. */
@Injectable()
export class LabelsRepository {
  constructor(private readonly transaction: Transaction) {}

  async find(owner: UserId, promptId: PromptId, label: string): Promise<Label | null> {
    const [found] = await this.transaction.sql<Label>(FIND, [promptId, owner, label]);
    return found ?? null;
  }

  /** @throws LabelledVersionUnknownError */
  async insert(owner: UserId, promptId: PromptId, label: string, version: PromptVersionNumber): Promise<Label> {
    return this.write(owner, promptId, version, INSERT, [promptId, owner, label, version]);
  }

  /** @throws LabelledVersionUnknownError */
  async move(owner: UserId, { id, promptId }: Label, version: PromptVersionNumber): Promise<Label> {
    return this.write(owner, promptId, version, MOVE, [id, owner, version]);
  }

  /** What a rollback takes the label back to; null when it has stood nowhere else. */
  async findEarlier(owner: UserId, { id }: Label): Promise<EarlierState | null> {
    const [found] = await this.transaction.sql<EarlierState>(FIND_EARLIER, [id, owner]);
    return found ?? null;
  }

  /** Moves the label to where it stood, which the next rollback goes back from. */
  async rollBack(owner: UserId, label: Label, { version, previousId }: EarlierState): Promise<Label> {
    return this.write(owner, label.promptId, version, MOVE, [label.id, owner, version], previousId);
  }

  async delete(owner: UserId, { id }: Label): Promise<void> {
    await this.transaction.sql('delete from prompt_labels where id = $1 and user_id = $2', [id, owner]);
  }

  /** One page of a prompt's labels, the newest first. */
  async list(owner: UserId, promptId: PromptId, page: PageRequest): Promise<Slice<Label>> {
    return OwnedQuery.of(this.transaction.manager, PromptLabel, owner)
      .where('promptId', promptId)
      .newestFirst(page)
      .slice();
  }

  /** One page of the versions that a label has stood for, newest first. */
  async history(owner: UserId, { id }: Label, page: PageRequest): Promise<Slice<LabelMove>> {
    return OwnedQuery.of(this.transaction.manager, PromptLabelMove, owner)
      .where('labelId', id)
      .newestFirst(page)
      .slice();
  }

  private async write(
    owner: UserId,
    promptId: PromptId,
    version: PromptVersionNumber,
    statement: string,
    values: readonly unknown[],
    rolledBackTo?: number | null,
  ): Promise<Label> {
    const rows = await this.transaction.sql<Label>(statement, values).catch((error: unknown) =>
      mapConstraint(error, {
        prompt_labels_version_fkey: () => new LabelledVersionUnknownError(promptId, version),
      }),
    );
    const label = rows[0] as Label;
    const move = [label.id, owner, label.version, label.setAt];
    if (rolledBackTo === undefined) await this.transaction.sql(RECORD, move);
    else await this.transaction.sql(RECORD_ROLLBACK, [...move, rolledBackTo]);
    return label;
  }
}
