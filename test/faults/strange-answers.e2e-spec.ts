import type { ProblemSlug } from '../../src/platform/errors/problems.js';
import { dataOf, newUser, type Schemas, unique } from '../support/client.js';
import { expectNoSecrets, nextModel, type Run } from '../support/fault-runs.js';
import { expectProblem, type Problem } from '../support/problems.js';
import {
  answered,
  dribbled,
  messageEnd,
  messageStart,
  ScriptedClaude,
  type Script,
  streamed,
  textBlock,
  wireOf,
} from '../support/scripted-claude.js';
import { TestServer } from '../support/server.js';
import { liveAgainst, sharedStack } from '../support/shared-stack.js';

const RUNS = '/api/v1/ai/runs';
const TEXT = 'A text of answer.';
const UPSTREAM_TEXT = 'UPSTREAM-INTERNALS-5312';
const FIRST_BYTE_MS = 2000;
const IDLE_MS = 2000;
const DEADLINE_MS = 6000;
/** The most of an upstream's own words that is passed on or kept: a fifth of what these rows send. */
const MAX_WORDS = 20_000;
const { ANTHROPIC_API_KEY: UPSTREAM_KEY = '' } = liveAgainst('');

const whole = (text: string) => [messageStart(), ...textBlock(text), ...messageEnd()];
const errorBody = (type: unknown, message: unknown = UPSTREAM_TEXT): string =>
  JSON.stringify({ type: 'error', error: { type, message } });
const refusal = (status: number, type: unknown, message?: unknown): Script =>
  answered(status, 'application/json', errorBody(type, message));
const overloaded = { type: 'error', error: { type: 'overloaded_error', message: UPSTREAM_TEXT } };

/** A stream of `events`, after which `then` does something else than end it. */
function streamedAnd(events: readonly { readonly type: string }[], then: Script): Script {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(events.map(wireOf).join(''), () => then(response));
  };
}

/** Answers that are odd and yet whole: their text is kept, and their cost is known. */
const WHOLE: [string, Script, string][] = [
  [
    'with events and blocks that nobody knows yet',
    streamed(messageStart(), { type: 'novel' }, ...textBlock(TEXT), ...messageEnd()),
    TEXT,
  ],
  ['in pieces of one byte', dribbled(whole('Zeit – 時間 – ⏳')), 'Zeit – 時間 – ⏳'],
  [
    'with the line ends of other systems',
    answered(200, 'text/event-stream', whole(TEXT).map(wireOf).join('').replaceAll('\n', '\r\n')),
    TEXT,
  ],
  ['with a NUL in its text', streamed(...whole('a\0b')), 'a\uFFFDb'],
  ['with half a character in its text', streamed(...whole('a\ud800b')), 'a\uFFFDb'],
  [
    'with a NUL in its stop reason',
    streamed(messageStart(), ...textBlock(TEXT), ...messageEnd(undefined, 'a\0b')),
    TEXT,
  ],
  ['without a stop reason', streamed(messageStart(), ...textBlock(TEXT), ...messageEnd(undefined, null)), TEXT],
  [
    'with citations that are none',
    streamed(
      messageStart(),
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: TEXT, citations: [null, 5, {}] } },
      ...messageEnd(),
    ),
    TEXT,
  ],
  ['with an error after its end', streamed(...whole(TEXT), overloaded), TEXT],
  [
    'whose connection is reset after its end',
    streamedAnd(whole(TEXT), (response) => setTimeout(() => response.socket?.resetAndDestroy(), 30)),
    TEXT,
  ],
  ['whose connection falls silent after its end', streamedAnd(whole(TEXT), () => undefined), TEXT],
];

const HTML = `<html><title>${UPSTREAM_TEXT}</title></html>`;
const NEVER_READABLE = { input_tokens: -5, output_tokens: 1 };

/** Answers of which nothing can be read: what went out may be billed, unless a status says that it was refused. */
const UNREADABLE: [string, Script, Run['billing']['state']][] = [
  ['an empty stream', streamed(), 'unknown'],
  ['no content', (response) => response.writeHead(204).end(), 'unknown'],
  ['a page', answered(200, 'text/html', HTML), 'unknown'],
  ['JSON', answered(200, 'application/json', '{"type":"message","content":[]}'), 'unknown'],
  ['an error under 200', answered(200, 'application/json', errorBody('overloaded_error')), 'unknown'],
  ['an end without a beginning', streamed({ type: 'message_stop' }), 'unknown'],
  ['a message without counts', streamed(messageStart(null), ...textBlock(TEXT), ...messageEnd()), 'unknown'],
  [
    'a message of minus five tokens',
    streamed(messageStart(NEVER_READABLE), ...textBlock(TEXT), ...messageEnd()),
    'unknown',
  ],
  ['no HTTP', (response) => response.socket?.end(`${UPSTREAM_TEXT}\r\n\r\n`), 'unknown'],
  ['a redirection', (response) => response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end(), 'none'],
  ['a status that does not exist', (response) => response.writeHead(799).end(UPSTREAM_TEXT), 'none'],
  ['an error without a body', (response) => response.writeHead(500).end(), 'none'],
  ['an error whose type is no text', refusal(500, { a: 1 }), 'none'],
  ['an error with a NUL in its type', refusal(500, 'a\0b'), 'none'],
  ['an error whose type is endless', refusal(500, 'x'.repeat(5 * MAX_WORDS)), 'none'],
  ['an error that never comes to its end', (response) => void response.writeHead(500).write('{"type":'), 'none'],
  ['an error without end', (response) => drip(response.writeHead(500)), 'none'],
];

function drip(response: Parameters<Script>[0]): void {
  const timer = setInterval(() => response.write('x'.repeat(10_000)), 20);
  response.once('close', () => clearInterval(timer));
}

/** Answers that cannot be read on after their first text, which is kept. */
const BROKEN: [string, Script][] = [
  [
    'by an event that is no JSON',
    streamedAnd([messageStart(), ...textBlock(TEXT)], (response) =>
      response.end('event: message_delta\ndata: {"ty\n\n'),
    ),
  ],
  [
    'by a count that is no number',
    streamed(messageStart(), ...textBlock(TEXT), ...messageEnd({ output_tokens: 'many' })),
  ],
  ['by half a token', streamed(messageStart(), ...textBlock(TEXT), ...messageEnd({ output_tokens: 1.5 }))],
  [
    'by more tokens than there are',
    streamed(messageStart(), ...textBlock(TEXT), ...messageEnd({ output_tokens: 9e15 })),
  ],
  [
    'by being shorter than it said',
    (response) => {
      response.setHeader('content-length', 100_000);
      streamedAnd([messageStart(), ...textBlock(TEXT)], () => response.socket?.end())(response);
    },
  ],
];

/** What Claude says of a request that it refuses, and what of it a caller is told. */
const REFUSED: [string, Script, RegExp][] = [
  ['in words', refusal(400, 'invalid_request_error', 'max_tokens: too many'), /^max_tokens: too many$/],
  ['in HTML', answered(400, 'text/html', HTML), /^Claude rejected the request$/],
  ['without a word', (response) => response.writeHead(400).end(), /^Claude rejected the request$/],
  ['with a NUL', refusal(400, 'invalid_request_error', 'a\0b'), /^a.?b$/],
  ['in an object instead of words', refusal(400, 'invalid_request_error', { a: 1 }), /./],
  ['endlessly', refusal(400, 'invalid_request_error', 'word '.repeat(MAX_WORDS)), /^word word /],
  ['with our own key', refusal(400, 'invalid_request_error', `key ${UPSTREAM_KEY} is odd`), /^key .* is odd$/],
];

describe('an answer that Claude would not give', () => {
  let claude: ScriptedClaude;
  let server: TestServer;

  beforeAll(async () => {
    const { folder, template } = sharedStack();
    claude = await ScriptedClaude.start();
    const limits = {
      CLAUDE_MAX_ATTEMPTS: '1',
      CLAUDE_TIMEOUT_MS: String(FIRST_BYTE_MS),
      CLAUDE_IDLE_TIMEOUT_MS: String(IDLE_MS),
      CLAUDE_DEADLINE_MS: String(DEADLINE_MS),
    };
    server = await TestServer.start({ folder, template, env: { ...liveAgainst(claude.baseUrl), ...limits } });
  });
  afterAll(async () => {
    await server.dispose();
    claude.stop();
  });

  async function ask(script: Script) {
    const user = await newUser(server.baseUrl);
    const marker = unique('strange');
    claude.answerWith(marker, script);
    const answer = await user.api.POST(RUNS, {
      body: { input: marker, settings: { model: nextModel(), max_tokens: 200 } },
    });
    const id = answer.data?.id ?? (answer.error as Problem | undefined)?.run_id ?? 0;
    const run = dataOf(await user.api.GET('/api/v1/ai/runs/{id}', { params: { path: { id } } }));
    const me = dataOf(await user.api.GET('/api/v1/me'));
    return { answer, run, me, calls: claude.callsWith(marker) };
  }

  async function failed(script: Script, slug: ProblemSlug, status: Run['status']) {
    const asked = await ask(script);
    const problem = await expectProblem(asked.answer, slug);
    expect(asked.run).toMatchObject({ status, error: { type: `/problems/${slug}`, detail: problem.detail } });
    expectPaid(asked.run, asked.me);
    expect(asked.calls).toBe(1);
    return { ...asked, problem };
  }

  /** Nothing stays set aside, and what the user has spent is the run's maximum. */
  function expectPaid({ billing, attempts }: Run, me: Schemas['MeResponse']): void {
    expect([me.reserved_usd, me.spent_usd]).toEqual([0, billing.max_usd]);
    expect(attempts).toHaveLength(1);
    expect((attempts[0]?.error_type ?? '').length).toBeLessThan(MAX_WORDS);
  }

  it.each(WHOLE)('is whole: %s', async (_, script, text) => {
    const { answer, run, me } = await ask(script);
    expect(answer.response.status).toBe(201);
    expect(run).toMatchObject({ status: 'succeeded', output_text: text, billing: { state: 'settled' }, sources: [] });
    expect(run.usage).toMatchObject({ input_tokens: 5, output_tokens: 6 });
    expectPaid(run, me);
  });

  it.each(UNREADABLE)('cannot be read: %s', async (_, script, billing) => {
    const { run, problem } = await failed(script, 'claude-failed', 'failed');
    expect([run.billing.state, run.billing.min_usd, run.output_text]).toEqual([billing, 0, null]);
    expect(JSON.stringify(problem)).not.toContain(UPSTREAM_TEXT);
  });

  it.each(BROKEN)('is broken off: %s', async (_, script) => {
    const { run } = await failed(script, 'claude-interrupted', 'interrupted');
    expect(run).toMatchObject({ output_text: TEXT, billing: { state: 'unknown' }, usage: { input_tokens: 5 } });
    expect(run.billing.min_usd).toBeGreaterThan(0);
    expect(run.billing.max_usd).toBeGreaterThan(run.billing.min_usd);
  });

  it.each(REFUSED)('is a refusal %s', async (_, script, detail) => {
    const { run, problem } = await failed(script, 'claude-rejected-request', 'failed');
    expect(run.billing.state).toBe('none');
    expect(problem.detail).toMatch(detail);
    expect(problem.detail.length).toBeLessThan(MAX_WORDS);
    expect(problem.detail).not.toContain(UPSTREAM_KEY);
  });

  it('is a limit of the rate without a word: with our own Retry-After', async () => {
    const { answer } = await failed((response) => response.writeHead(429).end(), 'claude-rate-limited', 'failed');
    expect(answer.response.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
  });

  it('is an error before anything else: nothing of an answer began', async () => {
    const { run, problem } = await failed(streamed(overloaded), 'claude-interrupted', 'failed');
    expect(run.attempts).toMatchObject([
      { status_code: 200, error_type: 'overloaded_error', claude_request_id: 'req_1' },
    ]);
    expect(problem.detail).not.toContain(UPSTREAM_TEXT);
  });

  it('is a sign of life now and then, and nothing more: the deadline ends it', async () => {
    const ping = wireOf({ type: 'ping' });
    const pings: Script = (response) => {
      const timer = setInterval(() => response.write(ping), IDLE_MS / 5);
      response.once('close', () => clearInterval(timer));
    };
    const { run } = await failed(streamedAnd([messageStart()], pings), 'claude-timeout', 'interrupted');
    expect(run.attempts).toMatchObject([{ error_type: 'deadline', status_code: 200 }]);
    expect(run.attempts[0]!.duration_ms).toBeGreaterThanOrEqual(DEADLINE_MS - 10);
  }, 20_000);

  it('has a block numbered beyond all measure: the process lives', async () => {
    const start = { type: 'content_block_start', index: 4_000_000_000, content_block: { type: 'text', text: TEXT } };
    const { run } = await ask(streamed(messageStart(), start, ...messageEnd()));
    expect(run.finished_at).not.toBeNull();
    expect((await ask(streamed(...whole(TEXT)))).run.status).toBe('succeeded');
  });

  it('leaves nothing of its own words in the log, and no line without measure', () => {
    expectNoSecrets(server, [UPSTREAM_TEXT, TEXT]);
    const lines = server.output().split('\n');
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(MAX_WORDS);
    expect(server.log('run_unrecorded')).toEqual([]);
  });
});
