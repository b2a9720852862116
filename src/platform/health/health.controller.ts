import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../errors/api-problems.decorator.js';
import { ShuttingDownError } from '../errors/platform.errors.js';
import { HealthResponse } from './dto/health.dto.js';
import { HealthRepository } from './health.repository.js';
import { Lifecycle } from './lifecycle.js';

/** Probes for whoever keeps the process running and sends it traffic. */
@ApiTags('Operations')
@Controller('health')
export class HealthController {
  constructor(
    private readonly lifecycle: Lifecycle,
    private readonly repository: HealthRepository,
  ) {}

  @Get('live')
  @ApiOperation({
    summary: 'Is the process alive?',
    description: 'Asks nothing of the database: restart when this fails.',
  })
  @ApiOkResponse({ type: HealthResponse })
  @ApiProblems()
  live(): HealthResponse {
    return { status: 'ok' };
  }

  @Get('ready')
  @ApiOperation({
    summary: 'Can it take traffic?',
    description: 'The database answers and no shutdown is under way: send no traffic while this fails.',
  })
  @ApiOkResponse({ type: HealthResponse })
  @ApiProblems('database-unavailable', 'shutting-down')
  async ready(): Promise<HealthResponse> {
    if (this.lifecycle.stopping) throw new ShuttingDownError();
    await this.repository.ping();
    return { status: 'ok' };
  }
}
