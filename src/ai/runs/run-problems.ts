import { BODY_PROBLEMS } from '../../identity/authorized.decorator.js';
import type { ProblemSlug } from '../../platform/errors/problems.js';

/** What can be wrong with the body of a run. */
export const DRAFT_PROBLEMS: readonly ProblemSlug[] = [
  'validation-failed',
  'missing-variables',
  'prompt-not-found',
  'item-not-found',
  'not-found',
  ...BODY_PROBLEMS,
];

/** How Claude, or the way to it, can fail. */
export const CLAUDE_PROBLEMS: readonly ProblemSlug[] = [
  'claude-rejected-request',
  'claude-request-too-large',
  'claude-misconfigured',
  'claude-rate-limited',
  'claude-overloaded',
  'claude-failed',
  'claude-unreachable',
  'claude-timeout',
  'claude-interrupted',
];

/** How a run that is waited for can end without an answer, or not begin. */
export const RUN_PROBLEMS: readonly ProblemSlug[] = [
  ...DRAFT_PROBLEMS,
  'budget-exceeded',
  'overloaded',
  'shutting-down',
  'run-cancelled',
  'run-interrupted',
  'output-invalid',
  ...CLAUDE_PROBLEMS,
];
