import type { ClaudeAnswer, ClaudeUsage } from '../claude.types.js';

/** Two turns of one answer as one: Claude pauses long turns (`pause_turn`), and each is billed for itself. */
export function joinAnswers(earlier: ClaudeAnswer | null, turn: ClaudeAnswer): ClaudeAnswer {
  if (!earlier) return turn;
  return {
    text: earlier.text + turn.text,
    content: [...earlier.content, ...turn.content],
    sources: [...earlier.sources, ...turn.sources],
    stopReason: turn.stopReason,
    usage: addUsage(earlier.usage, turn.usage),
    requestId: turn.requestId,
  };
}

function addUsage(a: ClaudeUsage | null, b: ClaudeUsage | null): ClaudeUsage | null {
  if (!a || !b) return a ?? b;
  return {
    input_tokens: a.input_tokens + b.input_tokens,
    output_tokens: a.output_tokens + b.output_tokens,
    cache_creation_input_tokens: a.cache_creation_input_tokens + b.cache_creation_input_tokens,
    cache_read_input_tokens: a.cache_read_input_tokens + b.cache_read_input_tokens,
  };
}
