import { Injectable } from '@nestjs/common';
import type { UserId } from '../../identity/user-id.js';
import { Transaction } from '../../platform/database/transaction.js';
import { problemType, type ProblemSlug } from '../../platform/errors/problems.js';
import { type NanoUsd, usdFromNano } from '../../platform/money/money.js';
import type { RunStatus } from '../runs/run.types.js';
import type { BatchId } from './batch.types.js';
import type { BatchResultResponse } from './dto/batch.dto.js';

/** Bytes of a page's answers after which none is added: what a reader that does not read on makes the process hold. */
const PAGE_BYTES = 64 * 1024;

const FIND = `
  select * from (
    select batch_index, custom_id, id, status, output_text, error_type, error_detail, usage, cost_nano_usd,
      sum(coalesce(octet_length(output_text), 0)) over (order by batch_index)
        - coalesce(octet_length(output_text), 0) as bytes_before
    from runs where batch_id = $1::bigint and user_id = $2::bigint and batch_index > $3::integer
    order by batch_index limit $4::integer) page
  where bytes_before < ${PAGE_BYTES} order by batch_index`;

interface ResultRow {
  batch_index: number;
  custom_id: string | null;
  id: number;
  status: RunStatus;
  output_text: string | null;
  error_type: ProblemSlug | null;
  error_detail: string | null;
  usage: BatchResultResponse['usage'];
  cost_nano_usd: NanoUsd | null;
}

/** What came of the queries of batches. */
@Injectable()
export class BatchResultsRepository {
  constructor(private readonly transaction: Transaction) {}

  /**
   * The results behind a place, in input order: as many as `limit`, or as fill a page; none behind the last. -1 is before the
   * first.
   */
  async findAfter(owner: UserId, id: BatchId, index: number, limit: number): Promise<BatchResultResponse[]> {
    return (await this.transaction.sql<ResultRow>(FIND, [id, owner, index, limit])).map(toResult);
  }
}

function toResult(row: ResultRow): BatchResultResponse {
  return {
    index: row.batch_index,
    custom_id: row.custom_id,
    run_id: row.id,
    status: row.status,
    output_text: row.output_text,
    error: row.error_type === null ? null : { type: problemType(row.error_type), detail: row.error_detail ?? '' },
    usage: row.usage,
    cost_usd: row.cost_nano_usd === null ? null : usdFromNano(row.cost_nano_usd),
  };
}
