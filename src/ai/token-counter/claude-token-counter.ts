import { Injectable } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import { usdFromNano } from '../../platform/money/money.js';
import { type TokenCount, TokenCounter, type TokenQuestion } from '../../prompts/token-counter.js';
import { ClaudeClient } from '../claude/client/claude-client.js';
import { priceAt } from '../models/catalog.js';
import { worstCaseCost } from '../models/cost.js';

/** Counts tokens with Claude's own counter. */
@Injectable()
export class ClaudeTokenCounter extends TokenCounter {
  constructor(
    private readonly config: Config,
    private readonly client: ClaudeClient,
  ) {
    super();
  }

  /** @throws ClaudeApiError when Claude refuses or cannot be reached. */
  async count({ system, messages, settings }: TokenQuestion): Promise<TokenCount> {
    const model = settings.model ?? this.config.claude.defaultModel;
    const maxTokens = settings.max_tokens ?? this.config.claude.defaultMaxTokens;
    const inputTokens = await this.client.countTokens({
      model,
      maxTokens,
      system,
      messages,
      effort: settings.effort,
      outputSchema: settings.output_schema,
      webSearch: settings.web_search,
    });
    const price = priceAt(model, new Date(), inputTokens);
    return {
      input_tokens: inputTokens,
      max_cost_usd: price && usdFromNano(worstCaseCost({ inputTokens, maxTokens, price, cacheWrites: true })),
    };
  }
}
