import type { UserId } from '../../identity/user-id.js';
import type { ProblemSlug } from '../../platform/errors/problems.js';
import type { NanoUsd } from '../../platform/money/money.js';
import type { ResearchItemId } from '../../prompts/parent-item.js';
import type { PromptId } from '../../prompts/prompts.types.js';
import type { ClaudeMessage, ClaudeUsage, ContentBlock, Source } from '../claude/claude.types.js';
import type { RunEntity } from './run.entity.js';
import type {
  BillingState,
  Run,
  RunAttempt,
  RunError,
  RunId,
  RunSettings,
  RunStatus,
  RunSummary,
} from './run.types.js';

/** A row of `run_attempts` as JSON: times are texts. */
interface AttemptRow {
  number: number;
  state: RunAttempt['state'];
  started_at: string;
  duration_ms: number | null;
  wait_ms: number;
  status_code: number | null;
  error_type: string | null;
  claude_request_id: string | null;
  reserved_nano_usd: NanoUsd | null;
  min_nano_usd: NanoUsd;
  max_nano_usd: NanoUsd | null;
}

/** A row of `runs` with its attempts. */
export interface RunRow {
  id: RunId;
  user_id: UserId;
  status: RunStatus;
  prompt_id: PromptId | null;
  prompt_version: number | null;
  variables: Record<string, unknown> | null;
  research_item_id: ResearchItemId | null;
  batch_id: number | null;
  message_batch_id: number | null;
  model: string;
  settings: RunSettings;
  system: string | null;
  messages: ClaudeMessage[];
  output_text: string | null;
  output: ContentBlock[] | null;
  sources: Source[] | null;
  stop_reason: string | null;
  usage: ClaudeUsage | null;
  cost_nano_usd: NanoUsd | null;
  billing_state: BillingState;
  billing_min_nano_usd: NanoUsd;
  billing_max_nano_usd: NanoUsd | null;
  error_type: ProblemSlug | null;
  error_detail: string | null;
  simulated: boolean;
  created_at: Date;
  started_at: Date | null;
  finished_at: Date | null;
  attempts: AttemptRow[];
}

/** The run that a row stands for. */
export function toRun(row: RunRow): Run {
  return {
    id: row.id,
    userId: row.user_id,
    status: row.status,
    promptId: row.prompt_id,
    promptVersion: row.prompt_version,
    variables: row.variables,
    researchItemId: row.research_item_id,
    batchId: row.batch_id,
    messageBatchId: row.message_batch_id,
    model: row.model,
    settings: row.settings,
    system: row.system,
    messages: row.messages,
    outputText: row.output_text,
    output: row.output,
    sources: row.sources ?? [],
    stopReason: row.stop_reason,
    usage: row.usage,
    costNanoUsd: row.cost_nano_usd,
    billingState: row.billing_state,
    billingMinNanoUsd: row.billing_min_nano_usd,
    billingMaxNanoUsd: row.billing_max_nano_usd,
    error: errorOf(row.error_type, row.error_detail),
    simulated: row.simulated,
    createdAt: row.created_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    attempts: row.attempts.map(toAttempt),
  };
}

function toAttempt(row: AttemptRow): RunAttempt {
  return {
    number: row.number,
    state: row.state,
    startedAt: new Date(row.started_at),
    durationMs: row.duration_ms,
    waitMs: row.wait_ms,
    statusCode: row.status_code,
    errorType: row.error_type,
    claudeRequestId: row.claude_request_id,
    reservedNanoUsd: row.reserved_nano_usd,
    minNanoUsd: row.min_nano_usd,
    maxNanoUsd: row.max_nano_usd,
  };
}

function errorOf(slug: string | null, detail: string | null): RunError | null {
  return slug === null ? null : { slug: slug as ProblemSlug, detail: detail ?? '' };
}

/** The summary that an entity without its large columns stands for. */
export function toRunSummary(entity: RunEntity): RunSummary {
  return {
    id: entity.id as RunId,
    userId: entity.userId as UserId,
    status: entity.status as RunStatus,
    promptId: entity.promptId as PromptId | null,
    promptVersion: entity.promptVersion,
    researchItemId: entity.researchItemId as ResearchItemId | null,
    batchId: entity.batchId,
    model: entity.model,
    settings: entity.settings as RunSettings,
    stopReason: entity.stopReason,
    usage: entity.usage as ClaudeUsage | null,
    costNanoUsd: entity.costNanoUsd as NanoUsd | null,
    billingState: entity.billingState as BillingState,
    billingMinNanoUsd: entity.billingMinNanoUsd as NanoUsd,
    billingMaxNanoUsd: entity.billingMaxNanoUsd as NanoUsd | null,
    error: errorOf(entity.errorType, entity.errorDetail),
    simulated: entity.simulated,
    createdAt: entity.createdAt,
    startedAt: entity.startedAt,
    finishedAt: entity.finishedAt,
  };
}
