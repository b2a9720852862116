import { ApiProperty } from '@nestjs/swagger';
import { ApiInteger } from '../../openapi/api-integer.decorator.js';

/** One mistake in the request: `pointer` (JSON Pointer into the body) or `parameter` (name of a query or path parameter). */
export class FieldErrorResponse {
  /** @example "/title" */
  pointer?: string;
  /** @example "limit" */
  parameter?: string;
  /** @example "must have 1 to 200 characters" */
  detail: string;
}

/** Every error answer (RFC 9457). */
export class ProblemResponse {
  /**
   * Path of the page that explains the problem.
   * @example "/problems/item-not-found"
   */
  type: string;
  /**
   * The same for every occurrence of the problem.
   * @example "Research item not found"
   */
  title: string;
  /**
   * HTTP status code.
   * @example 404
   */
  @ApiInteger()
  status: number;
  /**
   * What is wrong with this very request.
   * @example "Research item 7 not found"
   */
  detail: string;
  /**
   * Path of the request.
   * @example "/api/v1/research-items/7"
   */
  instance: string;
  /**
   * The `X-Request-Id` of the answer; the log has the same.
   * @example "7f6f0c5e-2d57-4a8e-9d0e-5b1f1f6f3c1a"
   */
  request_id: string;
  /** The run that failed, where there is one: it stays readable at `/api/v1/ai/runs/{run_id}`. */
  @ApiInteger({ required: false, example: 1 })
  run_id?: number;
  /** Each mistake with its place. */
  errors?: FieldErrorResponse[];
  /**
   * With `budget-exceeded`: what is left of the budget.
   * @example 0.25
   */
  remaining_usd?: number;
  /** With `budget-exceeded`: the most that what was asked for can cost; null where the model has no known price. */
  @ApiProperty({ type: Number, nullable: true, required: false, example: 0.4 })
  needed_usd?: number | null;
}

/** What a problem means. */
export class ProblemDefinitionResponse {
  /** @example "/problems/item-not-found" */
  type: string;
  /** @example "item-not-found" */
  slug: string;
  /** @example 404 */
  @ApiInteger()
  status: number;
  /** @example "Research item not found" */
  title: string;
  /** @example "No research item of yours has this id." */
  meaning: string;
}

/** Every problem there is. */
export class ProblemListResponse {
  items: ProblemDefinitionResponse[];
  /** Always null: the list is whole. */
  next_cursor: string | null;
}
