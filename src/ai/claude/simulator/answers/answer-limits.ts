import type { Answer, AnswerBlock, MessageRequest } from '../simulator.types.js';
import { countOutputTokens } from '../usage/tokens.js';

const BYTES_PER_TOKEN = 4;

/** The longest beginning of `text` that costs at most `tokens`, without cutting a character in two. */
function beginning(text: string, tokens: number): string {
  const bytes = Buffer.from(text);
  let end = Math.min(bytes.length, tokens * BYTES_PER_TOKEN);
  // A byte 10xxxxxx continues a character: step back to where one begins.
  while (end > 0 && end < bytes.length && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end).toString();
}

/** Where the first of the stop sequences begins, and which one it is. */
function firstStop(text: string, sequences: readonly string[]): { at: number; sequence: string } | null {
  let first: { at: number; sequence: string } | null = null;
  for (const sequence of sequences) {
    const at = text.indexOf(sequence);
    if (at !== -1 && (!first || at < first.at)) first = { at, sequence };
  }
  return first;
}

/** Ends the answer where the request's stop sequences or `max_tokens` end it, whichever comes first. */
export function limitAnswer(answer: Answer, request: MessageRequest): Answer {
  const content: AnswerBlock[] = [];
  let left = request.max_tokens;
  for (const block of answer.content) {
    const stop = block.type === 'text' ? firstStop(block.text, request.stop_sequences ?? []) : null;
    const wanted = block.type === 'text' && stop ? { ...block, text: block.text.slice(0, stop.at) } : block;
    const cost = countOutputTokens(wanted);
    if (cost > left) {
      const text = wanted.type === 'text' ? beginning(wanted.text, left) : '';
      if (wanted.type === 'text' && text) content.push({ ...wanted, text });
      if (wanted.type === 'thinking') content.push({ ...wanted, thinking: beginning(wanted.thinking, left) });
      return { ...answer, content, stop_reason: 'max_tokens', stop_sequence: null };
    }
    if (wanted.type !== 'text' || wanted.text) content.push(wanted);
    if (stop) return { ...answer, content, stop_reason: 'stop_sequence', stop_sequence: stop.sequence };
    left -= cost;
  }
  return { ...answer, content };
}
