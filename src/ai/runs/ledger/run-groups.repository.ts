import { Injectable } from '@nestjs/common';
import type { UserId } from '../../../identity/user-id.js';
import { arrayLiteral } from '../../../platform/database/array-literal.js';
import { mapConstraint } from '../../../platform/database/sql-errors.js';
import { Transaction } from '../../../platform/database/transaction.js';
import { type NanoUsd, nanoUsd } from '../../../platform/money/money.js';
import { ItemNotFoundError, type ResearchItemId } from '../../../prompts/parent-item.js';
import { PromptNotFoundError } from '../../../prompts/prompts.errors.js';
import type { PromptId } from '../../../prompts/prompts.types.js';
import { BudgetExceededError } from '../run.errors.js';
import type { RunId, RunQuestion } from '../run.types.js';

/** One run of a group as it enters the ledger: queued, not sent. */
export interface GroupedRun {
  readonly question: RunQuestion;
  /** Its place in the batch. */
  readonly index: number;
  readonly customId: string | null;
  /** Its turn in the queue; null when it does not go through the queue. */
  readonly turn: number | null;
  /** Worst case to set aside; null when the model has no price. */
  readonly reserve: NanoUsd | null;
  /** JSON of the first event behind the id, from the comma on. */
  readonly firstEventRest: string;
}

/** What runs hang on: each id once. */
export interface RunParents {
  readonly itemIds: readonly ResearchItemId[];
  readonly promptIds: readonly PromptId[];
}

/** Runs as they are sent to the database. */
export interface RunGroup {
  /** The question of the first one. */
  readonly first: RunQuestion | undefined;
  /** A list for each column of `ACCEPT_ALL`. */
  readonly columns: readonly string[];
}

/** $1 user, $2 amount, $3 whether something has no price, which no budget allows. */
const RESERVE_ALL = `
  with account as (
    select id, greatest(0, coalesce(budget_nano_usd, 0) - spent_nano_usd - reserved_nano_usd) as remaining
    from users where id = $1::bigint for no key update),
  budget as (
    update users set reserved_nano_usd = reserved_nano_usd + $2::bigint
    where id = (select id from account)
      and (budget_nano_usd is null
        or (not $3::boolean and spent_nano_usd + reserved_nano_usd + $2::bigint <= budget_nano_usd))
    returning id)
  select budget.id, account.remaining from account left join budget on true`;

/** $1 user, $2 ids. */
const HOLD_ITEMS = `
  select from research_items where user_id = $1::bigint and id = any($2::bigint[]) order by id for key share`;
const HOLD_PROMPTS = `
  select from prompts where user_id = $1::bigint and id = any($2::bigint[]) order by id for key share`;

/** $1 user, $2 batch, $3 created at, $4–$18 a list for each column. */
const ACCEPT_ALL = `
  with question as (
    select * from unnest($4::integer[], $5::text[], $6::integer[], $7::bigint[], $8::integer[], $9::text[], $10::bigint[],
        $11::text[], $12::text[], $13::text[], $14::text[], $15::boolean[], $16::bigint[], $17::text[], $18::bigint[])
      as q (batch_index, custom_id, turn, prompt_id, prompt_version, variables, research_item_id, model, settings, system,
        messages, simulated, reserve, event, message_batch_id)),
  run as (
    insert into runs (user_id, batch_id, created_at, status, billing_state, billing_min_nano_usd, billing_max_nano_usd,
      batch_index, custom_id, turn, prompt_id, prompt_version, variables, research_item_id, model, settings, system,
      messages, simulated, message_batch_id)
    select $1::bigint, $2::bigint, $3::timestamptz, 'queued', 'none', 0, 0, batch_index, custom_id, turn, prompt_id,
      prompt_version, variables::json, research_item_id, model, settings::json, system, messages::json, simulated, message_batch_id
    from question order by batch_index
    returning id, batch_index),
  attempt as (
    insert into run_attempts (run_id, number, user_id, state, started_at, wait_ms, reserved_nano_usd, min_nano_usd,
      max_nano_usd)
    select run.id, 1, $1::bigint, 'intent', $3::timestamptz, 0, reserve, 0, reserve
    from run join question using (batch_index)),
  event as (
    insert into run_events (run_id, sequence, user_id, name, data)
    select run.id, 1, $1::bigint, 'run', '{"id":' || run.id || event from run join question using (batch_index))
  select id from run order by batch_index`;

/**
 * The next turn of a user's runs: behind those of their own, and not before those that are due now. So two users with
 * batches take turns, run for run up to the size of a job (see `RunQueue`), whoever came first and with however many.
 */
const NEXT_TURN = `
  select greatest(
    coalesce((select min(turn) from runs where status = 'queued' and turn is not null), 0),
    coalesce((select max(turn) + 1 from runs where user_id = $1::bigint and status = 'queued' and turn is not null), 0)
  ) as turn`;

/** Many runs entering the ledger at once, in the caller's transaction. */
@Injectable()
export class RunGroupsRepository {
  constructor(private readonly transaction: Transaction) {}

  /**
   * Sets the worst cases of all of them aside, or of none. Comes after they are recorded, as the order of locks wants it (see
   * `ACCEPT`).
   * @param reserves null where the model has no price
   * @throws BudgetExceededError
   */
  async reserve(owner: UserId, reserves: readonly (NanoUsd | null)[]): Promise<void> {
    const amount = nanoUsd(reserves.reduce<number>((sum, reserve) => sum + (reserve ?? 0), 0));
    const unpriced = reserves.includes(null);
    const values = [owner, amount, unpriced];
    const [row] = await this.transaction.sql<{ id: number | null; remaining: NanoUsd }>(RESERVE_ALL, values);
    if (row && row.id !== null) return;
    throw new BudgetExceededError(row?.remaining ?? nanoUsd(0), unpriced ? null : amount);
  }

  /**
   * Locks what runs hang on, before the runs themselves as the order of locks wants it (see `ACCEPT`): their keys, which are
   * checked later, would lock them in any order.
   */
  async holdParents(owner: UserId, { itemIds, promptIds }: RunParents): Promise<void> {
    if (itemIds.length > 0) await this.transaction.sql(HOLD_ITEMS, [owner, itemIds]);
    if (promptIds.length > 0) await this.transaction.sql(HOLD_PROMPTS, [owner, promptIds]);
  }

  /** The turn of the first of a user's further runs in the queue. */
  async nextTurn(owner: UserId): Promise<number> {
    const [row] = await this.transaction.sql<{ turn: number }>(NEXT_TURN, [owner]);
    return row?.turn ?? 0;
  }

  /**
   * Records runs, each with its first attempt and event. What they may cost is yet to be set aside.
   * @returns their ids, in order
   * @throws ItemNotFoundError, PromptNotFoundError when one was deleted meanwhile
   */
  async accept(owner: UserId, batchId: number, createdAt: Date, { first, columns }: RunGroup): Promise<RunId[]> {
    const values = [owner, batchId, createdAt, ...columns];
    const rows = await this.transaction.sql<{ id: RunId }>(ACCEPT_ALL, values).catch((error: unknown) =>
      mapConstraint(error, {
        runs_research_item_fkey: () => new ItemNotFoundError(first?.researchItemId ?? 0),
        runs_prompt_fkey: () => new PromptNotFoundError(first?.promptId ?? 0),
      }),
    );
    return rows.map(({ id }) => id);
  }
}

/** Makes up what is sent to record these runs: it takes its time, which may be beside the database's. */
export function runGroup(runs: readonly GroupedRun[]): RunGroup {
  const questions = runs.map(({ question }) => question);
  const columns = [
    runs.map(({ index }) => index),
    runs.map(({ customId }) => customId),
    runs.map(({ turn }) => turn),
    questions.map(({ promptId }) => promptId),
    questions.map(({ promptVersion }) => promptVersion),
    questions.map(({ variables }) => variables && JSON.stringify(variables)),
    questions.map(({ researchItemId }) => researchItemId),
    questions.map(({ model }) => model),
    questions.map(({ settings }) => JSON.stringify(settings)),
    questions.map(({ system }) => system),
    questions.map(({ messages }) => JSON.stringify(messages)),
    questions.map(({ simulated }) => simulated),
    runs.map(({ reserve }) => reserve),
    runs.map(({ firstEventRest }) => firstEventRest),
    questions.map(({ messageBatchId }) => messageBatchId),
  ];
  return { first: questions[0], columns: columns.map(arrayLiteral) };
}
