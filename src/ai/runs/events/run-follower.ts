import { Injectable } from '@nestjs/common';
import type { UserId } from '../../../identity/user-id.js';
import { ValidationFailedError } from '../../../platform/errors/platform.errors.js';
import { Lifecycle } from '../../../platform/health/lifecycle.js';
import { formatEvent, HEARTBEAT } from '../../../platform/http/sse.js';
import type { LiveRun } from './live-run.js';
import { LiveRuns } from './live-runs.js';
import { RunEventsRepository } from './run-events.repository.js';
import { RunNotFoundError } from '../run.errors.js';
import { isFinal, type RunEvent, type RunId } from '../run.types.js';

const HEARTBEAT_MS = 15_000;
/** How often the stored events of a run that another process works on are looked at. */
const POLL_MS = 200;
const PAGE = 500;

/** Reads a run's events for one reader, from wherever it stopped: live in this process, or stored by any. */
@Injectable()
export class RunFollower {
  constructor(
    private readonly liveRuns: LiveRuns,
    private readonly events: RunEventsRepository,
    private readonly lifecycle: Lifecycle,
  ) {}

  /**
   * The run's events behind `after`, as SSE text, until its last one.
   * @param after the last event that the reader has; 0 for none
   * @param place where `after` came from, for the error
   * @throws RunNotFoundError, ValidationFailedError when `after` is beyond the last event
   */
  async follow(owner: UserId, id: RunId, after: number, place: string): Promise<AsyncGenerator<string>> {
    const position = await this.events.findPosition(owner, id);
    if (!position) throw new RunNotFoundError(id);
    if (after > position.last) {
      throw new ValidationFailedError([{ parameter: place, detail: `is beyond the last event, ${position.last}` }]);
    }
    return this.read(owner, id, after, isFinal(position.status) ? position.last : null);
  }

  /** The events of a run that this process has just started, from the first. */
  followLive(owner: UserId, live: LiveRun): AsyncGenerator<string> {
    return this.read(owner, live.run.id, 0, null);
  }

  private async *read(owner: UserId, id: RunId, after: number, knownLast: number | null): AsyncGenerator<string> {
    const place = new Place(this.liveRuns, id);
    try {
      yield* this.eventsOf(owner, place, after, knownLast);
    } finally {
      place.leave();
    }
  }

  private async *eventsOf(
    owner: UserId,
    place: Place,
    after: number,
    knownLast: number | null,
  ): AsyncGenerator<string> {
    let sequence = after;
    let silentSince = Date.now();
    while (knownLast === null || sequence < knownLast) {
      const live = place.find();
      // Remembered before looking: a change that comes while the events are read must not be slept through.
      const revision = live?.revision;
      const events = await this.next(owner, place.id, sequence, live);
      for (const event of events) {
        yield formatEvent(event.sequence, event.name, event.data);
        sequence = event.sequence;
        if (isEnd(event)) return;
      }
      if (events.length > 0) {
        silentSince = Date.now();
        continue;
      }
      if (this.lifecycle.stopping && !live) return;
      await (live ?? NOBODY).changed(live ? HEARTBEAT_MS : POLL_MS, revision);
      if (Date.now() - silentSince >= HEARTBEAT_MS) {
        yield HEARTBEAT;
        silentSince = Date.now();
      }
    }
  }

  private async next(
    owner: UserId,
    id: RunId,
    sequence: number,
    live: LiveRun | undefined,
  ): Promise<readonly RunEvent[]> {
    if (live && sequence + 1 >= live.firstSequence) return live.eventsAfter(sequence);
    return this.events.findAfter(owner, id, sequence, PAGE);
  }
}

/** A reader's place at a run, in this process or not: the run may come to be worked on here while it is followed. */
class Place {
  private live: LiveRun | undefined;
  private leaveLive: (() => void) | undefined;

  constructor(
    private readonly liveRuns: LiveRuns,
    readonly id: RunId,
  ) {}

  /** The run, joined, if it is worked on here now. */
  find(): LiveRun | undefined {
    const live = this.liveRuns.find(this.id);
    if (live === this.live) return live;
    this.leave();
    this.live = live;
    this.leaveLive = live?.join();
    return live;
  }

  leave(): void {
    this.leaveLive?.();
    this.leaveLive = undefined;
  }
}

/** Stands for a run that another process works on: there is nothing to be told, only time to pass. */
const NOBODY = {
  changed: (timeoutMs: number): Promise<boolean> =>
    new Promise((resolve) => setTimeout(() => resolve(false), timeoutMs)),
};

function isEnd({ name }: RunEvent): boolean {
  return name !== 'run' && name !== 'delta' && name !== 'usage';
}
