import { Body, Controller, Delete, Get, HttpCode, Post, Put, Query, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Authorized, BODY_PROBLEMS } from '../../identity/authorized.decorator.js';
import { CREATED_HEADERS } from '../../identity/created-headers.js';
import { type AuthenticatedUser, CurrentUser } from '../../identity/current-user.decorator.js';
import { API_PREFIX } from '../../platform/http/api-prefix.js';
import { ApiIfMatch, Etagged } from '../../platform/http/etag.interceptor.js';
import { IfMatch, Precondition } from '../../platform/http/etag.js';
import { ApiIdParam, IdParam } from '../../platform/http/id-param.js';
import { PageQuery } from '../../platform/paging/page-query.dto.js';
import { Pager, pageScope } from '../../platform/paging/pager.js';
import { ETAG_HEADER } from '../etag-header.js';
import type { PromptId, PromptVersionNumber } from '../prompts.types.js';
import {
  LabelHistoryResponse,
  LabelListResponse,
  LabelResponse,
  SetLabelRequest,
  toLabelMoveResponse,
  toLabelResponse,
} from './dto/label.dto.js';
import { ApiLabelParam, LabelParam } from './label-name.js';
import { LabelsService } from './labels.service.js';

/** The labels of a prompt. */
@ApiTags('Prompt labels')
@ApiIdParam('id', 'Id of the prompt')
@Controller('prompts/:id/labels')
export class LabelsController {
  constructor(
    private readonly service: LabelsService,
    private readonly pager: Pager,
  ) {}

  @Get()
  @Authorized('read', 'prompt-not-found', 'validation-failed')
  @ApiOperation({ summary: "List a prompt's labels", description: 'Newest first.' })
  @ApiOkResponse({ type: LabelListResponse })
  async list(
    @CurrentUser() user: AuthenticatedUser,
    @IdParam() id: PromptId,
    @Query() query: PageQuery,
  ): Promise<LabelListResponse> {
    const scope = pageScope('labels', user.id, { id });
    return this.pager.page(
      await this.service.list(user.id, id, this.pager.request(query, scope)),
      scope,
      toLabelResponse,
    );
  }

  @Get(':label')
  @Etagged()
  @ApiLabelParam()
  @Authorized('read', 'prompt-not-found', 'not-found', 'validation-failed')
  @ApiOperation({ summary: 'Read a label', description: 'Which version it stands for, with the ETag that moves it.' })
  @ApiOkResponse({ type: LabelResponse, headers: ETAG_HEADER })
  async get(
    @CurrentUser() user: AuthenticatedUser,
    @IdParam() id: PromptId,
    @LabelParam() label: string,
  ): Promise<LabelResponse> {
    return toLabelResponse(await this.service.get(user.id, id, label));
  }

  @Put(':label')
  @Etagged()
  @ApiIfMatch()
  @ApiLabelParam()
  @Authorized('write', 'prompt-not-found', 'precondition-failed', 'precondition-required', ...BODY_PROBLEMS)
  @ApiOperation({
    summary: 'Set or move a label',
    description:
      'Makes the label stand for a version. A new label needs no `If-Match`; moving an existing one needs its present ETag (428 without, 412 when stale), so that of two racing moves exactly one wins.',
  })
  @ApiCreatedResponse({ type: LabelResponse, headers: CREATED_HEADERS, description: 'The label is new' })
  @ApiOkResponse({ type: LabelResponse, headers: ETAG_HEADER, description: 'The label was there and has been moved' })
  async set(
    @CurrentUser() user: AuthenticatedUser,
    @IdParam() id: PromptId,
    @LabelParam() name: string,
    @Body() { version }: SetLabelRequest,
    @IfMatch() precondition: Precondition,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<LabelResponse> {
    const wanted = version as PromptVersionNumber;
    const { label, created } = await this.service.set(user.id, id, name, wanted, precondition);
    if (created) void reply.status(201).header('location', `${API_PREFIX}/prompts/${id}/labels/${name}`);
    return toLabelResponse(label);
  }

  @Get(':label/history')
  @ApiLabelParam()
  @Authorized('read', 'prompt-not-found', 'not-found', 'validation-failed')
  @ApiOperation({
    summary: "Read a label's history",
    description:
      'Every version that the label has been set to, also by rollbacks, newest first. It goes when the label is removed.',
  })
  @ApiOkResponse({ type: LabelHistoryResponse })
  async history(
    @CurrentUser() user: AuthenticatedUser,
    @IdParam() id: PromptId,
    @LabelParam() label: string,
    @Query() query: PageQuery,
  ): Promise<LabelHistoryResponse> {
    const scope = pageScope('label-history', user.id, { id, label });
    const slice = await this.service.history(user.id, id, label, this.pager.request(query, scope));
    return this.pager.page(slice, scope, toLabelMoveResponse);
  }

  @Post(':label/rollback')
  @HttpCode(200)
  @Etagged()
  @ApiIfMatch(true)
  @ApiLabelParam()
  @Authorized(
    'write',
    'prompt-not-found',
    'not-found',
    'conflict',
    'precondition-failed',
    'precondition-required',
    ...BODY_PROBLEMS,
  )
  @ApiOperation({
    summary: 'Roll a label back',
    description:
      'Takes the last move back: the label stands for the version that it stood for before. Rolling back again goes further back, as undoing does: 1, 2, 3, rolled back, is 2, and rolled back once more 1; a move made after a rollback starts from there. The history grows by each rollback. Needs the present ETag as `If-Match` (428 without, 412 when stale), so that one rollback asked for twice is done once; with nothing before 409.',
  })
  @ApiOkResponse({ type: LabelResponse, headers: ETAG_HEADER, description: 'The label as it stands now' })
  async rollBack(
    @CurrentUser() user: AuthenticatedUser,
    @IdParam() id: PromptId,
    @LabelParam() label: string,
    @IfMatch() precondition: Precondition,
  ): Promise<LabelResponse> {
    return toLabelResponse(await this.service.rollBack(user.id, id, label, precondition));
  }

  @Delete(':label')
  @HttpCode(204)
  @ApiIfMatch()
  @ApiLabelParam()
  @Authorized('write', 'prompt-not-found', 'not-found', 'precondition-failed', ...BODY_PROBLEMS)
  @ApiOperation({
    summary: 'Remove a label',
    description: 'The version that it stood for stays; the history of the label goes.',
  })
  @ApiNoContentResponse({ description: 'The label is removed' })
  async delete(
    @CurrentUser() user: AuthenticatedUser,
    @IdParam() id: PromptId,
    @LabelParam() label: string,
    @IfMatch() precondition: Precondition,
  ): Promise<void> {
    await this.service.delete(user.id, id, label, precondition);
  }
}
