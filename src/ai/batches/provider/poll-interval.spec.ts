import { nextLook } from './poll-interval.js';

const NOW = Date.parse('2026-11-25T12:00:00Z');
const waitAfter = (ageMs: number) => nextLook(new Date(NOW - ageMs), NOW).getTime() - NOW;

it('looks at a Message Batch soon while it is young, and once a minute when it is old', () => {
  expect([0, 1000, 10_000, 60_000, 600_000, 24 * 3_600_000].map(waitAfter)).toEqual([
    500, 500, 1000, 6000, 60_000, 60_000,
  ]);
  expect(nextLook(null, NOW).getTime() - NOW).toBe(500);
});
