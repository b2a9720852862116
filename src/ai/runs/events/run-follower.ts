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

/** Reads a run's events for one reader, from wherever it stopped: live in this process, or stored by any. */
@Injectable()
export class RunFollower {
  private readonly looks = new SharedLooks<readonly RunEvent[]>(POLL_MS);

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
    let more = true;
    while (knownLast === null || sequence < knownLast) {
      const live = place.find();
      // Remembered before looking: a change that comes while the events are read must not be slept through.
      const revision = live?.revision;
      const events: readonly RunEvent[] =
        fromMemory(live, sequence) ?? (await this.stored(owner, place.id, sequence, !live && !more));
      for (const event of events) {
        yield formatEvent(event.sequence, event.name, event.data);
        sequence = event.sequence;
        if (isEnd(event)) return;
      }
      more = events.length === PAGE;
      if (events.length > 0) {
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

  /** @param later whether none are there: then they are waited for a little, together with all who stand at the same event */
  private stored(owner: UserId, id: RunId, after: number, later: boolean): Promise<readonly RunEvent[]> {
    const look = () => this.events.findAfter(owner, id, after, PAGE);
    return later ? this.looks.next(`${id} ${after}`, look) : look();
  }
}

/** The next events of a run that is worked on here; null when they have left the memory, or it is not. */
function fromMemory(live: LiveRun | undefined, after: number): readonly RunEvent[] | null {
  return live && after + 1 >= live.firstSequence ? live.eventsAfter(after) : null;
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
