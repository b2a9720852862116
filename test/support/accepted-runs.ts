import type { UserId } from '../../src/identity/user-id.js';
import { acceptedRun } from '../../src/ai/runs/ledger/run-acceptance.js';
import type { RunLedgerRepository } from '../../src/ai/runs/ledger/run-ledger.repository.js';
import type { Run, RunQuestion } from '../../src/ai/runs/run.types.js';
import { nanoUsd } from '../../src/platform/money/money.js';

/** The worker that holds what is accepted as running. */
export const WORKER = '00000000-0000-4000-8000-000000000001';
/** A worker that holds nothing yet. */
export const OTHER_WORKER = '00000000-0000-4000-8000-000000000002';
/** What is set aside for each run. */
export const RESERVE = nanoUsd(1000);

/** The shortest question, of no prompt, item or batch. */
export function questionOf(userId: UserId, fields: Partial<RunQuestion> = {}): RunQuestion {
  return {
    userId,
    promptId: null,
    promptVersion: null,
    variables: null,
    researchItemId: null,
    batchId: null,
    messageBatchId: null,
    model: 'm',
    settings: { max_tokens: 9 },
    system: null,
    messages: [],
    simulated: true,
    ...fields,
  };
}

/** Records a run of a user's as accepted: running and sent, or queued. */
export async function acceptRun(
  ledger: RunLedgerRepository,
  userId: UserId,
  running: boolean,
  model = 'm',
): Promise<Run> {
  const question = questionOf(userId, { model });
  const createdAt = new Date();
  const how = { workerId: running ? WORKER : null, sent: running, firstEventRest: ',"status":"queued"}' };
  const id = await ledger.accept({ question, createdAt, reserve: RESERVE, ...how });
  return acceptedRun(question, { id, createdAt, reserve: RESERVE, running, sent: running });
}
