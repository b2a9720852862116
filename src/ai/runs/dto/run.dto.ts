import { ApiProperty } from '@nestjs/swagger';
import { ApiInteger } from '../../../platform/openapi/api-integer.decorator.js';
import { SettingsResponse } from '../../../prompts/dto/settings.dto.js';
import { RUN_STATUSES, type RunStatus } from '../run.types.js';

const SETTINGS = { description: 'How it was asked, with every default filled in.', type: () => SettingsResponse };

/** Tokens of an answer, in disjoint classes. */
export class UsageResponse {
  @ApiInteger({ example: 42 })
  input_tokens: number;

  @ApiInteger({ example: 128 })
  output_tokens: number;

  @ApiInteger({ example: 0 })
  cache_creation_input_tokens: number;

  @ApiInteger({ example: 0 })
  cache_read_input_tokens: number;
}

/** What a run was billed: known, not to be known, or nothing. */
export class BillingResponse {
  @ApiProperty({ enum: ['settled', 'unknown', 'none'] })
  state: 'settled' | 'unknown' | 'none';

  /** The least it can have cost.
   * @example 0.001364 */
  min_usd: number;

  /** The most it can have cost; null when the model has no known price.
   * @example 0.001364 */
  max_usd: number | null;
}

/** One call to Claude on behalf of a run. */
export class RunAttemptResponse {
  @ApiInteger({ example: 1 })
  number: number;

  /** @example "2026-11-23T09:30:00.000Z" */
  @ApiProperty({ format: 'date-time' })
  started_at: string;

  @ApiInteger({ nullable: true, example: 1840 })
  duration_ms: number | null;

  /** How long was waited before it. */
  @ApiInteger({ example: 0 })
  wait_ms: number;

  /** HTTP status code of Claude's answer; null when none came. */
  @ApiInteger({ nullable: true, example: 200 })
  status_code: number | null;

  /** Claude's error type, or what kept the answer from coming.
   * @example null */
  error_type: string | null;

  /** Claude's own name for the call, for its support.
   * @example "req_011CSHoEeqs5C35K2UUqR7Fy" */
  claude_request_id: string | null;
}

/** Where a statement of an answer comes from. */
export class SourceResponse {
  /** @example "Tidal power" */
  title: string | null;

  /** @example "https://en.wikipedia.org/wiki/Tidal_power" */
  url: string;

  /** @example "Tidal power is harnessed by converting energy from tides." */
  cited_text: string;
}

/** One message of the conversation that Claude was asked to continue. */
export class MessageResponse {
  @ApiProperty({ enum: ['user', 'assistant'] })
  role: 'user' | 'assistant';

  /** @example "Write three facts about tides." */
  content: string;
}

/** Why a run has no whole answer. */
export class RunErrorResponse {
  /** Path of the problem that explains it.
   * @example "/problems/claude-overloaded" */
  type: string;

  /** @example "Claude is overloaded at the moment" */
  detail: string;
}

/** A run without its large texts. */
export class RunSummaryResponse {
  @ApiInteger({ example: 1 })
  id: number;

  /** `queued → running →` one of the four others. */
  @ApiProperty({ enum: RUN_STATUSES, enumName: 'RunStatus' })
  status: RunStatus;

  @ApiInteger({ nullable: true, example: 1 })
  prompt_id: number | null;

  @ApiInteger({ nullable: true, example: 1 })
  prompt_version: number | null;

  @ApiInteger({ nullable: true, example: 1 })
  research_item_id: number | null;

  @ApiInteger({ nullable: true, example: null })
  batch_id: number | null;

  /** @example "claude-sonnet-5-5" */
  model: string;

  @ApiProperty(SETTINGS)
  settings: SettingsResponse;

  /** Why Claude stopped; `refusal` is a success of the call.
   * @example "end_turn" */
  stop_reason: string | null;

  /** Null until something of the answer was seen. */
  usage: UsageResponse | null;

  /** What is settled of its cost; null when nothing is known.
   * @example 0.001364 */
  cost_usd: number | null;

  billing: BillingResponse;

  error: RunErrorResponse | null;

  /** Whether the answer comes from the simulator instead of Claude. */
  simulated: boolean;

  /** @example "2026-11-23T09:30:00.000Z" */
  @ApiProperty({ format: 'date-time' })
  created_at: string;

  /**
   * When a worker took it up; null while it is queued.
   * @example "2026-11-23T09:30:00.010Z"
   */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  started_at: string | null;

  /**
   * When its end was recorded.
   * @example "2026-11-23T09:30:01.850Z"
   */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  finished_at: string | null;
}

/** A run with everything that is kept of it. */
export class RunResponse extends RunSummaryResponse {
  /** Values of the prompt's variables. */
  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true })
  variables: Record<string, unknown> | null;

  /** The system prompt as it was sent.
   * @example "You are a careful researcher." */
  system: string | null;

  /** The messages as they were sent. */
  messages: MessageResponse[];

  /** The answer's text; a part of it when the run was interrupted.
   * @example "Tides come from the pull of the moon." */
  output_text: string | null;

  /** The answer's content blocks as Claude sent them. */
  @ApiProperty({ type: 'array', items: { type: 'object', additionalProperties: true }, nullable: true })
  output: Record<string, unknown>[] | null;

  /** Where the answer's statements come from, with `web_search`. */
  sources: SourceResponse[];

  /** The calls to Claude, in order. */
  attempts: RunAttemptResponse[];
}

/** One page of runs. */
export class RunListResponse {
  items: RunSummaryResponse[];
  /** Continues the list; null at its end. */
  next_cursor: string | null;
}
