import type Anthropic from '@anthropic-ai/sdk';
import type { ClaudeRequest } from '../claude.types.js';

type Params = Anthropic.MessageCreateParamsNonStreaming;

/** From this many characters a system prompt is marked for Claude's cache: shorter ones are below its minimum. */
const CACHED_SYSTEM_CHARACTERS = 4096;

/** A request in the words of Claude's API, as a batch takes it; a stream adds `stream: true`. */
export function toCreateParams(request: ClaudeRequest): Params {
  const format = request.outputSchema ? { type: 'json_schema' as const, schema: { ...request.outputSchema } } : null;
  const outputConfig = {
    ...(request.effort ? { effort: request.effort } : {}),
    ...(format ? { format } : {}),
  };
  return {
    model: request.model,
    max_tokens: request.maxTokens,
    messages: toMessages(request),
    ...(request.system ? { system: systemBlocks(request.system) } : {}),
    ...(request.stopSequences?.length ? { stop_sequences: [...request.stopSequences] } : {}),
    ...(Object.keys(outputConfig).length > 0 ? { output_config: outputConfig } : {}),
    ...(request.webSearch ? { tools: [{ type: 'web_search_20250305' as const, name: 'web_search' as const }] } : {}),
  };
}

function toMessages({ messages, assistantSoFar }: ClaudeRequest): Params['messages'] {
  const turns: Params['messages'] = messages.map(({ role, content }) => ({ role, content }));
  if (!assistantSoFar?.length) return turns;
  return [...turns, { role: 'assistant', content: assistantSoFar as unknown as Anthropic.ContentBlockParam[] }];
}

function systemBlocks(system: string): Params['system'] {
  if (system.length < CACHED_SYSTEM_CHARACTERS) return system;
  return [{ type: 'text', text: system, cache_control: { type: 'ephemeral' } }];
}
