import { Body, Controller, Delete, Get, HttpCode, Patch, Post } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Authorized, BODY_PROBLEMS } from '../identity/authorized.decorator.js';
import { type AuthenticatedUser, CurrentUser } from '../identity/current-user.decorator.js';
import { ApiIfMatch, Etagged } from '../platform/http/etag.interceptor.js';
import { IfMatch, Precondition } from '../platform/http/etag.js';
import { ApiIdParam, IdParam } from '../platform/http/id-param.js';
import { PromptResponse, toPromptResponse, UpdatePromptRequest } from './dto/prompt.dto.js';
import { RenderRequest, RenderResponse, toRenderResponse } from './dto/render.dto.js';
import { ETAG_HEADER } from './etag-header.js';
import { PromptsService } from './prompts.service.js';
import type { PromptId } from './prompts.types.js';
import { TokenCounter } from './token-counter.js';

/** Single prompts. */
@ApiTags('Prompts')
@ApiIdParam('id', 'Id of the prompt')
@Controller('prompts/:id')
export class PromptsController {
  constructor(
    private readonly service: PromptsService,
    private readonly tokenCounter: TokenCounter,
  ) {}

  @Get()
  @Etagged()
  @Authorized('read', 'prompt-not-found', 'validation-failed')
  @ApiOperation({ summary: 'Read a prompt', description: 'With the content of its latest version and its labels.' })
  @ApiOkResponse({ type: PromptResponse, headers: ETAG_HEADER })
  async get(@CurrentUser() user: AuthenticatedUser, @IdParam() id: PromptId): Promise<PromptResponse> {
    return toPromptResponse(await this.service.get(user.id, id));
  }

  @Patch()
  @Etagged()
  @ApiIfMatch()
  @Authorized('write', 'prompt-not-found', 'conflict', 'precondition-failed', ...BODY_PROBLEMS)
  @ApiOperation({
    summary: 'Rename a prompt',
    description: 'Only the name of a prompt changes; its texts change by a new version.',
  })
  @ApiOkResponse({ type: PromptResponse, headers: ETAG_HEADER })
  async rename(
    @CurrentUser() user: AuthenticatedUser,
    @IdParam() id: PromptId,
    @Body() { name }: UpdatePromptRequest,
    @IfMatch() precondition: Precondition,
  ): Promise<PromptResponse> {
    return toPromptResponse(await this.service.rename(user.id, id, name, precondition));
  }

  @Delete()
  @HttpCode(204)
  @ApiIfMatch()
  @Authorized('write', 'prompt-not-found', 'precondition-failed', ...BODY_PROBLEMS)
  @ApiOperation({
    summary: 'Delete a prompt',
    description: 'With its versions and labels. Its runs stay, with `prompt_id` null.',
  })
  @ApiNoContentResponse({ description: 'The prompt is deleted' })
  async delete(
    @CurrentUser() user: AuthenticatedUser,
    @IdParam() id: PromptId,
    @IfMatch() precondition: Precondition,
  ): Promise<void> {
    await this.service.delete(user.id, id, precondition);
  }

  @Post('render')
  @HttpCode(200)
  @Authorized(
    'read',
    'prompt-not-found',
    'not-found',
    'missing-variables',
    'claude-rejected-request',
    'claude-request-too-large',
    'claude-misconfigured',
    'claude-rate-limited',
    'claude-overloaded',
    'claude-failed',
    'claude-unreachable',
    'claude-timeout',
    'overloaded',
    ...BODY_PROBLEMS,
  )
  @ApiOperation({
    summary: 'Render a prompt',
    description:
      'What a run of this version with these variables would send to Claude, how many tokens that is, and what it can cost at most. No answer is asked for and nothing is kept.',
  })
  @ApiOkResponse({ type: RenderResponse })
  async render(
    @CurrentUser() user: AuthenticatedUser,
    @IdParam() id: PromptId,
    @Body() { variables = {}, ...choice }: RenderRequest,
  ): Promise<RenderResponse> {
    const version = await this.service.resolve(user.id, id, choice);
    const rendered = this.service.render(version, variables);
    return toRenderResponse(rendered, await this.tokenCounter.count({ ...rendered, settings: version.settings }));
  }
}
