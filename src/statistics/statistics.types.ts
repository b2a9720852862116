import type { NanoUsd } from '../platform/money/money.js';

/** What a user has, and what the user's runs used. */
export interface Statistics {
  readonly researchItems: number;
  readonly prompts: number;
  readonly runs: {
    /** Every run, finished or not. */
    readonly total: number;
    readonly succeeded: number;
    /** Those whose status is `failed`. */
    readonly failed: number;
  };
  readonly tokens: { readonly input: number; readonly output: number };
  /** The known cost. */
  readonly costNanoUsd: NanoUsd;
}

/** Whether something is `Statistics`: what was read from elsewhere may be anything. */
export function isStatistics(value: unknown): value is Statistics {
  if (!isRecord(value) || !isRecord(value['runs']) || !isRecord(value['tokens'])) return false;
  const { researchItems, prompts, runs, tokens, costNanoUsd } = value as Record<string, Record<string, unknown>>;
  const counts = [researchItems, prompts, runs?.['total'], runs?.['succeeded'], runs?.['failed'], costNanoUsd];
  return [...counts, tokens?.['input'], tokens?.['output']].every((count) => Number.isSafeInteger(count));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
