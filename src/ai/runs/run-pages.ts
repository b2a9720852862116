import { Injectable } from '@nestjs/common';
import type { UserId } from '../../identity/user-id.js';
import { type Page, Pager, pageScope } from '../../platform/paging/pager.js';
import type { RunListQuery } from './dto/run-request.dto.js';
import type { RunSummaryResponse } from './dto/run.dto.js';
import { toRunSummaryResponse } from './dto/run.response.js';
import { type RunFilters, RunsRepository } from './runs.repository.js';

/** The list of runs: filters, pages and cursors. */
@Injectable()
export class RunPages {
  constructor(
    private readonly runs: RunsRepository,
    private readonly pager: Pager,
  ) {}

  async list(owner: UserId, query: RunListQuery): Promise<Page<RunSummaryResponse>> {
    const filters: RunFilters = {
      status: query.status,
      promptId: query.prompt_id,
      researchItemId: query.research_item_id,
      batchId: query.batch_id,
    };
    const scope = pageScope('runs', owner, filters);
    const slice = await this.runs.findPage(owner, filters, this.pager.request(query, scope));
    return this.pager.page(slice, scope, toRunSummaryResponse);
  }
}
