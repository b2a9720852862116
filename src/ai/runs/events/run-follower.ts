import { Injectable } from '@nestjs/common';
import type { UserId } from '../../../identity/user-id.js';
import { SharedLooks } from '../../../platform/concurrency/shared-looks.js';
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
/** Stored events that are read at once. */
const PAGE = 500;

/** Where a reader stands: behind the event `after` of a run. */
interface Position {
  readonly owner: UserId;
  readonly id: RunId;
  readonly after: number;
}

/** Reads a run's events for one reader, from wherever it stopped: live in this process, or stored by any. */
@Injectable()
export class RunFollower {
  private readonly looks = new SharedLooks<readonly RunEvent[]>();

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
    let found = true;
    while (knownLast === null || sequence < knownLast) {
      const live = place.find();
      // Remembered before looking: a change that comes while the events are read must not be slept through.
      const revision = live?.revision;
      const from: Position = { owner, id: place.id, after: sequence };
      const events: readonly RunEvent[] = live
        ? await this.eventsOfLive(live, from)
        : await this.eventsStored(from, found ? 0 : POLL_MS);
      for (const event of events) {
        yield formatEvent(event.sequence, event.name, event.data);
        sequence = event.sequence;
        if (isEnd(event)) return;
      }
      found = events.length > 0;
      if (found) {
        silentSince = Date.now();
        continue;
      }
      if (live) await live.changed(HEARTBEAT_MS, revision);
      else if (this.lifecycle.stopping) return;
      if (Date.now() - silentSince >= HEARTBEAT_MS) {
        yield HEARTBEAT;
        silentSince = Date.now();
      }
    }
  }

  /** The next events of a run that is worked on here: from its memory, as far back as that goes. */
  private async eventsOfLive(live: LiveRun, from: Position): Promise<readonly RunEvent[]> {
    if (from.after + 1 >= live.firstSequence) return live.eventsAfter(from.after);
    // Not shared: another's look may have begun before the change that this reader has been told of.
    return this.find(from);
  }

  /** The next events of a run that is not worked on here, by one look for all who stand at the same event. */
  private eventsStored(from: Position, pauseMs: number): Promise<readonly RunEvent[]> {
    return this.looks.next(`${from.id} ${from.after}`, pauseMs, () => this.find(from));
  }

  private find({ owner, id, after }: Position): Promise<readonly RunEvent[]> {
    return this.events.findAfter(owner, id, after, PAGE);
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

function isEnd({ name }: RunEvent): boolean {
  return name !== 'run' && name !== 'delta' && name !== 'usage';
}
