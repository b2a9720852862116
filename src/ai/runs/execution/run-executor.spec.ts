import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Lifecycle } from '../../../platform/health/lifecycle.js';
import { AbortReason } from '../../claude/claude-failure.js';
import type { ClaudeGateway } from '../../claude/gateway/claude-gateway.js';
import { LiveRuns } from '../events/live-runs.js';
import type { Run, RunId } from '../run.types.js';
import { RunExecutor } from './run-executor.js';
import type { RunStores } from './run-stores.js';

const FENCED = new AbortReason('fenced');
const RUN = { id: 7 as RunId, messages: [], settings: {}, attempts: [] } as unknown as Run;

describe('the work on runs in a process', () => {
  it('knows a run that was taken from it and has come back, when the work under the old hold ends', async () => {
    const fence: ((reason: Error) => void)[] = [];
    const answer = () => new Promise<never>((_resolve, reject) => fence.push(reject));
    const log = { started: () => undefined, lost: () => undefined };
    const liveRuns = new LiveRuns();
    const executor = new RunExecutor(
      { answer } as unknown as ClaudeGateway,
      { log } as unknown as RunStores,
      liveRuns,
      {} as Lifecycle,
    );
    executor.start(RUN, 1, null, [], 1);
    const old = executor.whenDone(RUN.id);
    const live = executor.start(RUN, 3, null, [], 1);
    fence[0]?.(new AbortReason('fenced'));
    await old;
    expect(executor.heldRuns()).toEqual([RUN.id]);
    expect(liveRuns.find(RUN.id)).toBe(live);
    const present = executor.whenDone(RUN.id);
    fence[1]?.(new AbortReason('fenced'));
    await present;
    await Promise.resolve();
    expect(executor.heldRuns()).toEqual([]);
  });

  it('is waited for by a shutdown, also what is still being accepted', async () => {
    const ends: ((reason: Error) => void)[] = [];
    const aborted: unknown[] = [];
    const answer = (_request: unknown, _recorder: unknown, signal: AbortSignal) =>
      new Promise<never>((_resolve, reject) => {
        ends.push(reject);
        const onAbort = () => (aborted.push((signal.reason as AbortReason).abortCause), reject(FENCED));
        if (signal.aborted) onAbort();
        else signal.addEventListener('abort', onAbort);
      });
    let giveUp: () => void = () => undefined;
    const lifecycle = {
      graceFor: (work: Promise<unknown>) => Promise.race([work, new Promise<void>((resolve) => (giveUp = resolve))]),
      recordingOf: (work: Promise<unknown>) => work,
    } as unknown as Lifecycle;
    const log = { started: () => undefined, lost: () => undefined };
    const stores = { log } as unknown as RunStores;
    const executor = new RunExecutor({ answer } as unknown as ClaudeGateway, stores, new LiveRuns(), lifecycle);
    const acceptanceOf = (id: number) => {
      let accepted: () => void = () => undefined;
      const statement = new Promise<void>((resolve) => (accepted = resolve));
      void executor.accepting(async () => {
        await statement;
        executor.start({ ...RUN, id: id as RunId }, 1, null, [], 1);
      });
      return accepted;
    };
    const [soon, late] = [acceptanceOf(1), acceptanceOf(2)];
    let over = false;
    const shutdown = executor.beforeApplicationShutdown().then(() => (over = true));
    soon();
    await nextTurn();
    ends[0]?.(FENCED);
    await nextTurn();
    expect([over, aborted]).toEqual([false, []]);
    giveUp();
    await nextTurn();
    late();
    await shutdown;
    expect(aborted).toEqual(['shutdown']);
    expect(executor.heldRuns()).toEqual([]);
  });
});
