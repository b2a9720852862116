import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsArray, IsIn } from 'class-validator';
import { Optional, Text } from '../../../platform/http/validation/decorators.js';
import { RunRequest } from '../../runs/dto/run-request.dto.js';
import { BATCH_MODES, type BatchMode } from '../batch.types.js';

/** Queries that one batch may have. */
export const MAX_QUERIES = 10_000;

const MODE = { message: `must be one of ${BATCH_MODES.join(', ')}` };

/** One query of a batch: what a run takes, and a name of one's own. */
export class BatchQueryRequest extends RunRequest {
  /** Your own name for the query; no other query of the batch may have it.
   * @example "tides-1" */
  @Optional()
  @Text(1, 200)
  custom_id?: string;
}

/** Many queries at once. */
export class BatchRequest {
  /** Each is what a run takes. They are checked one by one, and none is started unless all are in order. */
  @IsArray({ message: 'must be a list of queries' })
  @ApiProperty({ type: () => [BatchQueryRequest], minItems: 1, maxItems: MAX_QUERIES })
  queries: unknown[];

  /** `realtime`, the default, runs them here; `provider` leaves them to Claude's Message Batches, which take up to a day at half the price. */
  @Optional()
  @IsIn(BATCH_MODES, MODE)
  @ApiPropertyOptional({ enum: BATCH_MODES })
  mode?: BatchMode;
}

/** Query parameters of the creation of a batch. */
export class BatchCreateQuery {
  /** As `mode` in the body, for bodies of JSON lines. */
  @Optional()
  @IsIn(BATCH_MODES, MODE)
  @ApiPropertyOptional({ enum: BATCH_MODES })
  mode?: BatchMode;
}
