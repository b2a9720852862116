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

/** How many characters of the caller's Claude is asked for a run: its texts as rendered, and its schema. */
export function requestLength({ system, messages, settings: { output_schema: schema } }: RunQuestion): number {
  const texts = messages.reduce((sum, { content }) => sum + content.length, system?.length ?? 0);
  return texts + (schema === undefined ? 0 : JSON.stringify(schema).length);
}
