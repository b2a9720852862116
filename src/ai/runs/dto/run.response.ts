import { problemType } from '../../../platform/errors/problems.js';
import { type NanoUsd, usdFromNano } from '../../../platform/money/money.js';
import type { Run, RunAttempt, RunSummary } from '../run.types.js';
import type { RunAttemptResponse, RunResponse, RunSummaryResponse } from './run.dto.js';

function usd(nano: NanoUsd | null): number | null {
  return nano === null ? null : usdFromNano(nano);
}

function toAttempt(attempt: RunAttempt): RunAttemptResponse {
  return {
    number: attempt.number,
    started_at: attempt.startedAt.toISOString(),
    duration_ms: attempt.durationMs,
    wait_ms: attempt.waitMs,
    status_code: attempt.statusCode,
    error_type: attempt.errorType,
    claude_request_id: attempt.claudeRequestId,
  };
}

function outcomeOf(run: RunSummary) {
  return {
    stop_reason: run.stopReason,
    usage: run.usage && {
      input_tokens: run.usage.input_tokens,
      output_tokens: run.usage.output_tokens,
      cache_creation_input_tokens: run.usage.cache_creation_input_tokens,
      cache_read_input_tokens: run.usage.cache_read_input_tokens,
    },
    cost_usd: usd(run.costNanoUsd),
    billing: {
      state: run.billingState,
      min_usd: usdFromNano(run.billingMinNanoUsd),
      max_usd: usd(run.billingMaxNanoUsd),
    },
  };
}

function endOf(run: RunSummary) {
  return {
    error: run.error && { type: problemType(run.error.slug), detail: run.error.detail },
    simulated: run.simulated,
    created_at: run.createdAt.toISOString(),
    started_at: run.startedAt?.toISOString() ?? null,
    finished_at: run.finishedAt?.toISOString() ?? null,
  };
}

/** A run as the API shows it. The order of the members is fixed: stored events are this very text, and begin with the id. */
export function toRunResponse(run: Run): RunResponse {
  return {
    id: run.id,
    status: run.status,
    prompt_id: run.promptId,
    prompt_version: run.promptVersion,
    variables: run.variables && { ...run.variables },
    research_item_id: run.researchItemId,
    batch_id: run.batchId,
    model: run.model,
    settings: { ...run.settings } as RunResponse['settings'],
    system: run.system,
    messages: run.messages.map(({ role, content }) => ({ role, content })),
    output_text: run.outputText,
    output: run.output as RunResponse['output'],
    sources: run.sources.map((source) => ({ ...source })),
    ...outcomeOf(run),
    attempts: run.attempts.map(toAttempt),
    ...endOf(run),
  };
}

/** A run as lists show it. */
export function toRunSummaryResponse(run: RunSummary): RunSummaryResponse {
  return {
    id: run.id,
    status: run.status,
    prompt_id: run.promptId,
    prompt_version: run.promptVersion,
    research_item_id: run.researchItemId,
    batch_id: run.batchId,
    model: run.model,
    settings: { ...run.settings } as RunSummaryResponse['settings'],
    ...outcomeOf(run),
    ...endOf(run),
  };
}
