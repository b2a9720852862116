import type { ProblemSlug } from './problems.js';

/** Where a value is wrong: a JSON Pointer into the body, or the name of a query parameter. */
export type FieldError =
  { readonly pointer: string; readonly detail: string } | { readonly parameter: string; readonly detail: string };

/** Members of the problem document that only some problems have, in snake_case; `ProblemResponse` declares each of them. */
export interface ProblemMembers {
  readonly remaining_usd?: number;
  readonly needed_usd?: number | null;
}

/** Members of the problem beside slug and detail. */
export interface ProblemExtras {
  readonly errors?: readonly FieldError[];
  /** The run that failed, when there is one. */
  readonly runId?: number;
  /** Seconds to wait; overrides the table's default. */
  readonly retryAfterSeconds?: number;
  /** Further members of the problem document. */
  readonly members?: ProblemMembers;
}

/**
 * Base of every domain error: a slug of the problem table and a sentence for the caller. It knows no HTTP; the exception
 * filter maps it. `detail` is shown to the caller and must hold no internals.
 */
export class ResearchPlatformError extends Error {
  constructor(
    readonly slug: ProblemSlug,
    readonly detail: string,
    readonly extras: ProblemExtras = {},
    options?: ErrorOptions,
  ) {
    super(detail, options);
    this.name = new.target.name;
  }
}
