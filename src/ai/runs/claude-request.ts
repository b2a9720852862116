import type { ClaudeRequest } from '../claude/claude.types.js';
import type { RunQuestion } from './run.types.js';

/** What Claude is asked for a run. */
export function requestOf(run: RunQuestion): ClaudeRequest {
  return {
    model: run.model,
    maxTokens: run.settings.max_tokens,
    system: run.system,
    messages: run.messages,
    effort: run.settings.effort,
    stopSequences: run.settings.stop_sequences,
    outputSchema: run.settings.output_schema,
    webSearch: run.settings.web_search,
  };
}
