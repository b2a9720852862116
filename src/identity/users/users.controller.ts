import { Body, Controller, Get, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { API_PREFIX } from '../../platform/http/api-prefix.js';
import { ApiIfMatch, Etagged } from '../../platform/http/etag.interceptor.js';
import { IfMatch, Precondition } from '../../platform/http/etag.js';
import { ApiIdParam, IdParam } from '../../platform/http/id-param.js';
import { IDEMPOTENCY_PROBLEMS, Idempotent } from '../../platform/idempotency/idempotent.decorator.js';
import { PageQuery } from '../../platform/paging/page-query.dto.js';
import { Pager, pageScope } from '../../platform/paging/pager.js';
import { Authorized, BODY_PROBLEMS } from '../authorized.decorator.js';
import { CREATED_HEADERS } from '../created-headers.js';
import { type AuthenticatedUser, CurrentUser } from '../current-user.decorator.js';
import type { UserId } from '../user-id.js';
import {
  CreatedUserResponse,
  CreateUserRequest,
  toCreatedUserResponse,
  toUserResponse,
  UpdateUserRequest,
  UserListResponse,
  UserResponse,
} from './dto/user.dto.js';
import type { User } from './user.entity.js';
import { userEtag } from './user-etag.js';
import { UsersService } from './users.service.js';

/** The users and their budgets: an admin's business. */
@ApiTags('Users')
@Controller('users')
export class UsersController {
  constructor(
    private readonly service: UsersService,
    private readonly pager: Pager,
  ) {}

  @Post()
  @Idempotent((body: CreatedUserResponse) => ({ ...body, api_key: { ...body.api_key, key: null } }))
  @Authorized('admin', ...BODY_PROBLEMS, ...IDEMPOTENCY_PROBLEMS)
  @ApiOperation({
    summary: 'Make a user',
    description:
      'Together with a first API key that may read, write and run. The answer is the only place that shows it.',
  })
  @ApiCreatedResponse({ type: CreatedUserResponse, headers: CREATED_HEADERS })
  async create(
    @Body() { name, budget_usd }: CreateUserRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CreatedUserResponse> {
    const { user, issued } = await this.service.create({ name, budgetUsd: budget_usd ?? null });
    void reply.headers({ location: `${API_PREFIX}/users/${user.id}`, etag: userEtag(user) });
    return toCreatedUserResponse(user, issued);
  }

  @Get()
  @Authorized('admin', 'validation-failed')
  @ApiOperation({ summary: 'List the users', description: 'All of them, newest first, with their budgets.' })
  @ApiOkResponse({ type: UserListResponse })
  async list(@CurrentUser() user: AuthenticatedUser, @Query() query: PageQuery): Promise<UserListResponse> {
    const scope = pageScope('users', user.id);
    const slice = await this.service.list(this.pager.request(query, scope));
    return this.pager.page(slice, scope, toUserResponse);
  }

  @Get(':id')
  @Etagged()
  @ApiIdParam('id', 'Id of the user')
  @Authorized('admin', 'not-found', 'validation-failed')
  @ApiOperation({
    summary: 'Read a user',
    description: 'With budget, what is spent of it, and what runs have reserved.',
  })
  @ApiOkResponse({ type: UserResponse })
  async get(@IdParam() id: UserId, @Res({ passthrough: true }) reply: FastifyReply): Promise<UserResponse> {
    return shown(reply, await this.service.get(id));
  }

  @Patch(':id')
  @Etagged()
  @ApiIfMatch()
  @ApiIdParam('id', 'Id of the user')
  @Authorized('admin', 'not-found', 'precondition-failed', ...BODY_PROBLEMS)
  @ApiOperation({
    summary: 'Change a user',
    description: 'Name or budget; what is left out stays. A budget below what is spent is allowed: nothing more runs.',
  })
  @ApiOkResponse({ type: UserResponse })
  async update(
    @IdParam() id: UserId,
    @Body() { name, budget_usd }: UpdateUserRequest,
    @IfMatch() precondition: Precondition,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<UserResponse> {
    const changes = { ...(name !== undefined && { name }), ...(budget_usd !== undefined && { budgetUsd: budget_usd }) };
    return shown(reply, await this.service.update(id, changes, precondition));
  }
}

function shown(reply: FastifyReply, user: User): UserResponse {
  void reply.header('etag', userEtag(user));
  return toUserResponse(user);
}
