import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { Config } from '../../../platform/config/config.js';
import { RunExecutor, WORKER_ID } from './run-executor.js';
import { RunLeasesRepository } from './run-leases.repository.js';
import { LEASE_SECONDS } from '../ledger/run-ledger.sql.js';
import { RunRecovery } from './run-recovery.js';

const HEARTBEAT_MS = (LEASE_SECONDS * 1000) / 3;

/** Renews the leases of this process's runs, and takes over the runs of processes that renew theirs no more. */
@Injectable()
export class RunLeases implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private timer: NodeJS.Timeout | null = null;
  /** Each goes its own way: a recovery that has to wait may not cost the runs at hand their leases. */
  private renewing: Promise<void> | null = null;
  private recovering: Promise<void> | null = null;
  private stopped = false;

  constructor(
    private readonly config: Config,
    private readonly leases: RunLeasesRepository,
    private readonly executor: RunExecutor,
    private readonly recovery: RunRecovery,
    private readonly logger: PinoLogger,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    // The embedded database has one process: whatever ran before this start has lost its worker.
    if (this.config.database.url === undefined) await this.leases.expireOthers(WORKER_ID);
    this.timer = setInterval(() => {
      this.renewing ??= this.renew().finally(() => (this.renewing = null));
      this.recovering ??= this.recover().finally(() => (this.recovering = null));
    }, HEARTBEAT_MS);
    this.recovering = this.recover().finally(() => (this.recovering = null));
    await this.recovering;
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    if (this.timer) clearInterval(this.timer);
    await Promise.all([this.renewing, this.recovering]);
  }

  private async renew(): Promise<void> {
    const held = this.executor.heldRuns();
    if (held.length > 0) await this.logged(() => this.leases.renew(WORKER_ID, held));
  }

  private async recover(): Promise<void> {
    const expired = await this.logged(() => this.leases.findExpired());
    for (const id of expired ?? []) {
      if (this.stopped) return;
      // One that cannot be recovered now is left for later, and the others are not left with it.
      await this.logged(() => this.recovery.recover(id));
    }
  }

  /** A lease is a matter of time: what fails now is done with a later beat. */
  private async logged<T>(work: () => Promise<T>): Promise<T | null> {
    try {
      return await work();
    } catch (error) {
      this.logger.warn(
        { event: 'lease_error', err: error },
        'Leases could not be renewed or looked through; tried again',
      );
      return null;
    }
  }
}
