import type { Brand } from '../brand.js';

/** Money in whole nano-dollars (1e-9 USD), always a safe integer: this is how money is kept and summed. */
export type NanoUsd = Brand<number, 'NanoUsd'>;

const NANO_PER_USD = 1_000_000_000;
const DECIMALS = 9;
/** `String(number)` of anything from 0 upwards that can be an amount: large numbers in exponent notation are none. */
const SHORTEST_DECIMAL = /^(\d+)(?:\.(\d+))?(?:e-(\d+))?$/;

/**
 * A count of nano-dollars as money. Takes `BigInt(text)` for sums that the database hands out as text.
 * @throws RangeError when it is no whole number, or beyond 2^53 - 1 (about nine million dollars)
 */
export function nanoUsd(nano: number | bigint): NanoUsd {
  const value = Number(nano);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${nano} is no safe whole number of nano-dollars`);
  return value as NanoUsd;
}

/**
 * Money as the API shows it: a JSON number in USD with at most nine decimals. Exact up to 2^23 = 8,388,608 USD; a double
 * has no room for nine decimals beyond, where the number is the nearest there is (off by at most one nano-dollar).
 */
export function usdFromNano(nano: number): number {
  return nano / NANO_PER_USD;
}

/** An amount in USD as a sentence shows it: exact, and never in exponent notation, as the number of a nano-dollar would be. */
export function usdText(nano: NanoUsd): string {
  const digits = String(nano).padStart(DECIMALS + 1, '0');
  return `${digits.slice(0, -DECIMALS)}.${digits.slice(-DECIMALS)}`.replace(/\.?0+$/, '');
}

/**
 * An amount from a request or a price list. Reads the decimals that were written (those of the shortest text that means
 * this number): 0.29 * 1e9 is not 290000000 in floating point.
 * @throws RangeError when it is negative, not finite, has more than nine decimals, or is beyond 2^53 - 1 nano-dollars
 */
export function nanoFromUsd(usd: number): NanoUsd {
  const [, whole = '', fraction = '', exponent = '0'] = SHORTEST_DECIMAL.exec(String(usd)) ?? [];
  const zeros = DECIMALS - fraction.length - Number(exponent);
  if (whole === '' || zeros < 0) throw new RangeError(`${usd} is no amount in USD with at most nine decimals`);
  return nanoUsd(Number(whole + fraction) * 10 ** zeros);
}

/** The exact sum. @throws RangeError when it is beyond 2^53 - 1 nano-dollars */
export function addNano(...amounts: readonly NanoUsd[]): NanoUsd {
  return nanoUsd(amounts.reduce((sum, amount) => sum + BigInt(amount), 0n));
}
