import fc from 'fast-check';
import type { FastifyRequest } from 'fastify';
import { MalformedRequestError } from '../errors/platform.errors.js';
import { fingerprintOf, keyedRequestOf } from './keyed-request.js';

const requestWith = (key: unknown): FastifyRequest =>
  ({ headers: { 'idempotency-key': key }, user: { id: 7 }, method: 'POST', url: '/x', body: {} }) as never;

describe('An Idempotency-Key', () => {
  it.each(['a', 'x'.repeat(255), '!"#$%&~', '00000000-0000-4000-8000-000000000000'])('may be %s', (key) => {
    expect(keyedRequestOf(requestWith(key))).toMatchObject({ userId: 7, key });
  });

  it.each(['', ' ', 'a b', 'a\n', 'é', '\u007f', 'x'.repeat(256), ['a', 'b']])('may not be %j', (key) => {
    expect(() => keyedRequestOf(requestWith(key))).toThrow(MalformedRequestError);
  });

  it('may be left out', () => {
    expect(keyedRequestOf(requestWith(undefined))).toBeNull();
  });
});

/** The same value with the members of every object in the opposite order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, reversed(item)]),
  );
}

const bodies = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown);

describe('The fingerprint of a request', () => {
  it('does not depend on the order of members', () => {
    fc.assert(
      fc.property(bodies, (body) => {
        expect(fingerprintOf('POST', '/x', reversed(body))).toBe(fingerprintOf('POST', '/x', body));
      }),
    );
  });

  it('depends on everything else', () => {
    fc.assert(
      fc.property(bodies, bodies, (one, other) => {
        fc.pre(JSON.stringify(one) !== JSON.stringify(other));
        const same = JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
        expect(fingerprintOf('POST', '/x', one) === fingerprintOf('POST', '/x', other)).toBe(same);
      }),
    );
    expect(fingerprintOf('POST', '/x', {})).not.toBe(fingerprintOf('POST', '/y', {}));
    expect(fingerprintOf('POST', '/x', [1, 2])).not.toBe(fingerprintOf('POST', '/x', [2, 1]));
  });
});

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return { members: entries.map(([key, item]) => [key, sorted(item)]) };
}
