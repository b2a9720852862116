import fc from 'fast-check';
import { addNano, nanoFromUsd, nanoUsd, usdFromNano, usdText } from './money.js';

/** Up to here a double has room for nine decimals. */
const EXACT_TO_USD = 2 ** 23;

/** The decimal text of a count of nano-dollars, by digits alone. */
function decimalText(nano: number): string {
  const digits = String(nano).padStart(10, '0');
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`;
}

describe('money', () => {
  it.each([
    [0, 0],
    [0.29, 290_000_000],
    [1e-9, 1],
    [1.5e-7, 150],
    [0.000000123, 123],
    [4194304.000000001, 4_194_304_000_000_001],
    [9_000_000, 9_000_000_000_000_000],
    [-0, 0],
  ])('reads %d USD as %d nano-dollars', (usd, nano) => {
    expect(nanoFromUsd(usd)).toBe(nano);
  });

  it.each([1e-10, 0.1 + 0.2, 1.0000000001, -1, -1e-9, NaN, Infinity, 1e21, 9_007_200, Number.MIN_VALUE])(
    'refuses %d USD',
    (usd) => {
      expect(() => nanoFromUsd(usd)).toThrow(RangeError);
    },
  );

  it('shows every amount with at most nine decimals, and reads it back as the same', () => {
    const nanos = fc.oneof(fc.integer({ min: 0, max: 1_000_000 }), fc.integer({ min: 0, max: EXACT_TO_USD * 1e9 }));
    fc.assert(
      fc.property(nanos, (nano) => {
        const usd = usdFromNano(nano);
        expect(usd).toBe(Number(decimalText(nano)));
        expect(nanoFromUsd(JSON.parse(JSON.stringify(usd)) as number)).toBe(nano);
      }),
    );
  });

  it('is off by at most a nano-dollar where a double has no room for nine decimals, which the largest amounts are', () => {
    const nanos = fc.integer({ min: EXACT_TO_USD * 1e9, max: Number.MAX_SAFE_INTEGER - 1 });
    fc.assert(
      fc.property(nanos, (nano) => {
        expect(Math.abs(nanoFromUsd(usdFromNano(nano)) - nano)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('takes any amount that was written with nine decimals and gives it back unchanged', () => {
    const written = fc
      .tuple(fc.integer({ min: 0, max: 9_000_000 }), fc.integer({ min: 0, max: 999_999_999 }))
      .map(([whole, fraction]) => Number(`${whole}.${String(fraction).padStart(9, '0')}`));
    fc.assert(fc.property(written, (usd) => expect(usdFromNano(nanoFromUsd(usd))).toBe(usd)));
  });

  it.each([
    [0, '0'],
    [1, '0.000000001'],
    [10, '0.00000001'],
    [1_000_000_000, '1'],
    [20_500_000_000, '20.5'],
    [100_000_000_000, '100'],
    [Number.MAX_SAFE_INTEGER, '9007199.254740991'],
  ])('of %d nano-dollars reads %s in a sentence', (nano, text) => {
    expect(usdText(nanoUsd(nano))).toBe(text);
  });

  it('sums exactly', () => {
    const amounts = fc.array(fc.integer({ min: 0, max: 1e14 }), { maxLength: 50 });
    fc.assert(
      fc.property(amounts, (nanos) => {
        const sum = nanos.reduce((total, nano) => total + BigInt(nano), 0n);
        expect(BigInt(addNano(...nanos.map(nanoUsd)))).toBe(sum);
      }),
    );
  });

  it('refuses what is no safe whole number instead of rounding it', () => {
    expect(nanoUsd(BigInt('9007199254740991'))).toBe(Number.MAX_SAFE_INTEGER);
    expect(() => nanoUsd(9_007_199_254_740_992n)).toThrow(RangeError);
    expect(() => nanoUsd(0.5)).toThrow(RangeError);
    expect(() => addNano(nanoUsd(Number.MAX_SAFE_INTEGER), nanoUsd(1))).toThrow(RangeError);
  });
});
