import { Injectable } from '@nestjs/common';
import { RunEventStore } from '../events/run-event-store.js';
import { RunLedgerRepository } from '../ledger/run-ledger.repository.js';
import { RunSettlements } from '../ledger/run-settlements.js';
import { RunLog } from './run-log.js';

/** Where the course of a run is written down. */
@Injectable()
export class RunStores {
  constructor(
    readonly ledger: RunLedgerRepository,
    readonly settlements: RunSettlements,
    readonly events: RunEventStore,
    readonly log: RunLog,
  ) {}
}
