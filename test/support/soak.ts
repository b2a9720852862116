import { randomInt } from 'node:crypto';

/** Whether the long form runs (`npm run test:soak`), or the short one that belongs to every test run. */
export const longForm = process.env['SOAK'] === 'long';

/** What all chance in a suite comes from; the same again with `SOAK_SEED`. Other processes keep their own timing. */
export const seed = Number(process.env['SOAK_SEED'] ?? randomInt(2 ** 31));

/** A number for the short form, and one for the long. */
export const scaled = (short: number, long: number): number => (longForm ? long : short);

/** Chance that can be repeated: mulberry32. */
export class Chance {
  constructor(private state: number) {}

  /** From 0 to just below 1. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number, both ends included. */
  integer(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }
}

/** Says what a suite did, and how to do it again. */
export function tell(what: string, figures: Readonly<Record<string, number>>): void {
  const told = Object.entries(figures).map(([name, figure]) => `${figure} ${name}`);
  process.stdout.write(`soak: ${what}: ${told.join(', ')} (SOAK_SEED=${seed})\n`);
}
