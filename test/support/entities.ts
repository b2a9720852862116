import { Batch } from '../../src/ai/batches/batch.entity.js';
import { MessageBatch } from '../../src/ai/batches/provider/message-batch.entity.js';
import { RunAttemptEntity } from '../../src/ai/runs/run-attempt.entity.js';
import { RunEventEntity } from '../../src/ai/runs/events/run-event.entity.js';
import { RunEntity } from '../../src/ai/runs/run.entity.js';
import { DailyUsage } from '../../src/ai/usage/daily-usage.entity.js';
import { UsageRollup } from '../../src/ai/usage/usage-rollup.entity.js';
import { ApiKey } from '../../src/identity/api-keys/api-key.entity.js';
import { User } from '../../src/identity/users/user.entity.js';
import { IdempotencyKey } from '../../src/platform/idempotency/idempotency-key.entity.js';
import { PromptLabelMove } from '../../src/prompts/labels/prompt-label-move.entity.js';
import { PromptLabel } from '../../src/prompts/labels/prompt-label.entity.js';
import { Prompt } from '../../src/prompts/prompt.entity.js';
import { PromptVersion } from '../../src/prompts/versions/prompt-version.entity.js';
import { ResearchItem } from '../../src/research/research-item.entity.js';
import { SearchDocument } from '../../src/search/search-document.entity.js';

/** Every entity there is; a new one that is missing here fails the test of the schema. */
export const entities = [
  User,
  IdempotencyKey,
  ApiKey,
  ResearchItem,
  Prompt,
  PromptVersion,
  PromptLabel,
  PromptLabelMove,
  Batch,
  MessageBatch,
  RunEntity,
  RunAttemptEntity,
  RunEventEntity,
  UsageRollup,
  DailyUsage,
  SearchDocument,
];
