import type { AnswerBlock, MessageRequest, Usage } from '../simulator.types.js';
import type { PromptCache } from './prompt-cache.js';
import { countOutputTokens, promptParts } from './tokens.js';

/** Bills one call. The three input counts sum up to what `count_tokens` says of the same request. */
export function billCall(
  request: MessageRequest,
  content: readonly AnswerBlock[],
  cache: PromptCache,
  serviceTier: Usage['service_tier'],
): Usage {
  const split = cache.split(request.model, promptParts(request));
  const count = (blocks: readonly AnswerBlock[]): number =>
    blocks.reduce((sum, block) => sum + countOutputTokens(block), 0);
  const searches = content.filter((block) => block.type === 'web_search_tool_result').length;
  return {
    input_tokens: split.input,
    // An empty answer is billed too: the API says that the count is never zero.
    output_tokens: Math.max(1, count(content)),
    output_tokens_details: { thinking_tokens: count(content.filter((block) => block.type === 'thinking')) },
    cache_creation_input_tokens: split.created5m + split.created1h,
    cache_read_input_tokens: split.read,
    cache_creation: { ephemeral_5m_input_tokens: split.created5m, ephemeral_1h_input_tokens: split.created1h },
    server_tool_use: searches ? { web_search_requests: searches, web_fetch_requests: 0 } : null,
    service_tier: serviceTier,
    inference_geo: null,
    speed: 'standard',
  };
}
