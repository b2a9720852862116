import { problemExamples } from './api-problems.decorator.js';
import { NotFoundError } from './platform.errors.js';
import { ProblemsController } from './problems.controller.js';
import { problemDefinition, PROBLEMS, type ProblemSlug } from './problems.js';
import type { ProblemMembers } from './research-platform.error.js';

/** Section 4 of the design: every slug with its status. */
const STATUSES: Record<ProblemSlug, number> = {
  'validation-failed': 422,
  'malformed-request': 400,
  unauthorized: 401,
  forbidden: 403,
  'item-not-found': 404,
  'prompt-not-found': 404,
  'run-not-found': 404,
  'batch-not-found': 404,
  'not-found': 404,
  'method-not-allowed': 405,
  conflict: 409,
  'request-in-progress': 409,
  'run-cancelled': 409,
  'precondition-failed': 412,
  'precondition-required': 428,
  'payload-too-large': 413,
  'unsupported-media-type': 415,
  'idempotency-key-reused': 422,
  'missing-variables': 422,
  'rate-limited': 429,
  'budget-exceeded': 429,
  'internal-error': 500,
  'output-invalid': 502,
  'run-interrupted': 502,
  'database-unavailable': 503,
  overloaded: 503,
  'shutting-down': 503,
  'claude-rejected-request': 400,
  'claude-request-too-large': 413,
  'claude-misconfigured': 502,
  'claude-rate-limited': 503,
  'claude-overloaded': 503,
  'claude-failed': 502,
  'claude-unreachable': 502,
  'claude-timeout': 504,
  'claude-interrupted': 502,
};
const SLUGS = Object.keys(PROBLEMS) as ProblemSlug[];
/** Those that the design sends with `Retry-After`. */
const WAITING: ProblemSlug[] = [
  'request-in-progress',
  'rate-limited',
  'database-unavailable',
  'overloaded',
  'shutting-down',
  'claude-rate-limited',
  'claude-overloaded',
];

describe('The problem table', () => {
  it('has every slug of the design with its status, and no other', () => {
    expect(Object.fromEntries(SLUGS.map((slug) => [slug, problemDefinition(slug).status]))).toEqual(STATUSES);
  });

  it.each(SLUGS)('explains %s in sentences', (slug) => {
    const { title, meaning } = problemDefinition(slug);
    expect(title).toMatch(/^[A-Z][^.]+$/);
    expect(meaning).toMatch(/^[A-Z`].+\.$/s);
  });

  it('explains the members that only one problem has', () => {
    const members: Required<ProblemMembers> = { remaining_usd: 0.25, needed_usd: 0.5 };
    const { meaning } = problemDefinition('budget-exceeded');
    expect(Object.keys(members).filter((member) => !meaning.includes(`\`${member}\``))).toEqual([]);
  });

  it('says how long to wait where waiting helps, and only there', () => {
    const waiting = SLUGS.filter((slug) => problemDefinition(slug).retryAfterSeconds !== undefined);
    expect(waiting.sort()).toEqual([...WAITING].sort());
  });

  it('is what /problems serves and the OpenAPI examples show', () => {
    const controller = new ProblemsController();
    const { items, next_cursor: next } = controller.list();
    expect([items.map(({ slug }) => slug), next]).toEqual([SLUGS, null]);
    expect(Object.keys(problemExamples())).toEqual(SLUGS);
    for (const slug of SLUGS) {
      expect(controller.get(slug)).toMatchObject({ type: `/problems/${slug}`, slug, status: STATUSES[slug] });
      expect(problemExamples()[slug]?.value).toMatchObject({ type: `/problems/${slug}`, status: STATUSES[slug] });
    }
  });

  it.each(['', 'nonsense', 'constructor', '__proto__', 'toString'])('has no page for %j', (slug) => {
    expect(() => new ProblemsController().get(slug)).toThrow(NotFoundError);
  });
});
