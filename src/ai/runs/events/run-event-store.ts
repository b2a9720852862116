import { Injectable } from '@nestjs/common';
import { type EventAppend, RunEventsRepository } from './run-events.repository.js';

interface Waiting extends EventAppend {
  readonly stored: (data: string | null) => void;
  readonly failed: (error: unknown) => void;
}

/** Events that one statement stores at most. */
const MAX_BATCH = 500;

/**
 * Stores events of all runs of this process with one statement at a time: what comes while a statement is under way goes
 * into the next. One run alone is stored at once; five hundred streams together cost as many statements as one.
 */
@Injectable()
export class RunEventStore {
  private waiting: Waiting[] = [];
  private writing = false;

  constructor(private readonly repository: RunEventsRepository) {}

  /** Resolves once the event is stored, to the data that now stands under its number; null when the run is not the holder's. */
  append(append: EventAppend): Promise<string | null> {
    return new Promise((stored, failed) => {
      this.waiting.push({ ...append, stored, failed });
      if (!this.writing) void this.write();
    });
  }

  private async write(): Promise<void> {
    this.writing = true;
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, MAX_BATCH);
      try {
        const data = await this.repository.append(batch);
        for (const { hold, stored } of batch) stored(data.get(hold.runId) ?? null);
      } catch (error) {
        for (const { failed } of batch) failed(error);
      }
    }
    this.writing = false;
  }
}
