import fc from 'fast-check';
import { ValidationFailedError } from '../../platform/errors/platform.errors.js';
import { dayRange, MAX_DAYS } from './day-range.js';

const NOW = new Date('2026-11-23T23:59:59.999Z');

describe('A range of days', () => {
  const refusal = (from: string | null, to: string | null): unknown => {
    try {
      return dayRange(from, to, NOW);
    } catch (error) {
      return error instanceof ValidationFailedError ? error.extras.errors?.[0] : error;
    }
  };

  it('is the last 30 days without being said, today included', () => {
    expect(dayRange(null, null, NOW)).toEqual({ from: '2026-10-25', to: '2026-11-23' });
    expect(dayRange(null, '2026-03-01', NOW)).toEqual({ from: '2026-01-31', to: '2026-03-01' });
    expect(dayRange('2026-11-20', null, NOW)).toEqual({ from: '2026-11-20', to: '2026-11-23' });
  });

  it('begins at the first day there is, at the earliest', () => {
    expect(dayRange(null, '0001-01-05', NOW)).toEqual({ from: '0001-01-01', to: '0001-01-05' });
    expect(dayRange(null, '0001-01-01', NOW)).toEqual({ from: '0001-01-01', to: '0001-01-01' });
  });

  it('may not end before it begins', () => {
    expect(dayRange('2026-11-23', '2026-11-23', NOW)).toEqual({ from: '2026-11-23', to: '2026-11-23' });
    const parameter = { parameter: 'from' };
    expect(refusal('2026-11-24', '2026-11-23')).toEqual({ ...parameter, detail: 'must not be after to (2026-11-23)' });
    expect(refusal('2026-11-24', null)).toMatchObject(parameter);
  });

  it('has at most 366 days: any year', () => {
    expect(dayRange('2024-01-01', '2024-12-31', NOW)).toEqual({ from: '2024-01-01', to: '2024-12-31' });
    expect(refusal('2024-01-01', '2025-01-01')).toMatchObject({ parameter: 'from' });
    const day = fc.date({ min: new Date('0002-01-01'), max: new Date('9999-12-31'), noInvalidDate: true });
    fc.assert(
      fc.property(day, fc.nat(800), (end, days) => {
        const to = end.toISOString().slice(0, 10);
        const from = new Date(Date.parse(to) - days * 86_400_000).toISOString().slice(0, 10);
        expect(refusal(from, to)).toEqual(
          days < MAX_DAYS ? { from, to } : expect.objectContaining({ parameter: 'from' }),
        );
      }),
    );
  });
});
