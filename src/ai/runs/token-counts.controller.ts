import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Authorized } from '../../identity/authorized.decorator.js';
import { type AuthenticatedUser, CurrentUser } from '../../identity/current-user.decorator.js';
import { TokenCounter } from '../../prompts/token-counter.js';
import { CLAUDE_PROBLEMS, DRAFT_PROBLEMS } from './run-problems.js';
import { RunRequest } from './dto/run-request.dto.js';
import { TokenCountResponse } from './dto/token-count.dto.js';
import { RunDrafts } from './run-drafts.js';

/** What a run would cost at most, before it is made. */
@ApiTags('Runs')
@Controller('ai/token-counts')
export class TokenCountsController {
  constructor(
    private readonly drafts: RunDrafts,
    private readonly counter: TokenCounter,
  ) {}

  @Post()
  @HttpCode(200)
  @Authorized('read', ...DRAFT_PROBLEMS, ...CLAUDE_PROBLEMS)
  @ApiOperation({
    summary: 'Count the tokens of a run',
    description: 'Takes the body of a run and answers what it would send and the most it can cost. Creates nothing.',
  })
  @ApiOkResponse({ type: TokenCountResponse })
  async count(@CurrentUser() user: AuthenticatedUser, @Body() body: RunRequest): Promise<TokenCountResponse> {
    const { system, messages, model, settings } = await this.drafts.check(user.id, body);
    const turns = messages.map(({ content }) => ({ role: 'user' as const, content }));
    return this.counter.count({
      system,
      messages: turns,
      settings: { ...settings, model } as RunRequest['settings'] & object,
    });
  }
}
