import type { Readable } from 'node:stream';
import { Controller, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import {
  ApiAcceptedResponse,
  ApiExtraModels,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Authorized, BODY_PROBLEMS } from '../../identity/authorized.decorator.js';
import { type AuthenticatedUser, CurrentUser } from '../../identity/current-user.decorator.js';
import { Lifecycle } from '../../platform/health/lifecycle.js';
import { API_PREFIX } from '../../platform/http/api-prefix.js';
import { Etagged } from '../../platform/http/etag.interceptor.js';
import { ApiIdParam, IdParam } from '../../platform/http/id-param.js';
import {
  ApiIdempotencyKey,
  IDEMPOTENCY_PROBLEMS,
  markReplayed,
} from '../../platform/idempotency/idempotent.decorator.js';
import { Keyed, type KeyedRequest } from '../../platform/idempotency/keyed-request.js';
import { NDJSON } from '../../platform/http/ndjson-body.js';
import { parsePrefer } from '../../platform/http/prefer.js';
import { EVENT_STREAM, sendEventStream } from '../../platform/http/sse.js';
import { textStream } from '../../platform/http/text-stream.js';
import { PageQuery } from '../../platform/paging/page-query.dto.js';
import { Pager, pageScope } from '../../platform/paging/pager.js';
import { DRAFT_PROBLEMS } from '../runs/run-problems.js';
import { parseBatch } from './batch-body.js';
import { BatchCancellation } from './batch-cancellation.js';
import { BatchReader } from './batch-reader.js';
import { type BatchId, type BatchView, isOver } from './batch.types.js';
import { BatchesService } from './batches.service.js';
import { BatchCreateQuery, BatchRequest, MAX_QUERIES } from './dto/batch-request.dto.js';
import { BatchListResponse, BatchResponse, FinishedBatchResponse } from './dto/batch.dto.js';
import { toBatchResponse } from './dto/batch.response.js';

const BODY_LIMIT_BYTES = 32 * 1024 * 1024;
/** Larger batches are not waited for. */
const MAX_WAITED_QUERIES = 100;
const LOCATION = { Location: { description: 'Where the batch can be read', schema: { type: 'string' as const } } };
const PREFER = `wait=N: with up to ${MAX_WAITED_QUERIES} queries, 200 and the results when it is over within N seconds.`;
const LINES = '{"custom_id":"tides","input":"What makes the tides?"}\n{"prompt_id":1,"variables":{"topic":"tides"}}\n';
const RESULTS =
  '{"index":0,"custom_id":"tides","run_id":1,"status":"succeeded","output_text":"The moon.","error":null,"usage":{"input_tokens":12,"output_tokens":4,"cache_creation_input_tokens":0,"cache_read_input_tokens":0},"cost_usd":0.000096}\n';
const EVENTS = 'id: 2\nevent: progress\ndata: {"id":1,"status":"running",…}\n\n';

/** Batches: thousands of runs at once. */
@ApiTags('Batches')
@ApiExtraModels(BatchRequest)
@Controller('ai/batches')
export class BatchesController {
  constructor(
    private readonly batches: BatchesService,
    private readonly cancellation: BatchCancellation,
    private readonly reader: BatchReader,
    private readonly pager: Pager,
    private readonly lifecycle: Lifecycle,
  ) {}

  @Post()
  @HttpCode(202)
  @ApiIdempotencyKey()
  @Etagged()
  @RouteConfig({ bodyLimit: BODY_LIMIT_BYTES, ndjson: { maxLines: MAX_QUERIES, pointer: '/queries' } })
  @Authorized('run', ...DRAFT_PROBLEMS, 'budget-exceeded', ...IDEMPOTENCY_PROBLEMS)
  @ApiOperation({
    summary: 'Run many queries',
    description:
      'Up to 10,000 queries, accepted as a whole or not at all, and worked off in the background: one that fails keeps no other from its answer. Also takes lines of JSON (`application/x-ndjson`), one query each. In the queue, batches of several users take turns. In mode `provider` they go to Claude together as Message Batches, at half the price: mostly within an hour, at most within a day.',
    requestBody: {
      required: true,
      content: {
        'application/json': { schema: { $ref: getSchemaPath(BatchRequest) } },
        [NDJSON]: { schema: { type: 'string' }, example: LINES },
      },
    },
  })
  @ApiHeader({ name: 'Prefer', required: false, description: PREFER, example: 'wait=30' })
  @ApiAcceptedResponse({ type: BatchResponse, description: 'The batch as it stands; it goes on', headers: LOCATION })
  @ApiOkResponse({ type: FinishedBatchResponse, description: 'Over within the time to wait', headers: LOCATION })
  async create(
    @CurrentUser() user: AuthenticatedUser,
    @Query() { mode }: BatchCreateQuery,
    @Keyed() keyed: KeyedRequest | null,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<BatchResponse | FinishedBatchResponse> {
    const prefer = parsePrefer(request.headers.prefer as string | string[] | undefined);
    const { made, replayed } = await this.batches.create(user.id, await parseBatch(request.body, mode), keyed);
    if (!made) markReplayed(reply);
    const accepted = made ?? (await this.batches.get(user.id, replayed as BatchId));
    locate(reply, accepted);
    const waits = prefer.waitSeconds !== null && accepted.counts.total <= MAX_WAITED_QUERIES;
    if (prefer.applied && ((waits && made) || prefer.respondAsync))
      void reply.header('preference-applied', prefer.applied);
    const batch = waits && made ? await this.reader.wait(accepted, prefer.waitSeconds ?? 0) : accepted;
    if (!waits || !isOver(batch.status)) return toBatchResponse(batch);
    void reply.status(200);
    return { ...toBatchResponse(batch), results: await this.reader.all(user.id, batch.id) };
  }

  @Get()
  @Authorized('read', 'validation-failed')
  @ApiOperation({ summary: 'List batches', description: 'Newest first.' })
  @ApiOkResponse({ type: BatchListResponse })
  async list(@CurrentUser() user: AuthenticatedUser, @Query() query: PageQuery): Promise<BatchListResponse> {
    const scope = pageScope('batches', user.id);
    return this.pager.page(await this.batches.list(user.id, this.pager.request(query, scope)), scope, toBatchResponse);
  }

  @Get(':id')
  @Etagged()
  @Authorized('read', 'batch-not-found', 'validation-failed')
  @ApiIdParam()
  @ApiOperation({
    summary: 'Read a batch',
    description: 'How many of its queries stand how, and what they cost so far.',
  })
  @ApiOkResponse({ type: BatchResponse })
  async get(@CurrentUser() user: AuthenticatedUser, @IdParam() id: number): Promise<BatchResponse> {
    return toBatchResponse(await this.batches.get(user.id, id as BatchId));
  }

  @Get(':id/results')
  @Authorized('read', 'batch-not-found', 'validation-failed')
  @ApiIdParam()
  @ApiOperation({
    summary: "Read a batch's results",
    description:
      'A line of JSON for each query, in input order; before the end too, with what has not ended as it stands.',
  })
  @ApiOkResponse({ content: { [NDJSON]: { schema: { type: 'string' }, example: RESULTS } } })
  async results(
    @CurrentUser() user: AuthenticatedUser,
    @IdParam() id: number,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Readable> {
    const lines = await this.reader.lines(user.id, id as BatchId);
    void reply.headers({ 'content-type': `${NDJSON}; charset=utf-8`, 'cache-control': 'no-store' });
    return textStream(lines, this.lifecycle.signal, { event: 'batch_results_broken_off', batch_id: id });
  }

  @Get(':id/events')
  @Authorized('read', 'batch-not-found', 'validation-failed')
  @ApiIdParam()
  @ApiOperation({
    summary: "Follow a batch's progress",
    description:
      'Server-sent events: `progress` with the batch each time that it has changed, and one last `finished` or `cancelled`. Whoever comes back is told how it stands now. A comment every 15 s keeps the connection open.',
  })
  @ApiOkResponse({ content: { [EVENT_STREAM]: { schema: { type: 'string' }, example: EVENTS } } })
  async events(
    @CurrentUser() user: AuthenticatedUser,
    @IdParam() id: number,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Readable> {
    const events = await this.reader.progress(user.id, id as BatchId);
    return sendEventStream(reply, events, { event: 'batch_progress_broken_off', batch_id: id });
  }

  @Post(':id/cancel')
  @HttpCode(202)
  @Etagged()
  @Authorized('run', 'batch-not-found', 'conflict', ...BODY_PROBLEMS)
  @ApiIdParam()
  @ApiOperation({
    summary: 'Cancel a batch',
    description:
      'What is queued is never sent, and the calls of what is running are given up: what was seen of the answers is kept and priced. Of a batch that is with Claude (`provider`), what Claude has not begun is cancelled there. A batch that is over stays as it is (409).',
  })
  @ApiAcceptedResponse({ type: BatchResponse, description: 'The batch as it stands', headers: LOCATION })
  async cancel(
    @CurrentUser() user: AuthenticatedUser,
    @IdParam() id: number,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<BatchResponse> {
    return shown(reply, await this.cancellation.cancel(user.id, id as BatchId));
  }

  @Post(':id/retry')
  @HttpCode(202)
  @ApiIdempotencyKey()
  @Etagged()
  @Authorized('run', 'batch-not-found', 'conflict', 'budget-exceeded', ...BODY_PROBLEMS, ...IDEMPOTENCY_PROBLEMS)
  @ApiIdParam()
  @ApiOperation({
    summary: 'Retry what failed of a batch',
    description:
      'Runs the failed and the interrupted queries once more, each as a new run in its old place. Their former runs stay readable, and count for the cost.',
  })
  @ApiAcceptedResponse({ type: BatchResponse, description: 'The batch as it stands', headers: LOCATION })
  async retry(
    @CurrentUser() user: AuthenticatedUser,
    @IdParam() id: number,
    @Keyed() keyed: KeyedRequest | null,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<BatchResponse> {
    const { made, replayed } = await this.batches.retry(user.id, id as BatchId, keyed);
    if (!made) markReplayed(reply);
    return shown(reply, made ?? (await this.batches.get(user.id, replayed as BatchId)));
  }
}

function locate(reply: FastifyReply, { id }: BatchView): void {
  void reply.header('location', `${API_PREFIX}/ai/batches/${id}`);
}

function shown(reply: FastifyReply, batch: BatchView): BatchResponse {
  locate(reply, batch);
  return toBatchResponse(batch);
}
