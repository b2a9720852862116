import { createHash } from 'node:crypto';

/** A deterministic source of numbers in [0, 1). */
export type Random = () => number;

/** Numbers that depend on `text` alone (SHA-1 seeds Mulberry32), so that the same request gets the same answer. */
export function randomFrom(text: string): Random {
  let state = createHash('sha1').update(text).digest().readUInt32LE();
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** An integer from `minimum` to `maximum`, both included. */
export function integerBetween(random: Random, minimum: number, maximum: number): number {
  return minimum + Math.floor(random() * (maximum - minimum + 1));
}

/** One of `items`, which must not be empty. */
export function pick<T>(random: Random, items: readonly [T, ...T[]]): T {
  return items[Math.floor(random() * items.length)] ?? items[0];
}
