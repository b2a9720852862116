import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Authorized, BODY_PROBLEMS } from '../identity/authorized.decorator.js';
import { CREATED_HEADERS } from '../identity/created-headers.js';
import { type AuthenticatedUser, CurrentUser } from '../identity/current-user.decorator.js';
import { API_PREFIX } from '../platform/http/api-prefix.js';
import { ApiIfMatch, Etagged } from '../platform/http/etag.interceptor.js';
import { etagOf, IfMatch, Precondition } from '../platform/http/etag.js';
import { ApiIdParam, IdParam } from '../platform/http/id-param.js';
import { IDEMPOTENCY_PROBLEMS, Idempotent } from '../platform/idempotency/idempotent.decorator.js';
import { Pager, pageScope } from '../platform/paging/pager.js';
import { ETAG_HEADER } from '../prompts/etag-header.js';
import type { ResearchItemId } from '../prompts/parent-item.js';
import {
  CreateItemRequest,
  ItemListQuery,
  ItemListResponse,
  ItemQuery,
  ItemResponse,
  toItemResponse,
  UpdateItemRequest,
} from './dto/research-item.dto.js';
import { ResearchItemsService } from './research-items.service.js';

/** Research items: the topics that prompts and runs hang on. */
@ApiTags('Research items')
@Controller('research-items')
export class ResearchItemsController {
  constructor(
    private readonly service: ResearchItemsService,
    private readonly pager: Pager,
  ) {}

  @Post()
  @Idempotent()
  @Etagged()
  @Authorized('write', ...BODY_PROBLEMS, ...IDEMPOTENCY_PROBLEMS)
  @ApiOperation({ summary: 'Create a research item', description: 'A topic to hang prompts and runs on.' })
  @ApiCreatedResponse({ type: ItemResponse, headers: CREATED_HEADERS })
  async create(
    @CurrentUser() user: AuthenticatedUser,
    @Body() request: CreateItemRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ItemResponse> {
    const item = await this.service.create(user.id, request);
    void reply.header('location', `${API_PREFIX}/research-items/${item.id}`);
    return toItemResponse(item);
  }

  @Get()
  @Authorized('read', 'validation-failed')
  @ApiOperation({
    summary: 'List your research items',
    description: 'Newest first, by `cursor` or `offset`; narrowed by full text (`q`) and tag.',
  })
  @ApiOkResponse({ type: ItemListResponse })
  async list(@CurrentUser() user: AuthenticatedUser, @Query() query: ItemListQuery): Promise<ItemListResponse> {
    const { q, tag, include } = query;
    const filters = { ...(q !== undefined && { q }), ...(tag !== undefined && { tag }) };
    const scope = pageScope('research-items', user.id, filters);
    const slice = await this.service.list(user.id, filters, this.pager.request(query, scope));
    if (!include) return this.pager.page(slice, scope, (item) => toItemResponse(item));
    const prompts = await this.service.promptsOf(user.id, slice.rows);
    return this.pager.page(slice, scope, (item) => toItemResponse(item, prompts.get(item.id) ?? []));
  }

  @Get(':id')
  @Etagged()
  @ApiIdParam('id', 'Id of the research item')
  @Authorized('read', 'item-not-found', 'validation-failed')
  @ApiOperation({ summary: 'Read a research item', description: 'With `include=prompts` its prompts come along.' })
  @ApiOkResponse({ type: ItemResponse, headers: ETAG_HEADER })
  async get(
    @CurrentUser() user: AuthenticatedUser,
    @IdParam() id: ResearchItemId,
    @Query() { include }: ItemQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ItemResponse> {
    const item = await this.service.get(user.id, id);
    if (!include) return toItemResponse(item);
    const prompts = (await this.service.promptsOf(user.id, [item])).get(id) ?? [];
    const response = toItemResponse(item, prompts);
    // In two parts, so that If-Match with it compares the item itself.
    void reply.header('etag', etagOf(toItemResponse(item), response.prompts));
    return response;
  }

  @Patch(':id')
  @Etagged()
  @ApiIfMatch()
  @ApiIdParam('id', 'Id of the research item')
  @Authorized('write', 'item-not-found', 'precondition-failed', ...BODY_PROBLEMS)
  @ApiOperation({
    summary: 'Change a research item',
    description: 'Only the fields that are sent change; `description: null` clears it.',
  })
  @ApiOkResponse({ type: ItemResponse, headers: ETAG_HEADER })
  async update(
    @CurrentUser() user: AuthenticatedUser,
    @IdParam() id: ResearchItemId,
    @Body() changes: UpdateItemRequest,
    @IfMatch() precondition: Precondition,
  ): Promise<ItemResponse> {
    return toItemResponse(await this.service.update(user.id, id, changes, precondition));
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiIfMatch()
  @ApiIdParam('id', 'Id of the research item')
  @Authorized('write', 'item-not-found', 'precondition-failed', ...BODY_PROBLEMS)
  @ApiOperation({
    summary: 'Delete a research item',
    description: 'Its prompts go with it; its runs stay, with `research_item_id` and `prompt_id` null.',
  })
  @ApiNoContentResponse({ description: 'The item is deleted' })
  async delete(
    @CurrentUser() user: AuthenticatedUser,
    @IdParam() id: ResearchItemId,
    @IfMatch() precondition: Precondition,
  ): Promise<void> {
    await this.service.delete(user.id, id, precondition);
  }
}
