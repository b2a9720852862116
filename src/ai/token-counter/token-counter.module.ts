import { Global, Module } from '@nestjs/common';
import { TokenCounter } from '../../prompts/token-counter.js';
import { ClaudeModule } from '../claude/claude.module.js';
import { ClaudeTokenCounter } from './claude-token-counter.js';

/** Gives prompts their port to Claude's token counter; global, because prompts must not know the ai feature. */
@Global()
@Module({
  imports: [ClaudeModule],
  providers: [{ provide: TokenCounter, useClass: ClaudeTokenCounter }],
  exports: [TokenCounter],
})
export class TokenCounterModule {}
