import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { register } from 'prom-client';
import { ApiProblems } from '../errors/api-problems.decorator.js';

/** The process's figures for Prometheus. */
@ApiTags('Operations')
@Controller('metrics')
export class MetricsController {
  @Get()
  @Header('content-type', register.contentType)
  @ApiOperation({
    summary: 'Metrics for Prometheus',
    description: 'HTTP durations by route template, database pool and statements, event loop, memory, calls to Claude.',
  })
  @ApiOkResponse({ content: { 'text/plain': { schema: { type: 'string' }, example: '# HELP …\n# TYPE …\n' } } })
  @ApiProblems()
  scrape(): Promise<string> {
    return register.metrics();
  }
}
