import fc from 'fast-check';
import type { ApiKeyId } from '../user-id.js';
import { isApiKey, isMistyped, newApiKey } from './key-format.js';

const ids = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }).map((id) => id as ApiKeyId);
const base62 = [...'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'];

describe('key format', () => {
  it('makes keys dsr_<id>_<secret>_<crc32> in base62 for every id', () => {
    fc.assert(
      fc.property(ids, (id) => {
        const key = newApiKey(id);
        expect(key).toMatch(/^dsr_[0-9A-Za-z]{1,11}_[0-9A-Za-z]{33}_[0-9A-Za-z]{6}$/);
        expect(isApiKey(key)).toBe(true);
        expect(isMistyped(key)).toBe(false);
      }),
    );
  });

  it('puts the id of the row into the key', () => {
    expect(newApiKey(61 as ApiKeyId).split('_')[1]).toBe('z');
    expect(newApiKey(62 as ApiKeyId).split('_')[1]).toBe('10');
  });

  it('keeps the checksum of a known key', () => {
    expect(isApiKey('dsr_1_000000000000000000000000000000000_3XdQZA')).toBe(false);
    expect(isApiKey('dsr_1_000000000000000000000000000000000_1Qibku')).toBe(true);
  });

  it('never makes the same key twice', () => {
    const keys = Array.from({ length: 1000 }, () => newApiKey(1 as ApiKeyId));
    expect(new Set(keys).size).toBe(1000);
  });

  it('notices any single changed character', () => {
    fc.assert(
      fc.property(ids, fc.nat(), fc.constantFrom(...base62), (id, at, character) => {
        const key = newApiKey(id);
        const index = 4 + (at % (key.length - 4));
        fc.pre(key[index] !== character);
        const mistyped = key.slice(0, index) + character + key.slice(index + 1);
        expect(isApiKey(mistyped)).toBe(false);
        expect(isMistyped(mistyped)).toBe(true);
      }),
    );
  });

  it('notices two neighbours that changed places, and a key cut short', () => {
    fc.assert(
      fc.property(ids, fc.nat(), (id, at) => {
        const key = newApiKey(id);
        const index = 4 + (at % (key.length - 5));
        expect(isMistyped(key.slice(0, index))).toBe(true);
        fc.pre(key[index] !== key[index + 1]);
        const swapped = key.slice(0, index) + key[index + 1] + key[index] + key.slice(index + 2);
        expect(isMistyped(swapped)).toBe(true);
      }),
    );
  });

  it('calls nothing mistyped that does not begin like a key', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!text.startsWith('dsr_'));
        expect(isMistyped(text)).toBe(false);
        expect(isApiKey(text)).toBe(false);
      }),
    );
  });
});
