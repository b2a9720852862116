/**
 * The Messages API as of 2026-10-21, as far as the simulator reads and writes it. The shapes are written down here a
 * second time on purpose: a server that borrowed the client's types could not catch the client misreading the API.
 */

/** An object of JSON whose members are not looked at further. */
export type Json = Record<string, unknown>;

/** Marks the end of what the prompt cache may keep, and for how long. */
export interface CacheControl {
  type: 'ephemeral';
  ttl?: '5m' | '1h';
}

/** A block of content as a caller sends it; members that are not named here are passed over. */
export interface RequestBlock extends Json {
  type: string;
  text?: string;
  cache_control?: CacheControl | null;
}

/** A turn of the conversation. */
export interface RequestMessage {
  role: 'user' | 'assistant' | 'system';
  content: string | RequestBlock[];
}

/** A tool that is offered to Claude; without a `type` it is one of the caller's own. */
export interface RequestTool extends Json {
  name: string;
  type?: string;
  cache_control?: CacheControl | null;
}

/** What counting tokens needs, and every message request has. */
export interface TokenCountRequest {
  model: string;
  messages: RequestMessage[];
  system?: string | RequestBlock[];
  tools?: RequestTool[];
  output_config?: { effort?: string | null; format?: { type: 'json_schema'; schema: Json } | null };
  thinking?: { type: string; budget_tokens?: number };
  cache_control?: CacheControl | null;
}

/** A validated `POST /v1/messages` body. */
export interface MessageRequest extends TokenCountRequest {
  max_tokens: number;
  stop_sequences?: string[];
  stream?: boolean;
}

/** Where a text says it was found by a web search. */
export interface WebSearchCitation {
  type: 'web_search_result_location';
  url: string;
  title: string;
  cited_text: string;
  encrypted_index: string;
}

/** Answer text, with its citations where it has any. */
export interface TextBlock {
  type: 'text';
  text: string;
  citations: WebSearchCitation[] | null;
}

/** What was thought before the answer, with the signature by which the API would know it again. */
export interface ThinkingBlock {
  type: 'thinking';
  thinking: string;
  signature: string;
}

/** A web search that the API makes itself. */
export interface ServerToolUseBlock {
  type: 'server_tool_use';
  id: string;
  name: 'web_search';
  input: { query: string };
  caller: { type: 'direct' };
}

/** What that search has found, by the id of its use. */
export interface WebSearchResultBlock {
  type: 'web_search_tool_result';
  tool_use_id: string;
  caller: { type: 'direct' };
  content: {
    type: 'web_search_result';
    url: string;
    title: string;
    encrypted_content: string;
    page_age: string | null;
  }[];
}

/** Any block of an answer. */
export type AnswerBlock = TextBlock | ThinkingBlock | ServerToolUseBlock | WebSearchResultBlock;

/** Every reason for which the API ends an answer. */
export const STOP_REASONS = [
  'end_turn',
  'max_tokens',
  'stop_sequence',
  'tool_use',
  'pause_turn',
  'refusal',
  'model_context_window_exceeded',
] as const;
/** One of {@link STOP_REASONS}. */
export type StopReason = (typeof STOP_REASONS)[number];

/** The bill of a call, in tokens; `input_tokens` are those that the prompt cache neither gave nor took. */
export interface Usage {
  input_tokens: number;
  output_tokens: number;
  output_tokens_details: { thinking_tokens: number };
  cache_creation_input_tokens: number;
  cache_read_input_tokens: number;
  cache_creation: { ephemeral_5m_input_tokens: number; ephemeral_1h_input_tokens: number };
  server_tool_use: { web_search_requests: number; web_fetch_requests: number } | null;
  service_tier: 'standard' | 'batch';
  inference_geo: string | null;
  speed: 'standard' | 'fast' | null;
}

/** What a `refusal` says of itself. */
export interface StopDetails {
  type: 'refusal';
  category: 'general_harms';
  explanation: string;
}

/** An answer before it got an id and a bill. */
export interface Answer {
  content: AnswerBlock[];
  stop_reason: StopReason;
  stop_sequence: string | null;
  stop_details: StopDetails | null;
}

/** An answer as `POST /v1/messages` gives it, whole. */
export interface Message extends Answer {
  id: string;
  type: 'message';
  role: 'assistant';
  model: string;
  container: null;
  diagnostics: null;
  usage: Usage;
}
