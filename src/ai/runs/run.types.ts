import type { Brand } from '../../platform/brand.js';
import type { NanoUsd } from '../../platform/money/money.js';
import type { ProblemSlug } from '../../platform/errors/problems.js';
import type { ProblemMembers } from '../../platform/errors/research-platform.error.js';
import type { UserId } from '../../identity/user-id.js';
import type { ResearchItemId } from '../../prompts/parent-item.js';
import type { PromptId } from '../../prompts/prompts.types.js';
import type { ClaudeMessage, ClaudeUsage, ContentBlock, Effort, Source } from '../claude/claude.types.js';

export type RunId = Brand<number, 'RunId'>;

export const RUN_STATUSES = ['queued', 'running', 'succeeded', 'failed', 'cancelled', 'interrupted'] as const;

/** `queued → running →` one of the four others, which are final. */
export type RunStatus = (typeof RUN_STATUSES)[number];

export type FinalStatus = Exclude<RunStatus, 'queued' | 'running'>;

/** What a run asks of Claude beside its texts, with all defaults filled in. */
export interface RunSettings {
  readonly max_tokens: number;
  readonly effort?: Effort;
  readonly stop_sequences?: readonly string[];
  readonly output_schema?: Readonly<Record<string, unknown>>;
  readonly web_search?: boolean;
}

/** `settled`: known to the nano-dollar. `unknown`: between minimum and maximum. `none`: nothing was billed. */
export type BillingState = 'settled' | 'unknown' | 'none';

/** `intent`: committed, not sent. `sent`: may be billed. `settled`: its cost is known. `unknown`: it will never be. */
export type AttemptState = 'intent' | 'sent' | 'settled' | 'unknown';

/** One call to Claude on behalf of a run. */
export interface RunAttempt {
  readonly number: number;
  readonly state: AttemptState;
  readonly startedAt: Date;
  readonly durationMs: number | null;
  readonly waitMs: number;
  readonly statusCode: number | null;
  readonly errorType: string | null;
  readonly claudeRequestId: string | null;
  /** Worst case set aside from the budget; null when the model has no price. */
  readonly reservedNanoUsd: NanoUsd | null;
  readonly minNanoUsd: NanoUsd;
  /** Null when the model has no price. */
  readonly maxNanoUsd: NanoUsd | null;
}

/** What a run asks: fixed when it is accepted. */
export interface RunQuestion {
  readonly userId: UserId;
  readonly promptId: PromptId | null;
  readonly promptVersion: number | null;
  readonly variables: Readonly<Record<string, unknown>> | null;
  readonly researchItemId: ResearchItemId | null;
  readonly batchId: number | null;
  /** The Message Batch that it goes to Claude with, at half the price; null when it goes alone. */
  readonly messageBatchId: number | null;
  readonly model: string;
  readonly settings: RunSettings;
  readonly system: string | null;
  readonly messages: readonly ClaudeMessage[];
  readonly simulated: boolean;
}

/** What came of a run so far. */
export interface RunResult {
  readonly status: RunStatus;
  readonly outputText: string | null;
  readonly output: readonly ContentBlock[] | null;
  readonly sources: readonly Source[];
  readonly stopReason: string | null;
  readonly usage: ClaudeUsage | null;
  readonly costNanoUsd: NanoUsd | null;
  readonly billingState: BillingState;
  readonly billingMinNanoUsd: NanoUsd;
  readonly billingMaxNanoUsd: NanoUsd | null;
  readonly error: RunError | null;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

/** Why a run has no whole answer. */
export interface RunError {
  readonly slug: ProblemSlug;
  readonly detail: string;
  /** What Claude asked to wait, for those who wait for this run; it is not recorded. */
  readonly retryAfterSeconds?: number;
  /** Further members of the problem, for them as well: what was left of a budget. */
  readonly members?: ProblemMembers;
}

/** A run with everything that is kept of it. */
export interface Run extends RunQuestion, RunResult {
  readonly id: RunId;
  readonly createdAt: Date;
  readonly attempts: readonly RunAttempt[];
}

/** A run as lists show it: without large texts. */
export type RunSummary = Omit<
  Run,
  'messages' | 'system' | 'variables' | 'output' | 'outputText' | 'attempts' | 'sources' | 'messageBatchId'
>;

/** One event of a run's stream as it is stored and sent; `data` is JSON text. */
export interface RunEvent {
  readonly sequence: number;
  readonly name: 'run' | 'delta' | 'usage' | FinalStatus;
  readonly data: string;
}

/** Whether a status is final. */
export function isFinal(status: RunStatus): status is FinalStatus {
  return status !== 'queued' && status !== 'running';
}
