import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { MessageBatchCollection } from './message-batch-collection.js';
import { MessageBatchStepsRepository } from './message-batch-steps.repository.js';
import { MessageBatchSubmission } from './message-batch-submission.js';
import { MessageBatchTracing } from './message-batch-tracing.js';
import type { HeldMessageBatch } from './message-batch.types.js';
import { nextLook } from './poll-interval.js';

/** The way of a Message Batch: sent, traced where it is not known whether it was, and collected. */
@Injectable()
export class MessageBatchCourse {
  constructor(
    private readonly submission: MessageBatchSubmission,
    private readonly tracing: MessageBatchTracing,
    private readonly collection: MessageBatchCollection,
    private readonly steps: MessageBatchStepsRepository,
    private readonly logger: PinoLogger,
  ) {}

  /** Does what is next. Whatever keeps it from that is logged, and tried again later; it never throws. */
  async advance(held: HeldMessageBatch, signal: AbortSignal): Promise<void> {
    try {
      if (held.state === 'planned') await this.submission.submit(held, signal);
      else if (held.state === 'sending') await this.tracing.trace(held, signal);
      else if (held.state === 'sent') await this.collection.collect(held, signal);
    } catch (error) {
      this.logger.warn(
        { event: 'message_batch_delayed', message_batch_id: held.id, state: held.state, err: error },
        'A Message Batch did not get on; it is tried again',
      );
      await this.giveBack(held);
    }
  }

  private async giveBack(held: HeldMessageBatch): Promise<void> {
    try {
      await this.steps.postpone(held, nextLook(held.sentAt));
    } catch (error) {
      // The database is away: the lease runs out by itself.
      this.logger.warn({ event: 'message_batch_error', err: error }, 'A Message Batch could not be given back');
    }
  }
}
