import { Controller, Get, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Authorized } from '../identity/authorized.decorator.js';
import { type AuthenticatedUser, CurrentUser } from '../identity/current-user.decorator.js';
import { StatisticsResponse, toStatisticsResponse } from './dto/statistics.dto.js';
import { StatisticsService } from './statistics.service.js';

const HEADERS = {
  'Cache-Control': {
    description: '`private, max-age=…`: how many seconds old statistics may get',
    schema: { type: 'string' as const, example: 'private, max-age=3600' },
  },
  Age: { description: 'How many seconds old these are', schema: { type: 'integer' as const, example: 42 } },
};

/** What the caller has and has used. */
@ApiTags('Statistics')
@Controller('statistics')
export class StatisticsController {
  constructor(private readonly statistics: StatisticsService) {}

  @Get()
  @Authorized('read')
  @ApiOperation({
    summary: 'Count what there is',
    description:
      'How many items, prompts and runs the caller has, and what the runs used. Counted at most once in `STATISTICS_TTL_SECONDS` for each user: `computed_at` and `Age` tell when.',
  })
  @ApiOkResponse({ type: StatisticsResponse, headers: HEADERS })
  async read(
    @CurrentUser() user: AuthenticatedUser,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StatisticsResponse> {
    const dated = await this.statistics.of(user.id);
    void reply.headers({
      'cache-control': `private, max-age=${dated.ttlSeconds}`,
      age: String(dated.ageSeconds),
      // Of one URL every user gets their own.
      vary: 'Authorization',
    });
    return toStatisticsResponse(dated);
  }
}
