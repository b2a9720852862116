import { Injectable } from '@nestjs/common';
import type { UserId } from '../../../identity/user-id.js';
import { mapConstraint } from '../../../platform/database/sql-errors.js';
import { Transaction } from '../../../platform/database/transaction.js';
import { addNano, type NanoUsd, nanoUsd } from '../../../platform/money/money.js';
import { ItemNotFoundError } from '../../../prompts/parent-item.js';
import { PromptNotFoundError } from '../../../prompts/prompts.errors.js';
import {
  ACCEPT,
  CLOSE_ATTEMPT,
  HAS_SETTLED,
  MARK_SENT,
  OPEN_ATTEMPT,
  REMAINING_BUDGET,
  SETTLE,
} from './run-ledger.sql.js';
import { BudgetExceededError } from '../run.errors.js';
import type { Run, RunAttempt, RunEvent, RunId, RunQuestion } from '../run.types.js';

/** How often a reservation is tried that was refused although it would fit a moment later. */
const RESERVE_TRIES = 5;

/** Who works on a run: a write under another pair is refused. */
export interface Hold {
  readonly runId: RunId;
  readonly workerId: string;
  readonly fence: number;
}

/** How a run enters the ledger. */
export interface Acceptance {
  readonly question: RunQuestion;
  readonly createdAt: Date;
  /** Worst case to set aside; null when the model has no price. */
  readonly reserve: NanoUsd | null;
  /** The worker when it runs at once, null when it is queued. */
  readonly workerId: string | null;
  /** Whether the first call goes out right after the commit. */
  readonly sent: boolean;
  /** JSON of the first event behind the id, from the comma on. */
  readonly firstEventRest: string;
}

/** The end of a run as it enters the ledger. */
export interface Settlement {
  readonly hold: Hold;
  readonly run: Run;
  /** Its last events. */
  readonly events: readonly RunEvent[];
  /** The price row that it was priced by. */
  readonly price: unknown;
}

/** The writes on runs and attempts. Each is one statement, so that it is whole or not at all, and fenced. */
@Injectable()
export class RunLedgerRepository {
  constructor(private readonly transaction: Transaction) {}

  /**
   * Records a run, its first attempt and its first event, and sets its worst case aside.
   * @throws BudgetExceededError, ItemNotFoundError, PromptNotFoundError
   */
  async accept(acceptance: Acceptance): Promise<RunId> {
    const { question } = acceptance;
    const values = acceptValues(acceptance);
    return this.withinBudget(question.userId, acceptance.reserve, async () => {
      const [row] = await this.transaction.sql<{ id: RunId }>(ACCEPT, values).catch((error: unknown) =>
        mapConstraint(error, {
          runs_research_item_fkey: () => new ItemNotFoundError(question.researchItemId ?? 0),
          runs_prompt_fkey: () => new PromptNotFoundError(question.promptId ?? 0),
        }),
      );
      return row?.id ?? null;
    });
  }

  /** The first attempt goes out now. False: the run is no longer ours. */
  async markSent(hold: Hold, number: number, at: Date): Promise<boolean> {
    const rows = await this.transaction.sql(MARK_SENT, [hold.runId, hold.workerId, hold.fence, number, at]);
    return rows.length > 0;
  }

  /**
   * Opens a further attempt, with a reservation of its own. False: the run is no longer ours.
   * @throws BudgetExceededError
   */
  async openAttempt(hold: Hold, owner: UserId, attempt: RunAttempt): Promise<boolean> {
    const values = [
      hold.runId,
      hold.workerId,
      hold.fence,
      attempt.number,
      attempt.startedAt,
      attempt.waitMs,
      attempt.reservedNanoUsd,
    ];
    return this.withinBudget(owner, attempt.reservedNanoUsd, async () => {
      const [row] = await this.transaction.sql<{ held: boolean; opened: boolean }>(OPEN_ATTEMPT, values);
      return row?.held && !row.opened ? null : row?.opened === true;
    });
  }

  /** Records how an attempt ended that another will follow. False: the run is no longer ours. */
  async closeAttempt(hold: Hold, attempt: RunAttempt): Promise<boolean> {
    const rows = await this.transaction.sql(CLOSE_ATTEMPT, [
      hold.runId,
      hold.workerId,
      hold.fence,
      ...attemptValues(attempt),
    ]);
    return rows.length > 0;
  }

  /** Records the end of a run: its last attempt, money, result and last events. False: the run is no longer ours. */
  async settle(hold: Hold, run: Run, events: readonly RunEvent[], price: unknown): Promise<boolean> {
    const last = run.attempts.at(-1);
    const rows = await this.transaction.sql(SETTLE, [
      hold.runId,
      hold.workerId,
      hold.fence,
      ...resultValues(run),
      json(price),
      ...(last ? attemptValues(last) : Array.from({ length: 9 }, () => null)),
      events.map(({ sequence }) => sequence),
      events.map(({ name }) => name),
      events.map(({ data }) => data),
      ...usageValues(run),
    ]);
    return rows.length > 0;
  }

  /** Whether the end of a run was recorded by this very hold. */
  async hasSettled({ runId, workerId, fence }: Hold): Promise<boolean> {
    const rows = await this.transaction.sql(HAS_SETTLED, [runId, workerId, fence]);
    return rows.length > 0;
  }

  /**
   * Reserves by `act`, which answers null when the budget refuses. What is left is read a moment later: when it would do by
   * then, since others have given back, it is asked for again, so that no refusal contradicts itself.
   */
  private async withinBudget<T>(owner: UserId, needed: NanoUsd | null, act: () => Promise<T | null>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      const done = await act();
      if (done !== null) return done;
      const [row] = await this.transaction.sql<{ remaining: number | null }>(REMAINING_BUDGET, [owner]);
      const remaining = row?.remaining ?? Infinity;
      const fitsNow = needed === null ? remaining === Infinity : remaining >= needed;
      if (fitsNow && tries < RESERVE_TRIES) continue;
      // When it was refused, less than needed was left.
      const left = Math.max(0, Math.min(remaining, (needed ?? 1) - 1));
      throw new BudgetExceededError(nanoUsd(fitsNow ? left : Math.max(0, remaining)), needed);
    }
  }
}

function json(value: unknown): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value);
}

function acceptValues({ question, createdAt, reserve, workerId, sent, firstEventRest }: Acceptance): unknown[] {
  return [
    question.userId,
    reserve,
    workerId,
    question.promptId,
    question.promptVersion,
    json(question.variables),
    question.researchItemId,
    question.batchId,
    question.model,
    json(question.settings),
    question.system,
    json(question.messages),
    question.simulated,
    createdAt,
    sent ? 'sent' : 'intent',
    firstEventRest,
  ];
}

function attemptValues(attempt: RunAttempt): unknown[] {
  return [
    attempt.number,
    attempt.state,
    attempt.durationMs,
    attempt.statusCode,
    attempt.errorType,
    attempt.claudeRequestId,
    attempt.minNanoUsd,
    attempt.maxNanoUsd,
    countedOf(attempt),
  ];
}

/** What the budget counts of a closed attempt: the maximum, or the reservation where even that is not known. */
export function countedOf({ maxNanoUsd, reservedNanoUsd }: RunAttempt): NanoUsd {
  return maxNanoUsd ?? reservedNanoUsd ?? nanoUsd(0);
}

/** What the rollup counts of a run beside its cost and its last attempt. */
function usageValues({ attempts, usage }: Run): unknown[] {
  return [
    addNano(...attempts.slice(0, -1).map(countedOf)),
    usage?.input_tokens ?? 0,
    usage?.output_tokens ?? 0,
    usage?.cache_creation_input_tokens ?? 0,
    usage?.cache_read_input_tokens ?? 0,
  ];
}

function resultValues(run: Run): unknown[] {
  return [
    run.status,
    run.outputText,
    json(run.output),
    json(run.sources),
    run.stopReason,
    json(run.usage),
    run.costNanoUsd,
    run.billingState,
    run.billingMinNanoUsd,
    run.billingMaxNanoUsd,
    run.error?.slug ?? null,
    run.error?.detail ?? null,
    run.finishedAt,
  ];
}
