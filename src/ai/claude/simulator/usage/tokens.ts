import type { AnswerBlock, RequestBlock, TokenCountRequest } from '../simulator.types.js';

/** What a turn costs beside its text. */
const TOKENS_PER_MESSAGE = 4;
/** A picture is billed by its size, not by its base64; one common size stands for all. */
const TOKENS_PER_IMAGE = 1_600;

/** How many tokens the simulated API bills for `text`: one for every four bytes of UTF-8, rounded up. */
export function simulatedTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 4);
}

/** A piece of the prompt in the order the API reads it, with what it counts. */
export interface PromptPart {
  text: string;
  tokens: number;
  /** The longest a cache entry that ends here lives; null where no breakpoint was asked for. */
  cache: '5m' | '1h' | null;
}

function partOf(block: RequestBlock): PromptPart {
  const { cache_control: control, ...rest } = block;
  const text = block.type === 'text' && typeof block.text === 'string' ? block.text : JSON.stringify(rest);
  const tokens = block.type === 'image' ? TOKENS_PER_IMAGE : simulatedTokens(text);
  return { text, tokens, cache: control ? (control.ttl ?? '5m') : null };
}

/** Lays the request out as the API reads it: output format, tools, system, messages. */
export function promptParts(request: TokenCountRequest): PromptPart[] {
  const parts: PromptPart[] = [];
  const format = request.output_config?.format;
  if (format) parts.push(partOf({ type: 'text', text: JSON.stringify(format.schema) }));
  for (const tool of request.tools ?? []) parts.push(partOf({ ...tool, type: tool.type ?? 'custom' }));
  const { system = '' } = request;
  if (typeof system !== 'string') parts.push(...system.map(partOf));
  else if (system) parts.push(partOf({ type: 'text', text: system }));
  for (const { role, content } of request.messages) {
    const turn = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
    parts.push({ text: role, tokens: TOKENS_PER_MESSAGE, cache: null }, ...turn.map(partOf));
  }
  const last = parts.at(-1);
  if (last && request.cache_control) last.cache ??= request.cache_control.ttl ?? '5m';
  return parts;
}

/** The input tokens of a request: what `count_tokens` answers, and what the three input counts of `usage` sum up to. */
export function countInputTokens(request: TokenCountRequest): number {
  return promptParts(request).reduce((sum, part) => sum + part.tokens, 0);
}

/** The output tokens of one block of an answer. Search results are input to the model, so they cost no output. */
export function countOutputTokens(block: AnswerBlock): number {
  switch (block.type) {
    case 'text':
      return simulatedTokens(block.text);
    case 'thinking':
      return simulatedTokens(block.thinking);
    case 'server_tool_use':
      return simulatedTokens(JSON.stringify(block.input));
    case 'web_search_tool_result':
      return 0;
  }
}
