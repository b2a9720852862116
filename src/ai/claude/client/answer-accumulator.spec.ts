import fc from 'fast-check';
import type { AnswerStart } from '../claude.types.js';
import { AnswerAccumulator } from './answer-accumulator.js';
import { UnsoundAnswer } from './upstream-values.js';

type StreamEvent = Parameters<AnswerAccumulator['accept']>[0];

const event = (fields: object) => fields as StreamEvent;
const start = (usage: object = { input_tokens: 9, output_tokens: 1 }) =>
  event({ type: 'message_start', message: { usage } });
const block = (index: number, content_block: object) => event({ type: 'content_block_start', index, content_block });
const delta = (index: number, fields: object) => event({ type: 'content_block_delta', index, delta: fields });
const text = (index: number, piece: string) => delta(index, { type: 'text_delta', text: piece });
const stopBlock = (index: number) => event({ type: 'content_block_stop', index });
const end = (stop_reason: string, usage: object = { output_tokens: 5 }) =>
  event({ type: 'message_delta', delta: { stop_reason }, usage });
const stop = event({ type: 'message_stop' });

function accumulate(...events: StreamEvent[]) {
  const told: string[] = [];
  const starts: AnswerStart[] = [];
  const accumulator = new AnswerAccumulator((piece, start) => void (told.push(piece), starts.push(start)));
  for (const each of events) accumulator.accept(each);
  return { accumulator, told, starts, answer: accumulator.answer() };
}

/** The pieces of a text that is cut anywhere, also within characters. */
const cuts = (whole: string, places: readonly number[]): string[] => {
  const ends = [...new Set(places.map((place) => place % (whole.length + 1)))].sort((a, b) => a - b);
  return [0, ...ends].map((from, index) => whole.slice(from, ends[index] ?? whole.length));
};

describe('An answer', () => {
  it('is put together from its events, and complete with message_stop alone', () => {
    const events = [
      start(),
      block(0, { type: 'text', text: '' }),
      text(0, 'So'),
      text(0, 'lid'),
      stopBlock(0),
      end('end_turn'),
    ];
    expect(accumulate(...events).accumulator.complete).toBe(false);
    const { accumulator, told, starts, answer } = accumulate(...events, stop);
    expect(accumulator.complete).toBe(true);
    expect(told).toEqual(['So', 'lid']);
    expect(starts[0]).toMatchObject({ usage: { input_tokens: 9, output_tokens: 1 }, requestId: null });
    expect(answer).toEqual({
      text: 'Solid',
      content: [{ type: 'text', text: 'Solid' }],
      sources: [],
      stopReason: 'end_turn',
      usage: { input_tokens: 9, output_tokens: 5, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 },
      requestId: null,
    });
  });

  it('has not begun before message_start, and is at hand wherever it breaks', () => {
    expect(accumulate().answer).toMatchObject({ text: '', content: [], usage: null, stopReason: null });
    expect(accumulate().accumulator.begun).toBe(false);
    const { accumulator, answer } = accumulate(start(), block(0, { type: 'text', text: '' }), text(0, 'So'));
    expect(accumulator.begun).toBe(true);
    expect(answer).toMatchObject({ text: 'So', usage: { input_tokens: 9, output_tokens: 1 }, stopReason: null });
  });

  it('is the same text however its stream was cut, and well-formed at every moment', () => {
    const whole = fc.array(
      fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('😀', '\0', '\ud83d', '\ude00', 'é')),
    );
    fc.assert(
      fc.property(whole, fc.array(fc.nat()), (parts, places) => {
        const source = parts.join('');
        const pieces = cuts(source, places);
        const events = [
          start(),
          block(0, { type: 'text', text: '' }),
          ...pieces.map((piece) => text(0, piece)),
          stopBlock(0),
          stop,
        ];
        const { told, answer } = accumulate(...events);
        expect(answer.text).toBe(source.replaceAll('\0', '\ufffd').toWellFormed());
        expect(told.join('')).toBe(answer.text);
        expect(told.every((piece) => piece !== '' && piece.isWellFormed() && !piece.includes('\0'))).toBe(true);
        expect(answer.content[0]?.['text']).toBe(source);
      }),
    );
  });

  it('drops half a character whose stream broke', () => {
    expect(accumulate(start(), text(0, 'a\ud83d')).answer.text).toBe('a');
  });

  it('joins several blocks of text, and takes what a block begins with', () => {
    const { told, answer } = accumulate(
      start(),
      block(0, { type: 'text', text: 'A' }),
      text(0, 'b'),
      stopBlock(0),
      block(1, { type: 'text', text: 'C' }),
      stop,
    );
    expect([answer.text, told]).toEqual(['AbC', ['A', 'b', 'C']]);
    expect(answer.content).toEqual([
      { type: 'text', text: 'Ab' },
      { type: 'text', text: 'C' },
    ]);
  });

  it('keeps thinking with its signature, and tells nobody', () => {
    const { told, answer } = accumulate(
      start(),
      block(0, { type: 'thinking', thinking: '', signature: '' }),
      delta(0, { type: 'thinking_delta', thinking: 'Hm' }),
      delta(0, { type: 'thinking_delta', thinking: 'm.' }),
      delta(0, { type: 'signature_delta', signature: 'sig' }),
      stopBlock(0),
      block(1, { type: 'text', text: '' }),
      text(1, 'Yes'),
      stop,
    );
    expect([answer.text, told]).toEqual(['Yes', ['Yes']]);
    expect(answer.content[0]).toEqual({ type: 'thinking', thinking: 'Hmm.', signature: 'sig' });
  });

  it('reads the input of a tool when its block is whole', () => {
    const tool = block(0, { type: 'server_tool_use', id: 't', name: 'web_search', input: {} });
    const pieces = ['{"query":', '"tides"}'].map((partial_json) =>
      delta(0, { type: 'input_json_delta', partial_json }),
    );
    expect(accumulate(start(), tool, ...pieces).answer.content[0]?.['input']).toEqual({});
    expect(accumulate(start(), tool, ...pieces, stopBlock(0)).answer.content[0]?.['input']).toEqual({ query: 'tides' });
    expect(accumulate(start(), tool, stopBlock(0)).answer.content[0]?.['input']).toEqual({});
  });

  it('names its sources: citations that lead somewhere', () => {
    const cite = (citation: object) => delta(0, { type: 'citations_delta', citation });
    const { answer } = accumulate(
      start(),
      block(0, { type: 'text', text: '', citations: null }),
      cite({ type: 'web_search_result_location', url: 'https://a', title: 'A', cited_text: 'a' }),
      cite({ type: 'web_search_result_location', url: 'https://b', title: null, cited_text: 'b' }),
      cite({ type: 'char_location', document_title: 'no link', cited_text: 'c' }),
      stop,
    );
    expect(answer.sources).toEqual([
      { title: 'A', url: 'https://a', cited_text: 'a' },
      { title: null, url: 'https://b', cited_text: 'b' },
    ]);
    expect(answer.content[0]?.['citations']).toHaveLength(3);
  });

  it.each([[[null, 7, 'x']], ['none'], [7], [{}]])('has no sources in citations that are %j', (citations) => {
    expect(accumulate(start(), block(0, { type: 'text', text: 'A', citations }), stop).answer.sources).toEqual([]);
  });

  it('counts what the last event said, and keeps what it left out', () => {
    const usage = { input_tokens: 9, output_tokens: 1, cache_creation_input_tokens: 3, cache_read_input_tokens: 4 };
    expect(
      accumulate(start(usage), end('end_turn', { output_tokens: 70, cache_read_input_tokens: null })).answer.usage,
    ).toEqual({
      ...usage,
      output_tokens: 70,
    });
    expect(accumulate(start(usage), end('pause_turn', { input_tokens: 30, output_tokens: 7 })).answer.usage).toEqual({
      ...usage,
      input_tokens: 30,
      output_tokens: 7,
    });
  });

  it.each([-5, 1.5, 'many', 9e15, {}, true])('is unsound with a count of tokens that is %j', (count) => {
    expect(() => accumulate(start({ input_tokens: count }))).toThrow(UnsoundAnswer);
    expect(() => accumulate(start(), end('end_turn', { output_tokens: count }))).toThrow(UnsoundAnswer);
  });

  it('is not begun by a message_stop alone, so not complete either', () => {
    const { accumulator } = accumulate(block(0, { type: 'text', text: 'So' }), stop);
    expect([accumulator.begun, accumulator.complete]).toEqual([false, false]);
  });

  it('keeps blocks in the order in which they came, whatever they call themselves', () => {
    const { answer } = accumulate(
      start(),
      block(4_000_000_000, { type: 'text', text: 'A' }),
      block(-1, { type: 'text', text: 'B' }),
      text(7, 'C'),
      stop,
    );
    expect(answer.content.map(({ text: each }) => each)).toEqual(['A', 'B', 'C']);
  });

  const piece = 'x'.repeat(1024 * 1024);

  it.each<[string, (index: number) => StreamEvent]>([
    ['text', () => text(0, piece)],
    ['blocks', (index) => block(index, { type: 'web_search_tool_result', content: [{ encrypted_content: piece }] })],
    ['names in blocks', (index) => block(index, { type: 'text', [piece]: 0 })],
    ['citations', () => delta(0, { type: 'citations_delta', citation: { cited_text: piece } })],
  ])('is unsound without an end: %s', (_, next) => {
    const { accumulator } = accumulate(start());
    const forever = (): void => {
      for (let sent = 0; sent < 64; sent += 1) accumulator.accept(next(sent));
    };
    expect(forever).toThrow(UnsoundAnswer);
  });

  it('is unsound when it is nested so deep that it could not be written', () => {
    const deep = JSON.parse(`${'['.repeat(200_000)}${']'.repeat(200_000)}`) as unknown;
    expect(() => accumulate(start(), block(0, { type: 'text', deep }))).toThrow(UnsoundAnswer);
    expect(() => accumulate(start(), delta(0, { type: 'citations_delta', citation: deep }))).toThrow(UnsoundAnswer);
  });

  it('takes a citation more without a copy of those before', () => {
    const cite = delta(0, { type: 'citations_delta', citation: { url: 'https://a' } });
    const { accumulator, answer } = accumulate(start(), block(0, { type: 'text', text: '', citations: null }), cite);
    const citations = answer.content[0]?.['citations'];
    accumulator.accept(cite);
    expect(accumulator.answer().content[0]?.['citations']).toBe(citations);
    expect(citations).toHaveLength(2);
  });

  it('has a stop reason that is a text, and can be stored', () => {
    const reason = (value: unknown) => accumulate(start(), end(value as string), stop).answer.stopReason;
    expect([reason('a\0b'), reason(7), reason(''), reason({})]).toEqual(['a\uFFFDb', null, null, null]);
    expect(reason('x'.repeat(5000))!.length).toBeLessThan(200);
  });

  it('passes over events that it does not know', () => {
    expect(
      accumulate(start(), event({ type: 'ping' }), delta(0, { type: 'new_delta' }), stop).accumulator.complete,
    ).toBe(true);
  });
});
