import fc from 'fast-check';
import { parseRfc3339 } from './rfc3339.js';

describe('parseRfc3339', () => {
  it('reads back every time that JavaScript writes', () => {
    const times = fc.date({
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59.999Z'),
      noInvalidDate: true,
    });
    fc.assert(fc.property(times, (time) => expect(parseRfc3339(time.toISOString())).toEqual(time)));
  });

  it.each([
    ['2028-02-29T12:00:00Z', '2028-02-29T12:00:00.000Z'],
    ['2030-01-31t12:00:00z', '2030-01-31T12:00:00.000Z'],
    ['2030-01-31T12:00:00.123456789+02:00', '2030-01-31T10:00:00.123Z'],
  ])('reads %s', (text, expected) => {
    expect(parseRfc3339(text)?.toISOString()).toBe(expected);
  });

  it.each([
    '2030-02-30T12:00:00Z',
    '2027-02-29T12:00:00Z',
    '1900-02-29T12:00:00Z',
    '2030-13-01T12:00:00Z',
    '2030-01-00T12:00:00Z',
    '2030-01-31T24:00:00Z',
    '2030-01-31T12:00:00',
    '9999-12-31T23:59:59-00:01',
    '0000-01-01T00:00:00+00:01',
    '2030-01-31',
    '2030-01-31 12:00:00Z',
    '2030-01-31T12:00:00+25:00',
    'tomorrow',
    '',
  ])('refuses %j', (text) => {
    expect(parseRfc3339(text)).toBeNull();
  });

  it('answers any text with a time or null', () => {
    fc.assert(fc.property(fc.string(), (text) => expect(() => parseRfc3339(text)).not.toThrow()));
  });
});
