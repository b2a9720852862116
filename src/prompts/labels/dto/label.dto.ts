import { ApiProperty } from '@nestjs/swagger';
import { IsInt, Max, Min } from 'class-validator';
import { ApiInteger } from '../../../platform/openapi/api-integer.decorator.js';
import type { Label, LabelMove } from '../labels.repository.js';

const MAX_VERSION = 2_147_483_647;
const VERSION = { message: `must be a whole number from 1 to ${MAX_VERSION}` };

/** Which version a label shall stand for. */
export class SetLabelRequest {
  /**
   * Number of a version of this prompt.
   * @example 2
   */
  @IsInt(VERSION)
  @Min(1, VERSION)
  @Max(MAX_VERSION, VERSION)
  @ApiInteger({ minimum: 1, maximum: MAX_VERSION })
  version: number;
}

/** A label: a name for one version of a prompt, which can be moved to another. */
export class LabelResponse {
  /** @example "production" */
  label: string;

  /**
   * The version that it stands for.
   * @example 2
   */
  @ApiInteger()
  version: number;

  /**
   * When it was set to this version.
   * @example "2026-11-23T09:30:00.000Z"
   */
  @ApiProperty({ format: 'date-time' })
  set_at: string;
}

/** One page of a prompt's labels, newest first. */
export class LabelListResponse {
  items: LabelResponse[];

  /** Continues the list as `cursor`; null on the last page. */
  next_cursor: string | null;
}

/** One entry of a label's history. */
export class LabelMoveResponse {
  /**
   * The version that it was set to.
   * @example 2
   */
  @ApiInteger()
  version: number;

  /** @example "2026-11-23T09:30:00.000Z" */
  @ApiProperty({ format: 'date-time' })
  set_at: string;
}

/** One page of a label's history, newest first. */
export class LabelHistoryResponse {
  items: LabelMoveResponse[];

  /** Continues the list as `cursor`; null on the last page. */
  next_cursor: string | null;
}

/** A label as the API shows it. Its ETag changes with every move, as `set_at` does. */
export function toLabelResponse({ label, version, setAt }: Label): LabelResponse {
  return { label, version, set_at: setAt.toISOString() };
}

/** An entry of a label's history as the API shows it. */
export function toLabelMoveResponse({ version, setAt }: LabelMove): LabelMoveResponse {
  return { version, set_at: setAt.toISOString() };
}
