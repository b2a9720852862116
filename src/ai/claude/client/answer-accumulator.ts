import type Anthropic from '@anthropic-ai/sdk';
import type { AnswerStart, ClaudeAnswer, ClaudeUsage, ContentBlock, Source } from '../claude.types.js';
import { soundCount, soundText, storable, UnsoundAnswer } from './upstream-values.js';

type StreamEvent = Anthropic.RawMessageStreamEvent;
type Delta = Anthropic.RawContentBlockDeltaEvent['delta'];
type MutableBlock = Record<string, unknown> & { type: string };

const MAX_STOP_REASON = 100;
/** Many times what any model can say: beyond it, what comes is no answer, and would only fill the memory. */
const MAX_CHARACTERS = 32 * 1024 * 1024;
const MAX_BLOCKS = 100_000;

/** Puts an answer together from its stream events, so that what was seen is at hand whenever the stream breaks. */
export class AnswerAccumulator {
  /** By their index, in the order in which they came. */
  private readonly blocks = new Map<number, MutableBlock>();
  private readonly partialJson = new Map<number, string>();
  private text = '';
  /** First half of a character whose second half comes with the next piece. */
  private half = '';
  private usage: ClaudeUsage | null = null;
  private stopReason: string | null = null;
  private stopped = false;
  private characters = 0;
  requestId: string | null = null;
  /** Status code of the response; null until its headers have come. */
  statusCode: number | null = null;

  /** @param onText is told each piece of answer text as it comes. */
  constructor(private readonly onText: (text: string, start: AnswerStart) => void) {}

  /** Whether `message_stop` was seen: the only sign that an answer is whole. */
  get complete(): boolean {
    return this.begun && this.stopped;
  }

  /** Whether anything of the answer has come. */
  get begun(): boolean {
    return this.usage !== null;
  }

  /** @throws UnsoundAnswer, or what JavaScript throws, for an event that cannot be one of Claude's */
  accept(event: StreamEvent): void {
    switch (event.type) {
      case 'message_start':
        this.usage = countsOf(event.message.usage, null);
        break;
      case 'content_block_start':
        this.bound(jsonLength(event.content_block));
        this.open(event.index, { ...event.content_block } as unknown as MutableBlock);
        if (event.content_block.type === 'text') this.addText(textOf(event.content_block.text));
        break;
      case 'content_block_delta':
        this.acceptDelta(event.index, event.delta);
        break;
      case 'content_block_stop':
        this.closeBlock(event.index);
        break;
      case 'message_delta':
        this.stopReason = soundText(event.delta.stop_reason, MAX_STOP_REASON);
        this.usage = countsOf(event.usage, this.usage);
        break;
      case 'message_stop':
        this.stopped = true;
        break;
    }
  }

  /** What has been seen so far. */
  answer(): ClaudeAnswer {
    const content: ContentBlock[] = [...this.blocks.values()];
    return {
      text: this.text,
      content,
      sources: content.flatMap(sourcesOf),
      stopReason: this.stopReason,
      usage: this.usage,
      requestId: this.requestId,
    };
  }

  private acceptDelta(index: number, delta: Delta): void {
    const block = this.blocks.get(index) ?? this.open(index, { type: 'text', text: '' });
    this.bound(lengthOf(delta));
    if (delta.type === 'text_delta') {
      block['text'] = textOf(block['text']) + textOf(delta.text);
      this.addText(textOf(delta.text));
    } else if (delta.type === 'citations_delta') {
      // Pushed: a copy for each would take the square of their number.
      if (Array.isArray(block['citations'])) block['citations'].push(delta.citation);
      else block['citations'] = [delta.citation];
    } else if (delta.type === 'thinking_delta') {
      block['thinking'] = textOf(block['thinking']) + delta.thinking;
    } else if (delta.type === 'signature_delta') {
      block['signature'] = delta.signature;
    } else if (delta.type === 'input_json_delta') {
      this.partialJson.set(index, (this.partialJson.get(index) ?? '') + delta.partial_json);
    }
  }

  private closeBlock(index: number): void {
    if (this.half) this.tell(this.half);
    this.half = '';
    const json = this.partialJson.get(index);
    const block = this.blocks.get(index);
    if (json && block) block['input'] = JSON.parse(json);
  }

  private open(index: number, block: MutableBlock): MutableBlock {
    if (this.blocks.size >= MAX_BLOCKS) throw new UnsoundAnswer('An answer of too many blocks');
    this.blocks.set(index, block);
    return block;
  }

  /** Counts the characters that an event adds. */
  private bound(added: number): void {
    this.characters += added;
    if (this.characters > MAX_CHARACTERS) throw new UnsoundAnswer('An answer without an end');
  }

  private addText(piece: string): void {
    const text = this.half + piece;
    this.half = /[\ud800-\udbff]$/.test(text) ? text.slice(-1) : '';
    this.tell(text.slice(0, text.length - this.half.length));
  }

  private tell(text: string): void {
    if (text === '') return;
    const clean = storable(text);
    this.text += clean;
    this.onText(clean, { usage: this.usage, requestId: this.requestId });
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Characters of what a delta brings: of texts, which are nearly all, without making JSON of them. */
function lengthOf(delta: Delta): number {
  let length = 0;
  for (const value of Object.values(delta)) length += typeof value === 'string' ? value.length : jsonLength(value);
  return length;
}

/** Characters of a value as JSON. @throws UnsoundAnswer where it has none */
function jsonLength(value: unknown): number {
  try {
    return JSON.stringify(value).length;
  } catch (cause) {
    // JSON is read to any depth, but not written: what is nested so deep could not be stored either.
    throw new UnsoundAnswer('An answer that cannot be written', { cause });
  }
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

type UsageCounts = Partial<Record<keyof ClaudeUsage, number | null>>;

/** The last count of a stream holds; `message_delta` leaves out what has not changed. */
function countsOf(usage: UsageCounts, before: ClaudeUsage | null): ClaudeUsage {
  const count = (name: keyof ClaudeUsage): number => soundCount(usage[name] ?? before?.[name] ?? 0);
  return {
    input_tokens: count('input_tokens'),
    output_tokens: count('output_tokens'),
    cache_creation_input_tokens: count('cache_creation_input_tokens'),
    cache_read_input_tokens: count('cache_read_input_tokens'),
  };
}

function sourcesOf(block: ContentBlock): Source[] {
  return listOf(block['citations'])
    .filter((citation) => typeof citation === 'object' && citation !== null)
    .map((citation) => citation as Record<string, unknown>)
    .filter((citation) => typeof citation['url'] === 'string')
    .map((citation) => ({
      title: typeof citation['title'] === 'string' ? citation['title'] : null,
      url: textOf(citation['url']),
      cited_text: textOf(citation['cited_text']),
    }));
}
