import fc from 'fast-check';
import type { Answer, MessageRequest } from '../simulator.types.js';
import { simulatedTokens } from '../usage/tokens.js';
import { limitAnswer } from './answer-limits.js';
import { splitIntoDeltas } from './answer-text.js';

function limited(text: string, max_tokens: number, stop_sequences: string[] = []): [string, Answer] {
  const content = [{ type: 'text' as const, text, citations: null }];
  const answer: Answer = { content, stop_reason: 'end_turn', stop_sequence: null, stop_details: null };
  const request: MessageRequest = { model: '', messages: [], max_tokens, stop_sequences };
  const result = limitAnswer(answer, request);
  return [result.content.map((block) => (block.type === 'text' ? block.text : '')).join(''), result];
}

describe('limits of an answer', () => {
  it('never costs more than max_tokens, and is a beginning of the whole answer in whole characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 80 }), fc.integer({ min: 1, max: 30 }), (text, maximum) => {
        const [cut, answer] = limited(text, maximum);
        expect(simulatedTokens(cut)).toBeLessThanOrEqual(maximum);
        expect(text.startsWith(cut)).toBe(true);
        expect(answer.stop_reason).toBe(cut === text ? 'end_turn' : 'max_tokens');
      }),
    );
  });

  it('takes the first stop sequence, unless max_tokens comes before it', () => {
    expect(limited('one two three', 100, ['three', 'two'])).toMatchObject(['one ', { stop_sequence: 'two' }]);
    expect(limited('one two three', 1, ['three'])).toMatchObject(['one ', { stop_reason: 'max_tokens' }]);
    expect(limited('one two', 100, ['one'])).toMatchObject(['', { content: [], stop_reason: 'stop_sequence' }]);
  });
});

describe('deltas', () => {
  it('add up to the text, in the wanted number where there are characters enough', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.option(fc.nat(20), { nil: undefined }), (text, count) => {
        const deltas = splitIntoDeltas(text, count);
        expect(deltas.join('')).toBe(text);
        expect(deltas).not.toContain('');
        if (count) expect(deltas).toHaveLength(Math.min(count, Array.from(text).length));
      }),
    );
  });
});
