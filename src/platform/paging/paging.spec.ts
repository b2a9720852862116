import fc from 'fast-check';
import type { Config } from '../config/config.js';
import { Secrets } from '../config/secrets.js';
import { ValidationFailedError } from '../errors/platform.errors.js';
import { type CursorKey, Cursors } from './cursors.js';
import { Pager, pageScope } from './pager.js';

const cursorsOf = (pepper: string) =>
  new Cursors(new Secrets({ dataDir: '.', identity: { apiKeyPepper: pepper } } as Config));
const cursors = cursorsOf('a pepper for cursors');
const pager = new Pager(cursors);

/** What a cursor is decoded to, or null when it is refused. Anything else that is thrown fails the test. */
function decoded(cursor: string, scope: string): CursorKey | null {
  try {
    return cursors.decode(cursor, scope);
  } catch (error) {
    const [mistake] = error instanceof ValidationFailedError ? (error.extras.errors ?? []) : [];
    if (mistake && 'parameter' in mistake && mistake.parameter === 'cursor') return null;
    throw error;
  }
}

const key = fc.array(fc.oneof(fc.integer(), fc.string({ unit: 'binary', maxLength: 40 })), {
  minLength: 1,
  maxLength: 4,
});
const scope = fc.string({ unit: 'binary' });
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=. é';

describe('A cursor', () => {
  it('gives back its key in its own scope', () => {
    fc.assert(
      fc.property(key, scope, (given, where) => {
        expect(decoded(cursors.encode(given, where), where)).toEqual(given);
      }),
    );
  });

  it('needs no escapes in a query string', () => {
    fc.assert(
      fc.property(key, scope, (given, where) => {
        expect(cursors.encode(given, where)).toMatch(/^[A-Za-z0-9_-]+$/);
      }),
    );
  });

  it('is refused in any other scope', () => {
    fc.assert(
      fc.property(key, scope, scope, (given, here, there) => {
        fc.pre(here.toWellFormed() !== there.toWellFormed());
        expect(decoded(cursors.encode(given, here), there)).toBeNull();
      }),
    );
  });

  it('is refused after any change of a single character', () => {
    const cursor = cursors.encode([42], 'items');
    const changed: string[] = [];
    for (let place = 0; place < cursor.length; place += 1) {
      for (const character of ALPHABET) {
        if (character === cursor[place]) continue;
        changed.push(cursor.slice(0, place) + character + cursor.slice(place + 1));
      }
    }
    const accepted = changed.filter((candidate) => decoded(candidate, 'items') !== null);
    expect(changed.length).toBeGreaterThan(1000);
    expect(accepted).toEqual([]);
  });

  it('is refused when it was cut, lengthened or padded', () => {
    fc.assert(
      fc.property(key, fc.nat(), fc.string({ minLength: 1 }), (given, cut, more) => {
        const cursor = cursors.encode(given, 'items');
        expect(decoded(cursor.slice(0, cut % cursor.length), 'items')).toBeNull();
        expect(decoded(cursor + more, 'items')).toBeNull();
        expect(decoded(more + cursor, 'items')).toBeNull();
      }),
    );
  });

  it('is refused when it is garbage, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.base64String()), (garbage) => {
        expect(decoded(garbage, 'items')).toBeNull();
      }),
      { numRuns: 1000 },
    );
    expect(decoded('x'.repeat(1_000_000), 'items')).toBeNull();
  });

  it('is good on every replica with the same pepper, and on no other', () => {
    const cursor = cursors.encode([42], 'items');
    expect(cursorsOf('a pepper for cursors').decode(cursor, 'items')).toEqual([42]);
    expect(() => cursorsOf('another pepper').decode(cursor, 'items')).toThrow(ValidationFailedError);
  });
});

describe('A pager', () => {
  const rows = (...ids: number[]) => ids.map((id) => ({ id, secret: 'x' }));
  const toItem = ({ id }: { id: number }) => ({ name: `item ${id}` });

  it('begins with the newest twenty', () => {
    expect(pager.request({}, 'items')).toEqual({ limit: 20, beforeId: null, offset: 0 });
    expect(pager.request({ limit: 5, offset: 40 }, 'items')).toEqual({ limit: 5, beforeId: null, offset: 40 });
  });

  it('answers items made from rows, and a cursor that continues behind the last one', () => {
    const page = pager.page({ rows: rows(9, 7), more: true }, 'items', toItem);
    expect(page.items).toEqual([{ name: 'item 9' }, { name: 'item 7' }]);
    expect(pager.request({ limit: 2, cursor: page.next_cursor ?? '' }, 'items')).toEqual({
      limit: 2,
      beforeId: 7,
      offset: 0,
    });
  });

  it('has no cursor on the last page, nor on an empty one', () => {
    expect(pager.page({ rows: rows(9), more: false }, 'items', toItem).next_cursor).toBeNull();
    expect(pager.page({ rows: [], more: false }, 'items', toItem)).toEqual({ items: [], next_cursor: null });
  });

  it('does not take a cursor together with an offset, not even with 0', () => {
    const cursor = pager.page({ rows: rows(9), more: true }, 'items', toItem).next_cursor ?? '';
    expect(() => pager.request({ cursor, offset: 0 }, 'items')).toThrow('parameter offset');
  });

  it('does not take a cursor of another list, user or filter', () => {
    const scopes = [
      pageScope('items', 1),
      pageScope('items', 2),
      pageScope('runs', 1),
      pageScope('items', 1, { tag: 'a' }),
      pageScope('items', 1, { q: 'a' }),
    ];
    for (const here of scopes) {
      const cursor = pager.page({ rows: rows(9), more: true }, here, toItem).next_cursor ?? '';
      for (const there of scopes) expect(decoded(cursor, there)).toEqual(here === there ? [9] : null);
    }
  });

  it('keeps the parts of a scope apart, whatever they contain', () => {
    expect(pageScope('a', 1, { tag: 'b"}],' })).not.toBe(pageScope('a', 1, { tag: 'b' }));
    expect(pageScope('a', 11)).not.toBe(pageScope('a1', 1));
  });
});
