import type { Lifecycle } from '../../../platform/health/lifecycle.js';
import { AbortReason } from '../../claude/claude-failure.js';
import type { ClaudeGateway } from '../../claude/claude-gateway.js';
import { LiveRuns } from '../events/live-runs.js';
import type { Run, RunId } from '../run.types.js';
import { RunExecutor } from './run-executor.js';
import type { RunStores } from './run-stores.js';

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
});
