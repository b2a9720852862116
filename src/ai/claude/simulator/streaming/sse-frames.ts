import { splitIntoDeltas } from '../answers/answer-text.js';
import type { AnswerBlock, Json, Message } from '../simulator.types.js';

/** One server-sent event as it goes over the wire. `isText` marks those that carry answer text. */
export interface SseFrame {
  wire: string;
  isText: boolean;
}

function frame(event: string, data: Json, isText = false): SseFrame {
  return { wire: `event: ${event}\ndata: ${JSON.stringify({ type: event, ...data })}\n\n`, isText };
}

const PING = frame('ping', {});

/** The `error` event with which a stream breaks off. */
export function errorFrame(body: Json): SseFrame {
  return { wire: `event: error\ndata: ${JSON.stringify(body)}\n\n`, isText: false };
}

/** Every event of the message's stream, from `message_start` to `message_stop`. */
export function messageFrames(message: Message, deltas?: number): SseFrame[] {
  const { usage, content, stop_reason, stop_sequence, stop_details, ...rest } = message;
  const start = { ...rest, content: [], stop_reason: null, stop_sequence: null, stop_details: null };
  const startUsage = (usage as Message['usage'] | undefined) && {
    ...usage,
    output_tokens: 1,
    output_tokens_details: null,
  };
  const frames = [frame('message_start', { message: { ...start, usage: startUsage } })];
  content.forEach((block, index) => {
    const [first, ...others] = blockFrames(block, index, deltas);
    if (first) frames.push(first);
    if (index === 0) frames.push(PING);
    frames.push(...others);
  });
  const delta = { stop_reason, stop_sequence, stop_details, container: null };
  frames.push(frame('message_delta', { delta, usage: finalUsage(usage) }), frame('message_stop', {}));
  return frames;
}

function finalUsage(usage: Message['usage'] | undefined): Json | undefined {
  if (!usage) return undefined;
  const { input_tokens, cache_creation_input_tokens, cache_read_input_tokens } = usage;
  const { output_tokens, output_tokens_details, server_tool_use } = usage;
  const input = { input_tokens, cache_creation_input_tokens, cache_read_input_tokens };
  return { ...input, output_tokens, output_tokens_details, server_tool_use };
}

function blockFrames(block: AnswerBlock, index: number, deltas?: number): SseFrame[] {
  const start = (content_block: Json): SseFrame => frame('content_block_start', { index, content_block });
  const delta = (data: Json, isText = false): SseFrame => frame('content_block_delta', { index, delta: data }, isText);
  const stop = frame('content_block_stop', { index });
  switch (block.type) {
    case 'text': {
      const citations = (block.citations ?? []).map((citation) => delta({ type: 'citations_delta', citation }));
      const texts = splitIntoDeltas(block.text, deltas).map((text) => delta({ type: 'text_delta', text }, true));
      return [start({ type: 'text', text: '', citations: block.citations && [] }), ...citations, ...texts, stop];
    }
    case 'thinking': {
      const parts = splitIntoDeltas(block.thinking).map((thinking) => delta({ type: 'thinking_delta', thinking }));
      const signature = delta({ type: 'signature_delta', signature: block.signature });
      return [start({ type: 'thinking', thinking: '', signature: '' }), ...parts, signature, stop];
    }
    case 'server_tool_use': {
      const json = delta({ type: 'input_json_delta', partial_json: JSON.stringify(block.input) });
      return [start({ ...block, input: {} }), json, stop];
    }
    case 'web_search_tool_result':
      return [start({ ...block }), stop];
  }
}
