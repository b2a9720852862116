import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { IdempotencyRepository } from './idempotency.repository.js';

const SWEEP_MS = 3_600_000;

/** Forgets expired keys once an hour; until then they count as new ones. */
@Injectable()
export class IdempotencySweep implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private timer: NodeJS.Timeout | null = null;
  private sweeping: Promise<void> | null = null;

  constructor(
    private readonly keys: IdempotencyRepository,
    private readonly logger: PinoLogger,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.sweeping ??= this.sweep().finally(() => (this.sweeping = null));
    }, SWEEP_MS).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    if (this.timer) clearInterval(this.timer);
    await this.sweeping;
  }

  private async sweep(): Promise<void> {
    try {
      await this.keys.deleteExpired();
    } catch (error) {
      this.logger.warn({ event: 'sweep_error', err: error }, 'Expired keys could not be forgotten; tried again');
    }
  }
}
