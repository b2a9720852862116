import {
  type BeforeApplicationShutdown,
  Injectable,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { Config } from '../../../platform/config/config.js';
import { RunExecutor, WORKER_ID } from '../execution/run-executor.js';
import { LEASE_SECONDS } from '../ledger/run-ledger.sql.js';
import { RunLeasesRepository } from './run-leases.repository.js';
import { RunRecovery } from './run-recovery.js';

const HEARTBEAT_MS = (LEASE_SECONDS * 1000) / 3;
/** A look that comes later than this after the one before does not follow it: the database or this process was away. */
const FOLLOWS_MS = 1.5 * HEARTBEAT_MS;
/** Runs that are recovered beside each other: ends of one user's are recorded together. */
const HANDFUL = 5;

/**
 * Renews the leases of this process's runs, and takes over the runs of processes that renew theirs no more. When the database
 * comes back, every lease may have ended though every worker is well: so whoever looks takes nothing over before the others
 * had a beat's time to renew.
 */
@Injectable()
export class RunLeases implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown {
  private timer: NodeJS.Timeout | null = null;
  /** Each goes its own way: a recovery that has to wait may not cost the runs at hand their leases. */
  private renewing: Promise<void> | null = null;
  private recovering: Promise<void> | null = null;
  private stopped = false;
  /** When the database last was there for a look or what followed from it, in ms of this process; null after a failed look. */
  private lookedAt: number | null = null;

  constructor(
    private readonly config: Config,
    private readonly leases: RunLeasesRepository,
    private readonly executor: RunExecutor,
    private readonly recovery: RunRecovery,
    private readonly logger: PinoLogger,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    if (this.alone) await this.leases.expireOthers(WORKER_ID);
    this.timer = setInterval(() => {
      this.renewing ??= this.renew().finally(() => (this.renewing = null));
      if (!this.stopped) this.recovering ??= this.recover().finally(() => (this.recovering = null));
    }, HEARTBEAT_MS);
    this.recovering = this.recover().finally(() => (this.recovering = null));
    await this.recovering;
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    await this.recovering;
  }

  /** Only now no run is worked on any more: until then the leases hold. */
  async onApplicationShutdown(): Promise<void> {
    if (this.timer) clearInterval(this.timer);
    await this.renewing;
  }

  /** The embedded database has one process: whatever ran before its start has lost its worker. */
  private get alone(): boolean {
    return this.config.database.url === undefined;
  }

  private async renew(): Promise<void> {
    const held = this.executor.heldRuns();
    if (held.length > 0) await this.logged(() => this.leases.renew(WORKER_ID, held));
  }

  private async recover(): Promise<void> {
    const expired = await this.logged(() => this.leases.findExpired());
    const before = this.lookedAt;
    this.lookedAt = expired && performance.now();
    const follows = before !== null && performance.now() - before <= FOLLOWS_MS;
    if (!expired || !(follows || this.alone)) return;
    // Those that are worked on here are about to be renewed: what is taken up from now on has a lease that lasts.
    const held = new Set(this.executor.heldRuns());
    const lost = expired.filter((id) => !held.has(id));
    while (lost.length > 0 && !this.stopped) {
      // One that cannot be recovered now is left for later, and the others are not left with it.
      const recoveries = lost.splice(0, HANDFUL).map((id) => this.logged(() => this.recovery.recover(id)));
      // All this time the others could renew their leases: a look after a long recovery follows this one.
      if (!(await Promise.all(recoveries)).includes(null)) this.lookedAt = performance.now();
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
