import { Readable } from 'node:stream';
import { Body, Controller, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiCreatedResponse,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Authorized, BODY_PROBLEMS } from '../../identity/authorized.decorator.js';
import { type AuthenticatedUser, CurrentUser } from '../../identity/current-user.decorator.js';
import { API_PREFIX } from '../../platform/http/api-prefix.js';
import { Etagged } from '../../platform/http/etag.interceptor.js';
import { ApiIdParam, IdParam } from '../../platform/http/id-param.js';
import { parsePrefer, type Preference } from '../../platform/http/prefer.js';
import { EVENT_STREAM, wantsEventStream } from '../../platform/http/sse.js';
import {
  ApiIdempotencyKey,
  IDEMPOTENCY_PROBLEMS,
  markReplayed,
} from '../../platform/idempotency/idempotent.decorator.js';
import { Keyed, type KeyedRequest } from '../../platform/idempotency/keyed-request.js';
import { RunCancellation } from './cancellation/run-cancellation.js';
import { RunListQuery, RunRequest } from './dto/run-request.dto.js';
import { RunListResponse, RunResponse } from './dto/run.dto.js';
import { toRunResponse } from './dto/run.response.js';
import { RunFollower } from './events/run-follower.js';
import { sendRunEvents } from './events/send-run-events.js';
import { RunPages } from './run-pages.js';
import { RUN_PROBLEMS } from './run-problems.js';
import { answered, waitForRun } from './run-waiting.js';
import { isFinal, type Run, type RunId } from './run.types.js';
import { RunsService } from './runs.service.js';

const LOCATION = { Location: { description: 'Where the run can be read', schema: { type: 'string' as const } } };
const PREFERENCE = {
  'Preference-Applied': { description: 'What of `Prefer` was honoured', schema: { type: 'string' as const } },
};
const PREFER =
  'respond-async: 202 at once, the run is queued durably. wait=N: 202 when there is no answer within N seconds.';

/** Runs: questions to Claude and their answers. */
@ApiTags('Runs')
@Controller('ai/runs')
export class RunsController {
  constructor(
    private readonly runs: RunsService,
    private readonly follower: RunFollower,
    private readonly cancellation: RunCancellation,
    private readonly pages: RunPages,
  ) {}

  @Post()
  @ApiIdempotencyKey()
  @Etagged()
  @Authorized('run', ...RUN_PROBLEMS, ...IDEMPOTENCY_PROBLEMS)
  @ApiOperation({
    summary: 'Run a prompt or a text on Claude',
    description:
      'Waits for the answer and gives 201 with the run; with `Accept: text/event-stream` streams the same run as `run`, `delta`, `usage` and one last event. The run is a durable resource: it goes on and can be read, or followed again, when the connection is lost. A run that fails answers with a problem that names it in `run_id`.',
  })
  @ApiHeader({ name: 'Prefer', required: false, description: PREFER, example: 'wait=30' })
  @ApiCreatedResponse({
    description: 'The finished run, or its events',
    headers: { ...LOCATION, ...PREFERENCE },
    content: {
      'application/json': { schema: { $ref: '#/components/schemas/RunResponse' } },
      [EVENT_STREAM]: { schema: { type: 'string' }, example: 'id: 2\nevent: delta\ndata: {"text":"Solid"}\n\n' },
    },
  })
  @ApiOkResponse({
    type: RunResponse,
    description: 'A replay of a run that a crash has interrupted',
    headers: LOCATION,
  })
  @ApiAcceptedResponse({
    type: RunResponse,
    description: 'The run as it stands; it goes on',
    headers: { ...LOCATION, ...PREFERENCE },
  })
  async create(
    @CurrentUser() user: AuthenticatedUser,
    @Body() body: RunRequest,
    @Keyed() keyed: KeyedRequest | null,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RunResponse | Readable> {
    const prefer = wantsEventStream(request.headers.accept)
      ? null
      : parsePrefer(request.headers.prefer as string | string[] | undefined);
    if (prefer?.respondAsync) {
      const { made, replayed } = await this.runs.enqueue(user.id, body, keyed);
      if (!made) return this.replay(user, replayed, prefer, reply);
      applied(reply, prefer);
      return answer(reply, made);
    }
    const { made: live, replayed } = await this.runs.start(user.id, body, keyed);
    if (!live) return this.replay(user, replayed, prefer, reply);
    if (prefer) {
      applied(reply, prefer);
      return answer(reply, await waitForRun(live, prefer.waitSeconds));
    }
    locate(reply, live.run.id);
    return sendRunEvents(reply, live.run.id, this.follower.followLive(user.id, live));
  }

  /**
   * The run that was made under the key, as it now stands: nothing is waited for. One that was interrupted by a crash is told as
   * what it is.
   * @param prefer null for a stream
   */
  private async replay(
    user: AuthenticatedUser,
    id: number,
    prefer: Preference | null,
    reply: FastifyReply,
  ): Promise<RunResponse | Readable> {
    markReplayed(reply);
    locate(reply, id as RunId);
    if (!prefer) return sendRunEvents(reply, id as RunId, await this.follower.follow(user.id, id as RunId, 0, 'after'));
    const run = await this.runs.get(user.id, id as RunId);
    if (prefer.respondAsync && !isFinal(run.status)) applied(reply, prefer);
    if (run.error?.slug !== 'run-interrupted') return answer(reply, answered(run));
    void reply.status(200);
    return toRunResponse(run);
  }

  @Post(':id/cancel')
  @HttpCode(202)
  @Etagged()
  @Authorized('run', 'run-not-found', 'conflict', ...BODY_PROBLEMS)
  @ApiIdParam()
  @ApiOperation({
    summary: 'Cancel a run',
    description:
      'Queued or running: its call to Claude is given up, and what was seen of the answer is kept and priced. A run that has finished stays as it is (409), and one of a batch that goes to Claude as a whole can only be cancelled with it (409).',
  })
  @ApiAcceptedResponse({
    type: RunResponse,
    description: 'The run as it stands: cancelled, or about to be',
    headers: LOCATION,
  })
  async cancel(
    @CurrentUser() user: AuthenticatedUser,
    @IdParam() id: number,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RunResponse> {
    const run = await this.cancellation.cancel(user.id, id as RunId);
    locate(reply, run.id);
    return toRunResponse(run);
  }

  @Get()
  @Authorized('read', 'validation-failed')
  @ApiOperation({ summary: 'List runs', description: 'Newest first, without their large texts.' })
  @ApiOkResponse({ type: RunListResponse })
  list(@CurrentUser() user: AuthenticatedUser, @Query() query: RunListQuery): Promise<RunListResponse> {
    return this.pages.list(user.id, query);
  }

  @Get(':id')
  @Etagged()
  @Authorized('read', 'run-not-found', 'validation-failed')
  @ApiIdParam()
  @ApiOperation({ summary: 'Read a run', description: 'With its answer, cost, provenance and attempts.' })
  @ApiOkResponse({ type: RunResponse })
  async get(@CurrentUser() user: AuthenticatedUser, @IdParam() id: number): Promise<RunResponse> {
    return toRunResponse(await this.runs.get(user.id, id as RunId));
  }
}

function locate(reply: FastifyReply, id: RunId): void {
  void reply.header('location', `${API_PREFIX}/ai/runs/${id}`);
}

function applied(reply: FastifyReply, prefer: Preference): void {
  if (prefer.applied) void reply.header('preference-applied', prefer.applied);
}

function answer(reply: FastifyReply, run: Run): RunResponse {
  locate(reply, run.id);
  void reply.status(isFinal(run.status) ? 201 : 202);
  return toRunResponse(run);
}
