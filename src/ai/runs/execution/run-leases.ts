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
  private beating: Promise<void> | null = null;

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
      this.beating ??= this.beat().finally(() => (this.beating = null));
    }, HEARTBEAT_MS);
    await this.beat();
  }

  async beforeApplicationShutdown(): Promise<void> {
    if (this.timer) clearInterval(this.timer);
    await this.beating;
  }

  private async beat(): Promise<void> {
    try {
      const held = this.executor.heldRuns();
      if (held.length > 0) await this.leases.renew(WORKER_ID, held);
      for (const id of await this.leases.findExpired()) await this.recovery.recover(id);
    } catch (error) {
      this.logger.warn(
        { event: 'lease_error', err: error },
        'Leases could not be renewed or looked through; tried again',
      );
    }
  }
}
