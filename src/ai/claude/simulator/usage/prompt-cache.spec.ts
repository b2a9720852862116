import { PromptCache } from './prompt-cache.js';
import type { PromptPart } from './tokens.js';

const part = (text: string, tokens: number, cache: PromptPart['cache'] = null): PromptPart => ({ text, tokens, cache });

describe('prompt cache', () => {
  let now = 0;
  let cache: PromptCache;
  beforeEach(() => {
    now = 0;
    cache = new PromptCache(() => now);
  });

  it('reads what an earlier call created, and bills the rest as input', () => {
    const prompt = [part('system', 2000, '5m'), part('question', 10)];
    expect(cache.split('m', prompt)).toEqual({ input: 10, read: 0, created5m: 2000, created1h: 0 });
    expect(cache.split('m', prompt)).toEqual({ input: 10, read: 2000, created5m: 0, created1h: 0 });
  });

  it('keeps models, prefixes and short prompts apart', () => {
    cache.split('m', [part('system', 2000, '5m')]);
    expect(cache.split('n', [part('system', 2000, '5m')]).read).toBe(0);
    expect(cache.split('m', [part('other', 2000, '5m')]).read).toBe(0);
    expect(cache.split('m', [part('short', 100, '5m')])).toMatchObject({ input: 100, created5m: 0 });
    expect(cache.split('m', [part('system', 2000)])).toMatchObject({ input: 2000, read: 0 });
  });

  it('finds the older beginning of a conversation that grew', () => {
    cache.split('m', [part('system', 2000), part('first', 500, '5m')]);
    const grown = [part('system', 2000), part('first', 500), part('answer', 300), part('second', 200, '1h')];
    expect(cache.split('m', grown)).toEqual({ input: 0, read: 2500, created5m: 0, created1h: 500 });
  });

  it('forgets after its time, counted from the last reading', () => {
    const prompt = [part('system', 2000, '5m')];
    cache.split('m', prompt);
    now = 299_000;
    expect(cache.split('m', prompt).read).toBe(2000);
    now = 598_000;
    expect(cache.split('m', prompt).read).toBe(2000);
    now = 898_000;
    expect(cache.split('m', prompt).read).toBe(0);
  });
});
