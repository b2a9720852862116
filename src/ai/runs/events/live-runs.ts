import { Injectable } from '@nestjs/common';
import type { LiveRun } from './live-run.js';
import type { RunId } from '../run.types.js';

/** The runs that this process works on. */
@Injectable()
export class LiveRuns {
  private readonly runs = new Map<RunId, LiveRun>();

  add(live: LiveRun): void {
    this.runs.set(live.run.id, live);
  }

  remove(live: LiveRun): void {
    if (this.runs.get(live.run.id) === live) this.runs.delete(live.run.id);
  }

  find(id: RunId): LiveRun | undefined {
    return this.runs.get(id);
  }

  ids(): RunId[] {
    return [...this.runs.keys()];
  }
}
