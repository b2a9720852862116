import type { ProblemSlug } from '../../platform/errors/problems.js';
import { type ProblemExtras, ResearchPlatformError } from '../../platform/errors/research-platform.error.js';
import { type NanoUsd, usdFromNano, usdText } from '../../platform/money/money.js';
import type { RunId } from './run.types.js';

/** No run of the caller's has this id. Slug `run-not-found`. */
export class RunNotFoundError extends ResearchPlatformError {
  constructor(id: RunId) {
    super('run-not-found', `Run ${id} not found`);
  }
}

/** A run that was waited for did not succeed; the problem names it. */
export class RunFailedError extends ResearchPlatformError {
  constructor(slug: ProblemSlug, detail: string, runId: RunId, extras: Omit<ProblemExtras, 'runId'> = {}) {
    super(slug, detail, { ...extras, runId });
  }
}

/** The end of a run could not be recorded while it was waited for: the database is away. The run goes on being saved. */
export class RunUnrecordedError extends ResearchPlatformError {
  constructor(runId: RunId, options?: ErrorOptions) {
    super(
      'database-unavailable',
      `The database cannot be reached; run ${runId} will be recorded as soon as it can`,
      { runId },
      options,
    );
  }
}

/** The worst case of a run is more than is left of the budget. Slug `budget-exceeded`. */
export class BudgetExceededError extends ResearchPlatformError {
  constructor(remaining: NanoUsd, needed: NanoUsd | null) {
    const left = usdFromNano(remaining);
    if (needed === null) {
      super('budget-exceeded', 'The model has no known price, so it cannot be run within a budget', {
        members: { remaining_usd: left, needed_usd: null },
      });
      return;
    }
    const detail = `It may cost up to ${usdText(needed)} USD but only ${usdText(remaining)} USD of the budget are left`;
    super('budget-exceeded', detail, {
      members: { remaining_usd: left, needed_usd: usdFromNano(needed) },
    });
  }
}
