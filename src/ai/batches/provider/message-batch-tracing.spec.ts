import type { PinoLogger } from 'nestjs-pino';
import type { Config } from '../../../platform/config/config.js';
import { ClaudeApiError, NO_FACTS } from '../../claude/claude-failure.js';
import type { ClaudeBatches, MessageBatchView } from '../../claude/message-batches/claude-batches.js';
import type { MessageBatchRuns } from './message-batch-runs.js';
import { UNTRACEABLE } from './message-batch-runs.js';
import type { MessageBatchStepsRepository } from './message-batch-steps.repository.js';
import { MessageBatchTracing } from './message-batch-tracing.js';
import type { HeldMessageBatch } from './message-batch.types.js';

const MINUTE = 60_000;
const NONCE = '00000000-0000-4000-8000-000000000001';
const NEVER = new AbortController().signal;

/** A list of Claude's: batches by id, each with the name of its first request once it has ended. */
type Listed = Record<string, Partial<MessageBatchView> & { readonly first?: string | Error; readonly ageMs?: number }>;

/** What tracing decides for a Message Batch of three requests that was last sent `ageMs` ago. */
async function decision(
  ageMs: number,
  listed: Listed | Error,
  { known = [] as readonly string[], refusals = 0 } = {},
): Promise<unknown[]> {
  const told: unknown[] = [];
  const tell =
    (what: string) =>
    (_: unknown, ...more: unknown[]) =>
      Promise.resolve(void told.push(what, ...more));
  const sentAt = new Date(Date.now() - ageMs);
  const claude = {
    createdSince: (time: Date) => {
      if (listed instanceof Error) return Promise.reject(listed);
      const views = Object.entries(listed).map(([id, view]) => ({
        id,
        ended: view.first !== undefined,
        requests: 3,
        createdAt: new Date(Date.now() - (view.ageMs ?? ageMs)),
        ...view,
      }));
      return Promise.resolve(views.filter(({ createdAt }) => createdAt >= time));
    },
    async *results(id: string) {
      const first = (listed as Listed)[id]?.first;
      if (first instanceof Error) throw first;
      yield await Promise.resolve({ customId: first });
    },
  } as unknown as ClaudeBatches;
  const steps = {
    findKnown: () => Promise.resolve(new Set(known)),
    postpone: tell('later'),
    takeBack: tell('again'),
    markSent: (_: unknown, id: string) => Promise.resolve(told.push('found', id) > 0),
  } as unknown as MessageBatchStepsRepository;
  const runs = { endRest: tell('given up') } as unknown as MessageBatchRuns;
  const logger = { info: () => undefined, error: () => undefined } as unknown as PinoLogger;
  const config = { claude: { timeoutMs: MINUTE, maxAttempts: 3 } } as Config;
  const held = { id: 1, nonce: NONCE, state: 'sending', sentAt, requests: 3, refusals } as HeldMessageBatch;
  await new MessageBatchTracing(config, claude, steps, runs, logger).trace(held, NEVER);
  return told.filter((each) => !(each instanceof Date));
}

const refused = (statusCode: number, retryable: boolean) =>
  new ClaudeApiError('claude-failed', 'No', { ...NO_FACTS, statusCode, retryable });

describe('A Message Batch whose sending was not seen to its end', () => {
  const ours = `${NONCE}-7`;

  it('is found by the names of its requests once it has ended, among others as large', async () => {
    expect(await decision(MINUTE, { a: { first: 'somebody-7' }, b: { first: ours }, c: {} })).toEqual(['found', 'b']);
  });

  it('is waited for while one that may be it is under way', async () => {
    expect(await decision(5 * MINUTE, { a: { first: 'somebody-7' }, b: {} })).toEqual(['later']);
  });

  it('is sent again only when Claude has none that it may be, and no request of ours can be on its way', async () => {
    const others = { a: { first: 'somebody-7' }, b: { requests: 2 }, c: { ageMs: 60 * MINUTE }, d: {} };
    expect(await decision(MINUTE / 2, others, { known: ['d'] })).toEqual(['later']);
    expect(await decision(2 * MINUTE, others, { known: ['d'] })).toEqual(['again']);
  });

  it('fails when Claude has not taken it as often as a call is tried', async () => {
    const [what, end] = await decision(2 * MINUTE, {}, { refusals: 2 });
    expect([what, end]).toMatchObject([
      'given up',
      { failure: { slug: 'claude-failed', facts: { mayBeBilled: false } } },
    ]);
  });

  it('is not mistaken for one of somebody who deletes batches as they end', async () => {
    const gone = refused(404, false);
    expect(await decision(MINUTE, { a: { first: gone }, b: { first: ours } })).toEqual(['found', 'b']);
  });

  it('is asked for again when Claude does not tell, for a day; then it is given up as what cannot be known', async () => {
    expect(await decision(60 * MINUTE, refused(500, true))).toEqual(['later']);
    expect(await decision(27 * 60 * MINUTE, refused(500, true))).toEqual(['given up', UNTRACEABLE]);
    expect(await decision(27 * 60 * MINUTE, { b: {} })).toEqual(['given up', UNTRACEABLE]);
  });

  it('is given up at once where there is no list to look at', async () => {
    expect(await decision(MINUTE, refused(404, false))).toEqual(['given up', UNTRACEABLE]);
  });
});
