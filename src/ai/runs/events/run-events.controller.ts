import type { Readable } from 'node:stream';
import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Authorized } from '../../../identity/authorized.decorator.js';
import { type AuthenticatedUser, CurrentUser } from '../../../identity/current-user.decorator.js';
import { ValidationFailedError } from '../../../platform/errors/platform.errors.js';
import { ApiIdParam, IdParam } from '../../../platform/http/id-param.js';
import { EVENT_STREAM } from '../../../platform/http/sse.js';
import { RunEventsQuery } from '../dto/run-request.dto.js';
import { RunFollower } from './run-follower.js';
import { sendRunEvents } from './send-run-events.js';
import type { RunId } from '../run.types.js';

const EXAMPLE = `id: 1
event: run
data: {"id":1,"status":"running",…}

id: 2
event: delta
data: {"text":"Solid-state batteries"}

`;

/** A run's events, from wherever the reader stopped. */
@ApiTags('Runs')
@Controller('ai/runs/:id/events')
export class RunEventsController {
  constructor(private readonly follower: RunFollower) {}

  @Get()
  @Authorized('read', 'run-not-found', 'validation-failed')
  @ApiIdParam()
  @ApiOperation({
    summary: "Follow a run's events",
    description:
      'Server-sent events: `run` first, then `delta` and `usage`, and exactly one last `succeeded`, `failed`, `cancelled` or `interrupted` with the whole run. With `Last-Event-ID` (or `after`) exactly the missed events, byte for byte; without, from the start, finished or not. A comment every 15 s keeps the connection open.',
  })
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'The last event that you have', example: '3' })
  @ApiOkResponse({ content: { [EVENT_STREAM]: { schema: { type: 'string' }, example: EXAMPLE } } })
  async follow(
    @CurrentUser() user: AuthenticatedUser,
    @IdParam() id: number,
    @Query() query: RunEventsQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Readable> {
    const header = request.headers['last-event-id'];
    // Both have to be sound. A reader who comes back sends the header beside the address that it began with: it is ahead.
    const begun = sequenceOf(query.after, 'after');
    const place = header === undefined ? 'after' : 'Last-Event-ID';
    const after = header === undefined ? begun : sequenceOf(String(header), place);
    return sendRunEvents(reply, id as RunId, await this.follower.follow(user.id, id as RunId, after, place));
  }
}

function sequenceOf(text: string | undefined, place: string): number {
  if (text === undefined) return 0;
  if (!/^\d{1,9}$/.test(text)) {
    throw new ValidationFailedError([{ parameter: place, detail: 'must be the number of an event' }]);
  }
  return Number(text);
}
