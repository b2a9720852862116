import type { PromptSettings } from './dto/settings.dto.js';
import type { RenderedPrompt } from './prompts.types.js';

/** What is to be counted: a rendered prompt under its settings; what they leave open has the configured defaults. */
export interface TokenQuestion extends RenderedPrompt {
  readonly settings: PromptSettings;
}

/** What a run would send and can cost at most. */
export interface TokenCount {
  readonly input_tokens: number;
  /** US dollars; null when the model has no price. */
  readonly max_cost_usd: number | null;
}

/** Counts tokens without asking for an answer. A port: prompts must not know Claude, so the ai feature provides it. */
export abstract class TokenCounter {
  abstract count(question: TokenQuestion): Promise<TokenCount>;
}
