import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Authorized } from '../../identity/authorized.decorator.js';
import { type AuthenticatedUser, CurrentUser } from '../../identity/current-user.decorator.js';
import { toUsageReportResponse, USAGE_EXAMPLES, UsageReportResponse } from './dto/usage.dto.js';
import { UsageQuery } from './dto/usage-query.dto.js';
import { UsageService } from './usage.service.js';

/** What the caller's runs used. */
@ApiTags('Runs')
@Controller('ai/usage')
export class UsageController {
  constructor(private readonly usage: UsageService) {}

  @Get()
  @Authorized('read', 'validation-failed')
  @ApiOperation({
    summary: 'Report tokens and cost',
    description:
      'What the finished runs of a range of UTC days used, by day, model or research item; the 1,000 dearest, where there are more. `cost_usd` and `unknown_max_usd` over all time add up to `spent_usd` of `GET /me`.',
  })
  @ApiOkResponse({ type: UsageReportResponse, examples: USAGE_EXAMPLES })
  async report(@CurrentUser() user: AuthenticatedUser, @Query() query: UsageQuery): Promise<UsageReportResponse> {
    const { from, to, group_by: groupBy = 'day' } = query;
    return toUsageReportResponse(await this.usage.report(user.id, { from, to, groupBy }));
  }
}
