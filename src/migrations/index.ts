import { Identity1790000000001 } from './1790000000001-identity.js';
import { ResearchItems1790000000002 } from './1790000000002-research-items.js';
import { Prompts1790000000003 } from './1790000000003-prompts.js';
import { Runs1790000000004 } from './1790000000004-runs.js';
import { IdempotencyKeys1790000000005 } from './1790000000005-idempotency-keys.js';
import { RunCancellation1790000000006 } from './1790000000006-run-cancellation.js';
import { UsageRollups1790000000007 } from './1790000000007-usage-rollups.js';
import { PromptNames1790000000008 } from './1790000000008-prompt-names.js';
import { Batches1790000000009 } from './1790000000009-batches.js';
import { Search1790000000010 } from './1790000000010-search.js';
import { LabelRollback1790000000011 } from './1790000000011-label-rollback.js';
import { Statistics1790000000012 } from './1790000000012-statistics.js';
import { ListsAtScale1790000000013 } from './1790000000013-lists-at-scale.js';
import { MessageBatches1790000000014 } from './1790000000014-message-batches.js';
import { SearchLeaps1790000000015 } from './1790000000015-search-leaps.js';
import { RunsByStatus1790000000016 } from './1790000000016-runs-by-status.js';
import { SearchPositions1790000000017 } from './1790000000017-search-positions.js';

/** Every migration, in order: an explicit list, so that sources, build and tests run the same. */
export const migrations = [
  Identity1790000000001,
  ResearchItems1790000000002,
  Prompts1790000000003,
  Runs1790000000004,
  IdempotencyKeys1790000000005,
  RunCancellation1790000000006,
  UsageRollups1790000000007,
  PromptNames1790000000008,
  Batches1790000000009,
  Search1790000000010,
  LabelRollback1790000000011,
  Statistics1790000000012,
  ListsAtScale1790000000013,
  MessageBatches1790000000014,
  SearchLeaps1790000000015,
  RunsByStatus1790000000016,
  SearchPositions1790000000017,
];
