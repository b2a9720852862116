import type { ProblemSlug } from '../../src/platform/errors/problems.js';
import { expectNoSecrets, failedRun, type FailedRun } from '../support/fault-runs.js';
import { TestServer } from '../support/server.js';
import { liveAgainst, PATIENT_CLAUDE, sharedStack } from '../support/shared-stack.js';

const UPSTREAM_TEXT = 'UPSTREAM-INTERNALS-7421';
/** Where Claude falls silent: every attempt waits so long for its first byte, and so long for each further one. */
const TIMEOUT_MS = 1000;
/** No row may hang: this is no measure of speed. */
const HANG_MS = 15_000;

/** How one fault upstream looks from outside, once the retries are over. */
interface Row {
  /** What the simulated Claude is told to do. */
  readonly does: string;
  readonly slug: ProblemSlug;
  /** How the run ends. */
  readonly ends: 'failed' | 'interrupted';
  /** Calls that Claude gets. */
  readonly calls: number;
  readonly billing: FailedRun['run']['billing']['state'];
  /** What each attempt has on record. */
  readonly statusCode: number | null;
  readonly errorType: string | RegExp;
  /** Time that passes at least, beside the waits between attempts. */
  readonly minMs?: number;
}

const status = (code: number, slug: ProblemSlug, errorType: string, calls = 1): Row => ({
  does: `status=${code}`,
  slug,
  ends: 'failed',
  calls,
  billing: 'none',
  statusCode: code,
  errorType,
});

/** What becomes of a run when Claude answers with a status that is an error, tried again where that may help. */
const STATUSES: Row[] = [
  status(400, 'claude-rejected-request', 'invalid_request_error'),
  status(404, 'claude-rejected-request', 'not_found_error'),
  status(422, 'claude-rejected-request', 'invalid_request_error'),
  status(413, 'claude-request-too-large', 'request_too_large'),
  status(401, 'claude-misconfigured', 'authentication_error'),
  status(402, 'claude-misconfigured', 'billing_error'),
  status(403, 'claude-misconfigured', 'permission_error'),
  { ...status(429, 'claude-misconfigured', 'rate_limit_error'), does: 'spend_cap' },
  status(429, 'claude-rate-limited', 'rate_limit_error', 3),
  status(529, 'claude-overloaded', 'overloaded_error', 3),
  status(503, 'claude-overloaded', 'api_error', 3),
  status(500, 'claude-failed', 'api_error', 3),
  status(502, 'claude-failed', 'api_error', 3),
  status(504, 'claude-failed', 'timeout_error', 3),
  status(520, 'claude-failed', 'api_error', 3),
  status(408, 'claude-failed', 'invalid_request_error', 3),
  status(409, 'claude-failed', 'conflict_error', 3),
  { ...status(502, 'claude-failed', 'http_502', 3), does: 'html' },
];

/** What fails before anything of an answer has come: the request went out, so it may be billed. */
const UNANSWERED: Row[] = [
  { does: 'reset', slug: 'claude-unreachable', statusCode: null, errorType: /SOCKET|ECONNRESET/ },
  { does: 'hang', slug: 'claude-timeout', statusCode: null, errorType: 'timeout', minMs: 3 * TIMEOUT_MS },
  { does: 'slow_ms=30000', slug: 'claude-timeout', statusCode: null, errorType: 'timeout', minMs: 3 * TIMEOUT_MS },
  { does: 'hang_headers', slug: 'claude-timeout', statusCode: 200, errorType: 'timeout', minMs: 3 * TIMEOUT_MS },
  { does: 'garbage', slug: 'claude-failed', statusCode: 200, errorType: 'unreadable_answer' },
].map((row) => ({ ...row, ends: 'failed', calls: 3, billing: 'unknown' }) as Row);

/** What breaks an answer that had begun. Only before its first text is it asked for again. */
const BROKEN: Row[] = [
  ['hang_after', 'claude-timeout', 'timeout'],
  ['reset_after', 'claude-interrupted', /SOCKET|ECONNRESET/],
  ['end_after', 'claude-interrupted', 'stream_broken'],
  ['error_after', 'claude-interrupted', 'overloaded_error'],
].flatMap(([fault, slug, errorType]) =>
  [0, 3].map((deltas) => {
    const calls = deltas === 0 ? 3 : 1;
    const minMs = fault === 'hang_after' ? calls * TIMEOUT_MS : 0;
    return {
      does: `${String(fault)}=${deltas}`,
      slug,
      ends: 'interrupted',
      calls,
      billing: 'unknown',
      statusCode: 200,
      errorType,
      minMs,
    } as Row;
  }),
);

const IMPATIENT = { CLAUDE_TIMEOUT_MS: String(TIMEOUT_MS), CLAUDE_IDLE_TIMEOUT_MS: String(TIMEOUT_MS) };

const CUT_OFF = [...UNANSWERED, ...BROKEN];
const isSilence = ({ minMs = 0 }: Row): boolean => minMs > 0;

// A server each: one alone would have used up its retries half-way.
describe.each([
  ['a refusal by Claude', STATUSES, PATIENT_CLAUDE],
  ['an answer of Claude that breaks', CUT_OFF.filter((row) => !isSilence(row)), PATIENT_CLAUDE],
  ['a silence of Claude', CUT_OFF.filter(isSilence), IMPATIENT],
])('%s', (_, table, timeouts) => {
  let server: TestServer;

  beforeAll(async () => {
    const { folder, template, simulatorUrl } = sharedStack();
    server = await TestServer.start({ folder, template, env: { ...liveAgainst(simulatorUrl), ...timeouts } });
  });
  afterAll(() => server.dispose());

  function expectRecord({ run, calls, problem }: FailedRun, row: Row): void {
    expect(run).toMatchObject({
      status: row.ends,
      error: { type: `/problems/${row.slug}`, detail: problem.detail },
    });
    expect(run.attempts.map(({ number }) => number)).toEqual(calls.map((_call, index) => index + 1));
    for (const attempt of run.attempts) {
      expect(attempt.status_code).toBe(row.statusCode);
      expect(attempt.error_type).toEqual(
        typeof row.errorType === 'string' ? row.errorType : expect.stringMatching(row.errorType),
      );
      expect(attempt.duration_ms).toBeGreaterThanOrEqual(0);
      // Claude names its requests in the headers of whatever it answers.
      expect(attempt.claude_request_id === null).toBe(row.statusCode === null);
    }
    const waits = run.attempts.map(({ wait_ms }) => wait_ms);
    expect([waits[0], waits.slice(1).every((wait) => wait >= 10 && wait <= 30)]).toEqual([0, true]);
  }

  function expectMoney({ run, me }: FailedRun, row: Row): void {
    const { state, min_usd, max_usd } = run.billing;
    expect([state, me.reserved_usd, me.spent_usd]).toEqual([row.billing, 0, max_usd]);
    if (row.billing === 'none') return expect([min_usd, max_usd, run.cost_usd]).toEqual([0, 0, 0]);
    expect(max_usd).toBeGreaterThan(min_usd);
    // What was seen of an answer is the least that it cost; without any, nothing may be billed at all.
    expect(min_usd > 0).toBe(row.ends === 'interrupted');
  }

  it.each(table)('is told as $slug after $calls call(s): $does', async (row) => {
    const message = row.does.startsWith('status=') ? ` message="${UPSTREAM_TEXT}"` : '';
    const text = row.does.includes('_after=') ? ` deltas=9 text="${'half an answer '.repeat(9)}"` : '';
    const failed = await failedRun(server, `[[sim ${row.does}${message}${text}]]`, row.slug);
    expect(failed.calls).toHaveLength(row.calls);
    expectRecord(failed, row);
    expectMoney(failed, row);
    expect(failed.elapsedMs).toBeGreaterThanOrEqual((row.minMs ?? 0) + (row.calls - 1) * 10);
    expect(failed.elapsedMs).toBeLessThan(HANG_MS);

    const { run, problem, response } = failed;
    if (row.does.endsWith('_after=3')) expect(run.output_text).toMatch(/^half an/);
    else expect(run.output_text ?? '').toBe('');
    expect(problem.detail.includes(UPSTREAM_TEXT)).toBe(row.slug === 'claude-rejected-request');
    const comeAgain = ['claude-rate-limited', 'claude-overloaded'].includes(row.slug);
    expect(response.headers.get('retry-after')).toEqual(comeAgain ? expect.stringMatching(/^[1-9]\d*$/) : null);
  });

  it('is logged by name and figure, without texts or keys', () => {
    expectNoSecrets(server, [UPSTREAM_TEXT, '[[sim', 'half an answer', 'Bad Gateway']);
    const failed = server.log('claude_query_failed');
    expect(failed).toHaveLength(table.length);
    for (const line of failed) {
      expect(line).toMatchObject({
        run_id: expect.any(Number) as number,
        user_id: expect.any(Number) as number,
        model: expect.any(String) as string,
        error_type: expect.stringMatching(/^claude-/) as string,
        prompt_length: expect.any(Number) as number,
        attempts: expect.any(Number) as number,
        request_id: expect.any(String) as string,
      });
    }
    const attempts = server.log('claude_attempt_failed');
    expect(attempts).toHaveLength(table.reduce((sum, { calls }) => sum + calls, 0));
    expect(attempts[0]).toHaveProperty('wait_ms');
    // Only what the operator can mend is called an error.
    const errors = server.log().filter(({ level }) => level === 'error');
    expect(errors.every(({ event }) => event === 'claude_misconfigured')).toBe(true);
    expect(errors).toHaveLength(table.filter(({ slug }) => slug === 'claude-misconfigured').length);
  });
});

describe('a Claude that is not there', () => {
  let server: TestServer;

  beforeAll(async () => {
    const { folder, template } = sharedStack();
    // Port 1 has no service: the connection is refused.
    server = await TestServer.start({ folder, template, env: liveAgainst('http://127.0.0.1:1') });
  });
  afterAll(() => server.dispose());

  it('is told as claude-unreachable, is tried three times, and costs nothing: nothing was sent', async () => {
    const { run, problem, me } = await failedRun(server, 'Hello?', 'claude-unreachable');
    expect(run).toMatchObject({ status: 'failed', billing: { state: 'none', max_usd: 0 } });
    expect(run.attempts).toHaveLength(3);
    for (const attempt of run.attempts) {
      expect(attempt).toMatchObject({ error_type: 'ECONNREFUSED', status_code: null, claude_request_id: null });
    }
    expect([me.reserved_usd, me.spent_usd]).toEqual([0, 0]);
    expect(JSON.stringify(problem)).not.toMatch(/127\.0\.0\.1|ECONN/);
  });
});
