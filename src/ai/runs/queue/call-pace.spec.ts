import { jest } from '@jest/globals';
import { CallPace } from './call-pace.js';

/** A pace after so many places became free at this moment. */
function paceOf(freed: number): CallPace {
  const pace = new CallPace();
  for (let n = 0; n < freed; n += 1) pace.freed();
  return pace;
}

describe('The pace of calls', () => {
  beforeAll(() => void jest.useFakeTimers());
  afterAll(() => void jest.useRealTimers());

  it('has runs fetched ahead for a tenth of a second, and none for one place', () => {
    const pace = paceOf(8);
    expect([paceOf(0).ahead, paceOf(1).ahead, pace.ahead]).toEqual([0, 0, 7]);
    jest.advanceTimersByTime(60);
    pace.freed();
    expect(pace.ahead).toBe(8);
    jest.advanceTimersByTime(60);
    expect(pace.ahead).toBe(0);
  });

  it.each([
    { free: 0, size: 0 },
    { free: 1, size: 1 },
    { free: 7, size: 4 },
    { free: 50, size: 5 },
    { free: 1000, size: 100 },
  ])('has $size runs claimed together for $free places', ({ free, size }) => {
    expect(paceOf(0).claimSize(free, 2)).toBe(size);
  });

  it('spreads a crowd that finds idle places, and no pair', () => {
    const pace = paceOf(0);
    expect([pace.pauseAfter(5, 50), pace.pauseAfter(3, 5), pace.pauseAfter(2, 50)]).toEqual([10, 10, 0]);
  });

  it('holds up nothing where as many places became free lately as are free', () => {
    const pace = paceOf(20);
    expect([pace.pauseAfter(5, 20), pace.pauseAfter(5, 21)]).toEqual([0, 10]);
    jest.advanceTimersByTime(100);
    expect(pace.pauseAfter(5, 20)).toBe(10);
  });
});
