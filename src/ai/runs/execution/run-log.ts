import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { usdFromNano } from '../../../platform/money/money.js';
import type { ClaudeApiError } from '../../claude/claude-failure.js';
import type { Run } from '../run.types.js';

/** The log lines of runs: names and figures, never a prompt or an answer. */
@Injectable()
export class RunLog {
  constructor(private readonly logger: PinoLogger) {}

  started(run: Run): void {
    this.logger.info({ event: 'claude_query_started', ...namesOf(run) });
  }

  attemptFailed(run: Run, number: number, failure: ClaudeApiError, waitMs: number): void {
    this.logger.warn({
      event: 'claude_attempt_failed',
      ...namesOf(run),
      number,
      status_code: failure.statusCode,
      error_type: failure.facts.errorType,
      wait_ms: waitMs,
    });
  }

  ended(run: Run): void {
    if (run.status === 'succeeded')
      this.logger.info({ event: 'claude_query_completed', ...namesOf(run), ...figuresOf(run) });
    else this.logger.warn({ event: 'claude_query_failed', ...namesOf(run), ...failureOf(run) });
    if (run.error?.slug === 'claude-misconfigured') {
      this.logger.error(
        { event: 'claude_misconfigured', ...failureOf(run) },
        'Claude refuses the credentials, permission or spending limit of this server: see ANTHROPIC_API_KEY',
      );
    }
  }

  unrecorded(run: Run, error: unknown): void {
    this.logger.error(
      { event: 'run_unrecorded', ...namesOf(run), err: error },
      'The course of a run could not be recorded yet; it is tried again',
    );
  }

  lost(run: Run): void {
    this.logger.warn({ event: 'run_fenced', ...namesOf(run) }, 'The run is no longer held by this process');
  }
}

function namesOf(run: Run) {
  const promptLength = run.messages.reduce((sum, { content }) => sum + content.length, run.system?.length ?? 0);
  return { run_id: run.id, user_id: run.userId, model: run.model, prompt_length: promptLength };
}

function durationOf(run: Run): number | null {
  return run.finishedAt && run.startedAt ? run.finishedAt.getTime() - run.startedAt.getTime() : null;
}

function figuresOf(run: Run) {
  return {
    response_length: run.outputText?.length ?? 0,
    duration_ms: durationOf(run),
    input_tokens: run.usage?.input_tokens ?? null,
    output_tokens: run.usage?.output_tokens ?? null,
    cost_usd: run.costNanoUsd === null ? null : usdFromNano(run.costNanoUsd),
    attempts: run.attempts.length,
  };
}

function failureOf(run: Run) {
  const last = run.attempts.at(-1);
  return {
    error_type: run.error?.slug ?? null,
    status_code: last?.statusCode ?? null,
    duration_ms: durationOf(run),
    attempts: run.attempts.length,
  };
}
