import { ApiProperty } from '@nestjs/swagger';
import { ApiInteger } from '../../../platform/openapi/api-integer.decorator.js';
import { RunErrorResponse, UsageResponse } from '../../runs/dto/run.dto.js';
import { RUN_STATUSES, type RunStatus } from '../../runs/run.types.js';
import { BATCH_MODES, BATCH_STATUSES, type BatchMode, type BatchStatus } from '../batch.types.js';

/** How many queries stand how. */
export class BatchCountsResponse {
  @ApiInteger({ example: 3 })
  total: number;

  @ApiInteger({ example: 0 })
  queued: number;

  @ApiInteger({ example: 1 })
  running: number;

  @ApiInteger({ example: 2 })
  succeeded: number;

  @ApiInteger({ example: 0 })
  failed: number;

  @ApiInteger({ example: 0 })
  cancelled: number;

  @ApiInteger({ example: 0 })
  interrupted: number;
}

/** What came of one query so far. */
export class BatchResultResponse {
  /** Its place among the queries, from 0.
   * @example 0 */
  @ApiInteger({ minimum: 0, example: 0 })
  index: number;

  /** @example "tides-1" */
  custom_id: string | null;

  @ApiInteger({ example: 1 })
  run_id: number;

  @ApiProperty({ enum: RUN_STATUSES, enumName: 'RunStatus' })
  status: RunStatus;

  /** @example "Tides come from the pull of the moon." */
  output_text: string | null;

  error: RunErrorResponse | null;

  usage: UsageResponse | null;

  /** @example 0.001364 */
  cost_usd: number | null;
}

/** Many runs that were asked for at once. */
export class BatchResponse {
  @ApiInteger({ example: 1 })
  id: number;

  /** `queued → running → finished | cancelled`. A batch whose queries failed is finished all the same. */
  @ApiProperty({ enum: BATCH_STATUSES })
  status: BatchStatus;

  @ApiProperty({ enum: BATCH_MODES })
  mode: BatchMode;

  counts: BatchCountsResponse;

  /** What is settled of the cost of all its runs, those that a retry has replaced included.
   * @example 0.004092 */
  cost_usd: number;

  /** @example "2026-11-23T09:30:00.000Z" */
  @ApiProperty({ format: 'date-time' })
  created_at: string;

  /** @example "2026-11-23T09:30:01.850Z" */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  finished_at: string | null;
}

/** A batch that was waited for to its end. */
export class FinishedBatchResponse extends BatchResponse {
  /** What came of each query, in input order. */
  results: BatchResultResponse[];
}

/** One page of batches, newest first. */
export class BatchListResponse {
  items: BatchResponse[];

  /** Continues the list; null at its end.
   * @example null */
  next_cursor: string | null;
}
