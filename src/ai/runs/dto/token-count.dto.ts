import { ApiInteger } from '../../../platform/openapi/api-integer.decorator.js';

/** What a run would send, and the most it can cost. */
export class TokenCountResponse {
  @ApiInteger({ example: 42 })
  input_tokens: number;

  /** US dollars for the input and `max_tokens` of output; null when the model has no known price.
   * @example 0.041065 */
  max_cost_usd: number | null;
}
