import { Body, Controller, Get, Post, Query, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Authorized, BODY_PROBLEMS } from '../identity/authorized.decorator.js';
import { CREATED_HEADERS } from '../identity/created-headers.js';
import { type AuthenticatedUser, CurrentUser } from '../identity/current-user.decorator.js';
import { API_PREFIX } from '../platform/http/api-prefix.js';
import { Etagged } from '../platform/http/etag.interceptor.js';
import { ApiIdParam, IdParam } from '../platform/http/id-param.js';
import { IDEMPOTENCY_PROBLEMS, Idempotent } from '../platform/idempotency/idempotent.decorator.js';
import { PageQuery } from '../platform/paging/page-query.dto.js';
import { Pager, pageScope } from '../platform/paging/pager.js';
import {
  CreatePromptRequest,
  PromptListResponse,
  PromptResponse,
  toPromptResponse,
  toPromptSummaryResponse,
} from './dto/prompt.dto.js';
import type { ResearchItemId } from './parent-item.js';
import { PromptsService } from './prompts.service.js';

/** The prompts of a research item. */
@ApiTags('Prompts')
@ApiIdParam('id', 'Id of the research item')
@Controller('research-items/:id/prompts')
export class ItemPromptsController {
  constructor(
    private readonly service: PromptsService,
    private readonly pager: Pager,
  ) {}

  @Post()
  @Idempotent()
  @Etagged()
  @Authorized('write', 'item-not-found', 'conflict', ...BODY_PROBLEMS, ...IDEMPOTENCY_PROBLEMS)
  @ApiOperation({
    summary: 'Create a prompt',
    description:
      'With its version 1. Without `variables` each name in the texts is a required string; with it, a name that is not declared is refused.',
  })
  @ApiCreatedResponse({ type: PromptResponse, headers: CREATED_HEADERS })
  async create(
    @CurrentUser() user: AuthenticatedUser,
    @IdParam() id: ResearchItemId,
    @Body() request: CreatePromptRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PromptResponse> {
    const prompt = await this.service.create(user.id, id, request);
    void reply.header('location', `${API_PREFIX}/prompts/${prompt.id}`);
    return toPromptResponse(prompt);
  }

  @Get()
  @Authorized('read', 'item-not-found', 'validation-failed')
  @ApiOperation({
    summary: "List an item's prompts",
    description: 'Newest first, without their texts, variables and settings.',
  })
  @ApiOkResponse({ type: PromptListResponse })
  async list(
    @CurrentUser() user: AuthenticatedUser,
    @IdParam() id: ResearchItemId,
    @Query() query: PageQuery,
  ): Promise<PromptListResponse> {
    const scope = pageScope('prompts', user.id, { id });
    const slice = await this.service.listOfItem(user.id, id, this.pager.request(query, scope));
    return this.pager.page(slice, scope, toPromptSummaryResponse);
  }
}
