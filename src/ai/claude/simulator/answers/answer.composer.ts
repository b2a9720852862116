import type { Answer, AnswerBlock, MessageRequest, StopReason } from '../simulator.types.js';
import { limitAnswer } from './answer-limits.js';
import { answerText } from './answer-text.js';
import { randomFrom, type Random } from './random.js';
import { structuredValue, violatingValue } from './structured-answer.js';
import { searchBlocks, text, webSearchAnswer } from './web-search-answer.js';

/** What a test prescribes of an answer. Production prescribes nothing. */
export interface AnswerScript {
  /** The exact answer text. */
  text?: string;
  stopReason?: StopReason;
  /** A thinking block stands before the answer. */
  thinking?: boolean;
  /** A structured answer violates its schema. */
  invalidJson?: boolean;
}

/** Answers a request: always the same answer to the same request, within its `max_tokens` and stop sequences. */
export function composeAnswer(request: MessageRequest, question: string, script: AnswerScript = {}): Answer {
  const { model, system, messages, tools, output_config } = request;
  const random = randomFrom(JSON.stringify([model, system, messages, tools, output_config]));
  const content = answerBlocks(request, question, script, random);
  if (script.thinking || request.thinking?.type === 'enabled') {
    const thinking = '[simulated] Nobody thought about this; a thinking block of a real answer would stand here.';
    content.unshift({ type: 'thinking', thinking, signature: Buffer.from('simulated').toString('base64') });
  }
  const answer: Answer = { content, stop_reason: 'end_turn', stop_sequence: null, stop_details: null };
  return withStopReason(limitAnswer(answer, request), script.stopReason, question, random);
}

function answerBlocks(request: MessageRequest, question: string, script: AnswerScript, random: Random): AnswerBlock[] {
  if (script.text !== undefined) return [text(script.text)];
  const schema = request.output_config?.format?.schema;
  const searches = request.tools?.some((tool) => tool.type?.startsWith('web_search_')) ?? false;
  if (schema) {
    const value = script.invalidJson ? violatingValue(schema, random) : structuredValue(schema, random);
    const json = text(JSON.stringify(value));
    return searches ? [...searchBlocks(question, random)[0], json] : [json];
  }
  return searches ? webSearchAnswer(question, random) : [text(answerText(question, random))];
}

function withStopReason(answer: Answer, stopReason: StopReason | undefined, question: string, random: Random): Answer {
  if (!stopReason) return answer;
  const scripted: Answer = { ...answer, stop_reason: stopReason, stop_sequence: null };
  if (stopReason === 'refusal') {
    const explanation = 'Simulated refusal: a test asked for it.';
    scripted.stop_details = { type: 'refusal', category: 'general_harms', explanation };
  }
  if (stopReason === 'pause_turn') {
    // A turn is paused while a server tool is at work: that open block is what the continuation is known by.
    scripted.content = [...answer.content, ...searchBlocks(question, random)[0].slice(0, 1)];
  }
  return scripted;
}
