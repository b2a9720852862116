import { jest } from '@jest/globals';
import pg from 'pg';
import { DatabaseUnavailableError } from '../../../platform/errors/platform.errors.js';
import { nanoUsd } from '../../../platform/money/money.js';
import type { UserId } from '../../../identity/user-id.js';
import { AbortReason, ClaudeApiError, NO_FACTS } from '../../claude/claude-failure.js';
import { acceptedRun } from '../ledger/run-acceptance.js';
import type { Settlement } from '../ledger/run-ledger.repository.js';
import { brokenBilling } from '../ledger/run-money.js';
import type { Run, RunId, RunQuestion } from '../run.types.js';
import { RunSession } from './run-session.js';
import type { RunStores } from './run-stores.js';

const MODEL = 'claude-sonnet-5-5';
const HOLD = { runId: 1 as RunId, workerId: 'w', fence: 1 };
const AWAY = new DatabaseUnavailableError();

const QUESTION: RunQuestion = {
  userId: 1 as UserId,
  promptId: null,
  promptVersion: null,
  variables: null,
  researchItemId: null,
  batchId: null,
  messageBatchId: null,
  model: MODEL,
  settings: { max_tokens: 10 },
  system: null,
  messages: [{ role: 'user', content: 'Why?' }],
  simulated: true,
};

/** A session whose database is away for everything but the end of the run, and whose run was given up. */
function abortedSession(change: (run: Run) => Run = (run) => run) {
  const facts = { id: HOLD.runId, createdAt: new Date(), reserve: nanoUsd(500), running: true, sent: true };
  const run = change(acceptedRun(QUESTION, facts));
  const settled: Run[] = [];
  const away = () => Promise.reject(AWAY);
  const stores = {
    ledger: {
      openAttempt: away,
      closeAttempt: away,
    },
    settlements: { settle: ({ run: ended }: Settlement) => Promise.resolve(settled.push(ended) > 0) },
    events: {},
    log: { attemptFailed: () => undefined, unrecorded: () => undefined },
  } as unknown as RunStores;
  const session = new RunSession(run, HOLD, stores, [], 1);
  session.abort(new AbortReason('cancelled'));
  return { session, settled };
}

describe('A run whose attempts the database does not take at once', () => {
  const conflict = (code: string, constraint?: string) =>
    Object.assign(new pg.DatabaseError('no', 0, 'error'), { code, constraint });

  /** A session whose ledger takes these outcomes one after the other, each for one write of an attempt. */
  function sessionOf(outcomes: (true | Error)[]) {
    const facts = { id: HOLD.runId, createdAt: new Date(), reserve: nanoUsd(500), running: true, sent: true };
    const settled: Run[] = [];
    const write = jest.fn(() => {
      const outcome = outcomes.shift() ?? true;
      return outcome instanceof Error ? Promise.reject(outcome) : Promise.resolve(outcome);
    });
    const stores = {
      ledger: { openAttempt: write, closeAttempt: write },
      settlements: { settle: ({ run }: Settlement) => Promise.resolve(settled.push(run) > 0) },
      log: { attemptFailed: () => undefined, unrecorded: () => undefined },
    } as unknown as RunStores;
    return { session: new RunSession(acceptedRun(QUESTION, facts), HOLD, stores, [], 1), settled, write };
  }

  beforeEach(() => void jest.useFakeTimers({ advanceTimers: 100 }));
  afterEach(() => void jest.useRealTimers());

  it.each([
    ['is busy with others', [conflict('40P01'), conflict('57014')]],
    ['has taken it already, though its answer was lost', [AWAY, conflict('23505', 'run_attempts_pkey')]],
  ])('goes on where it %s', async (_, outcomes) => {
    const { session, write } = sessionOf(outcomes);
    await session.sending(2, 10);
    expect(write).toHaveBeenCalledTimes(3);
    expect(session.live.run.attempts).toMatchObject([{ number: 1 }, { number: 2, state: 'sent' }]);
  });

  it('ends with what it refuses for good, and closes an attempt that it may have taken before', async () => {
    const refused = new Error('no budget');
    const { session, settled } = sessionOf([AWAY, refused]);
    await expect(session.sending(2, 10)).rejects.toBe(refused);
    await session.finish(refused);
    expect(settled[0]?.attempts).toMatchObject([{ number: 1 }, { number: 2, state: 'settled', maxNanoUsd: 0 }]);
  });

  it('ends without an attempt that was refused at once', async () => {
    const refused = new Error('no budget');
    const { session } = sessionOf([refused]);
    await expect(session.sending(2, 10)).rejects.toBe(refused);
    expect(session.live.run.attempts).toHaveLength(1);
  });
});

describe('A run that is given up while the database is away', () => {
  it('ends without an attempt that may have been opened, and was not made: the end of the run closes it', async () => {
    const broken = brokenBilling(
      QUESTION,
      { reservedNanoUsd: nanoUsd(500), startedAt: new Date(), minNanoUsd: nanoUsd(0) },
      true,
      null,
    );
    const { session, settled } = abortedSession((run) => ({
      ...run,
      attempts: run.attempts.map((attempt) => ({ ...attempt, ...broken })),
    }));
    await expect(session.sending(2, 10)).rejects.toBe(AWAY);
    await session.finish(AWAY);
    expect(settled[0]).toMatchObject({ costNanoUsd: null, billingState: 'unknown', billingMaxNanoUsd: 500 });
    expect(settled[0]?.attempts).toMatchObject([
      { number: 1, state: 'unknown', maxNanoUsd: 500 },
      { number: 2, state: 'settled', minNanoUsd: 0, maxNanoUsd: 0 },
    ]);
  });

  it('ends with an attempt as it is known to have ended, whether that was recorded or not', async () => {
    const { session, settled } = abortedSession();
    const refused = new ClaudeApiError('claude-rate-limited', 'x', {
      ...NO_FACTS,
      statusCode: 429,
      mayBeBilled: false,
    });
    await expect(session.failed(1, refused, 5, 10)).rejects.toBe(AWAY);
    await session.finish(AWAY);
    expect(settled[0]?.attempts).toMatchObject([{ number: 1, state: 'settled', statusCode: 429, maxNanoUsd: 0 }]);
    expect(settled[0]).toMatchObject({ costNanoUsd: 0, billingState: 'none' });
  });
});
