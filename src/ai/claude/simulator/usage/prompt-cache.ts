import { createHash } from 'node:crypto';
import type { PromptPart } from './tokens.js';

/** A shorter prefix is not cached, as with the real API. */
const MIN_CACHEABLE_TOKENS = 1_024;
const MAX_ENTRIES = 10_000;
const LIFETIME_MS = { '5m': 300_000, '1h': 3_600_000 } as const;

/** How the input tokens of one call split up. They are disjoint and sum up to the whole prompt. */
export interface InputSplit {
  input: number;
  read: number;
  created5m: number;
  created1h: number;
}

interface Prefix {
  key: string;
  tokens: number;
  cache: PromptPart['cache'];
}

/** Remembers which prompt prefixes were sent before. Bounded; the longest unused entry leaves first. */
export class PromptCache {
  private readonly entries = new Map<string, { expiresAt: number; lifetimeMs: number }>();

  constructor(private readonly now: () => number = Date.now) {}

  /** Splits the prompt into read, created and uncached tokens, and remembers what was created. */
  split(model: string, parts: readonly PromptPart[]): InputSplit {
    const total = parts.reduce((sum, part) => sum + part.tokens, 0);
    const last = parts.findLastIndex((part) => part.cache !== null);
    const split: InputSplit = { input: total, read: 0, created5m: 0, created1h: 0 };
    if (last === -1) return split;
    const prefixes = this.prefixes(model, parts.slice(0, last + 1));
    split.read = prefixes.findLast((prefix) => this.touch(prefix.key))?.tokens ?? 0;
    let covered = split.read;
    for (const { key, tokens, cache } of prefixes) {
      if (!cache || tokens <= covered || tokens < MIN_CACHEABLE_TOKENS) continue;
      split[cache === '1h' ? 'created1h' : 'created5m'] += tokens - covered;
      covered = tokens;
      this.remember(key, LIFETIME_MS[cache]);
    }
    split.input = total - covered;
    return split;
  }

  /** Each beginning of the prompt that ends with a part: a conversation that grew still finds its older beginning. */
  private prefixes(model: string, parts: readonly PromptPart[]): Prefix[] {
    const hash = createHash('sha256').update(model);
    let tokens = 0;
    return parts.map((part) => {
      tokens += part.tokens;
      hash.update(`\0${part.text.length}\0`).update(part.text);
      return { key: hash.copy().digest('base64'), tokens, cache: part.cache };
    });
  }

  /** Whether the prefix is cached; being read gives it its whole lifetime again. */
  private touch(key: string): boolean {
    const entry = this.entries.get(key);
    if (!entry) return false;
    this.entries.delete(key);
    if (entry.expiresAt <= this.now()) return false;
    this.remember(key, entry.lifetimeMs);
    return true;
  }

  private remember(key: string, lifetimeMs: number): void {
    this.entries.set(key, { expiresAt: this.now() + lifetimeMs, lifetimeMs });
    if (this.entries.size <= MAX_ENTRIES) return;
    const oldest = this.entries.keys().next();
    if (!oldest.done) this.entries.delete(oldest.value);
  }
}
