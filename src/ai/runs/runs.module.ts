import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { PromptsModule } from '../../prompts/prompts.module.js';
import { ClaudeModule } from '../claude/claude.module.js';
import { RunCancellation } from './cancellation/run-cancellation.js';
import { RunCancellationsRepository } from './cancellation/run-cancellations.repository.js';
import { LiveRuns } from './events/live-runs.js';
import { RunEventStore } from './events/run-event-store.js';
import { RunEventEntity } from './events/run-event.entity.js';
import { RunEventsController } from './events/run-events.controller.js';
import { RunEventsRepository } from './events/run-events.repository.js';
import { RunFollower } from './events/run-follower.js';
import { RunEnding } from './execution/run-ending.js';
import { RunExecutor } from './execution/run-executor.js';
import { RunGroupEnding } from './execution/run-group-ending.js';
import { RunLog } from './execution/run-log.js';
import { RunStores } from './execution/run-stores.js';
import { RunLeases } from './leases/run-leases.js';
import { RunLeasesRepository } from './leases/run-leases.repository.js';
import { RunRecovery } from './leases/run-recovery.js';
import { RunClaimsRepository } from './ledger/run-claims.repository.js';
import { RunGroupsRepository } from './ledger/run-groups.repository.js';
import { RunLedgerRepository } from './ledger/run-ledger.repository.js';
import { RunSettlements } from './ledger/run-settlements.js';
import { RunSettlementsRepository } from './ledger/run-settlements.repository.js';
import { RunPump } from './queue/run-pump.js';
import { RunQueue } from './queue/run-queue.js';
import { RunResumption } from './queue/run-resumption.js';
import { RunAttemptEntity } from './run-attempt.entity.js';
import { RunDrafts } from './run-drafts.js';
import { RunGroups } from './run-groups.js';
import { RunPages } from './run-pages.js';
import { RunEntity } from './run.entity.js';
import { RunsController } from './runs.controller.js';
import { RunsRepository } from './runs.repository.js';
import { RunsService } from './runs.service.js';
import { TokenCountsController } from './token-counts.controller.js';

/** Runs: accepted, worked on, recorded, followed. */
@Module({
  imports: [TypeOrmModule.forFeature([RunEntity, RunAttemptEntity, RunEventEntity]), ClaudeModule, PromptsModule],
  controllers: [RunsController, RunEventsController, TokenCountsController],
  providers: [
    RunsService,
    RunPages,
    RunDrafts,
    RunCancellation,
    RunCancellationsRepository,
    RunEnding,
    RunExecutor,
    RunFollower,
    RunGroupEnding,
    RunLeases,
    RunLog,
    RunPump,
    RunQueue,
    RunRecovery,
    RunResumption,
    RunStores,
    LiveRuns,
    RunEventStore,
    RunEventsRepository,
    RunLeasesRepository,
    RunClaimsRepository,
    RunLedgerRepository,
    RunGroups,
    RunGroupsRepository,
    RunSettlements,
    RunSettlementsRepository,
    RunsRepository,
  ],
  exports: [RunDrafts, RunExecutor, RunGroups, RunGroupEnding, RunLog, RunsRepository],
})
export class RunsModule {}
