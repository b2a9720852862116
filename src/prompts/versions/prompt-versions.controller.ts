import { Body, Controller, Get, Post, Query, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Authorized, BODY_PROBLEMS } from '../../identity/authorized.decorator.js';
import { CREATED_HEADERS } from '../../identity/created-headers.js';
import { type AuthenticatedUser, CurrentUser } from '../../identity/current-user.decorator.js';
import { API_PREFIX } from '../../platform/http/api-prefix.js';
import { Etagged } from '../../platform/http/etag.interceptor.js';
import { ApiIdParam, IdParam } from '../../platform/http/id-param.js';
import { IDEMPOTENCY_PROBLEMS, Idempotent } from '../../platform/idempotency/idempotent.decorator.js';
import { PageQuery } from '../../platform/paging/page-query.dto.js';
import { Pager, pageScope } from '../../platform/paging/pager.js';
import {
  CreateVersionRequest,
  PromptVersionResponse,
  toVersionResponse,
  toVersionSummaryResponse,
  VersionListResponse,
} from '../dto/prompt-version.dto.js';
import { toVersionDiffResponse, VersionDiffResponse } from '../dto/version-diff.dto.js';
import { ETAG_HEADER } from '../etag-header.js';
import type { PromptId } from '../prompts.types.js';
import { diffVersions } from './diff/version-diff.js';
import { PromptVersionsService } from './prompt-versions.service.js';

/** The versions of a prompt. */
@ApiTags('Prompt versions')
@ApiIdParam('id', 'Id of the prompt')
@Controller('prompts/:id/versions')
export class PromptVersionsController {
  constructor(
    private readonly service: PromptVersionsService,
    private readonly pager: Pager,
  ) {}

  @Post()
  @Idempotent()
  @Etagged()
  @Authorized('write', 'prompt-not-found', ...BODY_PROBLEMS, ...IDEMPOTENCY_PROBLEMS)
  @ApiOperation({
    summary: 'Add a version',
    description:
      'Versions are numbered 1, 2, … without gaps and never change. What the body leaves out is empty, not inherited from the version before.',
  })
  @ApiCreatedResponse({ type: PromptVersionResponse, headers: CREATED_HEADERS })
  async create(
    @CurrentUser() user: AuthenticatedUser,
    @IdParam() id: PromptId,
    @Body() request: CreateVersionRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PromptVersionResponse> {
    const version = await this.service.create(user.id, id, request);
    void reply.header('location', `${API_PREFIX}/prompts/${id}/versions/${version.version}`);
    return toVersionResponse(version);
  }

  @Get()
  @Authorized('read', 'prompt-not-found', 'validation-failed')
  @ApiOperation({
    summary: "List a prompt's versions",
    description: 'Newest first, without their texts, variables and settings.',
  })
  @ApiOkResponse({ type: VersionListResponse })
  async list(
    @CurrentUser() user: AuthenticatedUser,
    @IdParam() id: PromptId,
    @Query() query: PageQuery,
  ): Promise<VersionListResponse> {
    const scope = pageScope('versions', user.id, { id });
    const slice = await this.service.list(user.id, id, this.pager.request(query, scope));
    return this.pager.page(slice, scope, toVersionSummaryResponse);
  }

  @Get(':version')
  @Etagged()
  @ApiIdParam('version', 'Number of the version')
  @Authorized('read', 'prompt-not-found', 'not-found', 'validation-failed')
  @ApiOperation({ summary: 'Read a version', description: 'With its texts, variables and settings.' })
  @ApiOkResponse({ type: PromptVersionResponse, headers: ETAG_HEADER })
  async get(
    @CurrentUser() user: AuthenticatedUser,
    @IdParam() id: PromptId,
    @IdParam('version') version: number,
  ): Promise<PromptVersionResponse> {
    return toVersionResponse(await this.service.get(user.id, id, version));
  }

  @Get(':a/diff/:b')
  @Etagged()
  @ApiIdParam('a', 'Number of the old version')
  @ApiIdParam('b', 'Number of the new version')
  @Authorized('read', 'prompt-not-found', 'not-found', 'validation-failed')
  @ApiOperation({
    summary: 'Compare two versions',
    description:
      'What makes version `a` version `b`: their texts line by line in hunks, changed lines word by word; variables and settings by name. A version with itself has no hunks. Of texts that differ in very many lines, one hunk replaces all between their common beginning and their common end.',
  })
  @ApiOkResponse({ type: VersionDiffResponse, headers: ETAG_HEADER })
  async diff(
    @CurrentUser() user: AuthenticatedUser,
    @IdParam() id: PromptId,
    @IdParam('a') a: number,
    @IdParam('b') b: number,
  ): Promise<VersionDiffResponse> {
    const { from, to } = await this.service.getBoth(user.id, id, a, b);
    return toVersionDiffResponse(from, to, diffVersions(from, to));
  }
}
