import { Body, Controller, Delete, Get, HttpCode, Post, Query, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { API_PREFIX } from '../../platform/http/api-prefix.js';
import { ApiIfMatch, Etagged } from '../../platform/http/etag.interceptor.js';
import { etagOf, IfMatch, Precondition } from '../../platform/http/etag.js';
import { ApiIdParam, IdParam } from '../../platform/http/id-param.js';
import { IDEMPOTENCY_PROBLEMS, Idempotent } from '../../platform/idempotency/idempotent.decorator.js';
import { PageQuery } from '../../platform/paging/page-query.dto.js';
import { Pager, pageScope } from '../../platform/paging/pager.js';
import { Authorized, BODY_PROBLEMS } from '../authorized.decorator.js';
import { CREATED_HEADERS } from '../created-headers.js';
import { type AuthenticatedUser, CurrentUser } from '../current-user.decorator.js';
import type { ApiKeyId } from '../user-id.js';
import { ApiKeysService } from './api-keys.service.js';
import {
  ApiKeyListResponse,
  ApiKeyResponse,
  CreateApiKeyRequest,
  CreatedApiKeyResponse,
  toApiKeyResponse,
  toCreatedApiKeyResponse,
} from './dto/api-key.dto.js';
import { parseRfc3339 } from '../../platform/time/rfc3339.js';

/** One's own API keys. */
@ApiTags('Identity')
@Controller('api-keys')
export class ApiKeysController {
  constructor(
    private readonly service: ApiKeysService,
    private readonly pager: Pager,
  ) {}

  @Post()
  @Idempotent((body: CreatedApiKeyResponse) => ({ ...body, key: null }))
  @Authorized('write', ...BODY_PROBLEMS, ...IDEMPOTENCY_PROBLEMS)
  @ApiOperation({
    summary: 'Make an API key',
    description: 'For yourself, with at most the scopes of the key in use. The answer is the only place that shows it.',
  })
  @ApiCreatedResponse({ type: CreatedApiKeyResponse, headers: CREATED_HEADERS })
  async create(
    @CurrentUser() user: AuthenticatedUser,
    @Body() { name, scopes, expires_at }: CreateApiKeyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CreatedApiKeyResponse> {
    const expiresAt = expires_at ? parseRfc3339(expires_at) : null;
    const issued = await this.service.create(user, { name, expiresAt, ...(scopes && { scopes }) });
    const etag = etagOf(toApiKeyResponse(issued.apiKey));
    void reply.headers({ location: `${API_PREFIX}/api-keys/${issued.apiKey.id}`, etag });
    return toCreatedApiKeyResponse(issued);
  }

  @Get()
  @Authorized('read', 'validation-failed')
  @ApiOperation({ summary: 'List your API keys', description: 'Newest first, without the keys themselves.' })
  @ApiOkResponse({ type: ApiKeyListResponse })
  async list(@CurrentUser() user: AuthenticatedUser, @Query() query: PageQuery): Promise<ApiKeyListResponse> {
    const scope = pageScope('api-keys', user.id);
    const slice = await this.service.list(user.id, this.pager.request(query, scope));
    return this.pager.page(slice, scope, toApiKeyResponse);
  }

  @Get(':id')
  @Etagged()
  @ApiIdParam('id', 'Id of the API key')
  @Authorized('read', 'not-found', 'validation-failed')
  @ApiOperation({ summary: 'Read an API key', description: 'What it is and may do, without the key itself.' })
  @ApiOkResponse({ type: ApiKeyResponse })
  async get(@CurrentUser() user: AuthenticatedUser, @IdParam() id: ApiKeyId): Promise<ApiKeyResponse> {
    return toApiKeyResponse(await this.service.get(user.id, id));
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiIfMatch()
  @ApiIdParam('id', 'Id of the API key')
  @Authorized('write', 'not-found', 'conflict', 'precondition-failed', ...BODY_PROBLEMS)
  @ApiOperation({
    summary: 'Revoke an API key',
    description:
      'It stops working at once here and within 5 seconds on every replica. The key in use can be revoked too; the first admin key cannot.',
  })
  @ApiNoContentResponse({ description: 'The key is revoked' })
  async revoke(
    @CurrentUser() user: AuthenticatedUser,
    @IdParam() id: ApiKeyId,
    @IfMatch() precondition: Precondition,
  ): Promise<void> {
    await this.service.revoke(user.id, id, precondition);
  }
}
