import fc from 'fast-check';
import { ValidationFailedError } from '../platform/errors/platform.errors.js';
import { checkBody } from '../platform/http/validation/validation.pipe.js';
import { nanoFromUsd } from '../platform/money/money.js';
import { CreateApiKeyRequest } from './api-keys/dto/api-key.dto.js';
import { CreateUserRequest, UpdateUserRequest } from './users/dto/user.dto.js';

/** Where a body is wrong. */
function pointers(type: new () => object, body: unknown): string[] {
  try {
    checkBody(type, body);
    return [];
  } catch (error) {
    if (!(error instanceof ValidationFailedError)) throw error;
    return (error.extras.errors ?? []).map((mistake) => ('pointer' in mistake ? mistake.pointer : '?'));
  }
}

describe('CreateApiKeyRequest', () => {
  it.each([
    { name: 'CI' },
    { name: 'CI', scopes: ['read'] },
    { name: 'CI', scopes: ['read', 'write', 'run', 'admin'], expires_at: '2030-01-31T12:00:00Z' },
    { name: '🔑'.repeat(100), expires_at: null },
  ])('takes %j', (body) => {
    expect(pointers(CreateApiKeyRequest, body)).toEqual([]);
  });

  it.each([
    [{}, '/name'],
    [{ name: '' }, '/name'],
    [{ name: 'x'.repeat(101) }, '/name'],
    [{ name: null }, '/name'],
    [{ name: 'CI', scopes: [] }, '/scopes'],
    [{ name: 'CI', scopes: null }, '/scopes'],
    [{ name: 'CI', scopes: 'read' }, '/scopes'],
    [{ name: 'CI', scopes: ['read', 'read'] }, '/scopes'],
    [{ name: 'CI', scopes: ['root'] }, '/scopes/0'],
    [{ name: 'CI', scopes: ['read', 'toString'] }, '/scopes/1'],
    [{ name: 'CI', scopes: [['read']] }, '/scopes/0'],
    [{ name: 'CI', expires_at: 'tomorrow' }, '/expires_at'],
    [{ name: 'CI', expires_at: '2030-02-30T00:00:00Z' }, '/expires_at'],
    [{ name: 'CI', expires_at: 1_900_000_000 }, '/expires_at'],
    [{ name: 'CI', admin: true }, '/admin'],
  ])('refuses %j at %s', (body, pointer) => {
    expect(pointers(CreateApiKeyRequest, body)).toEqual([pointer]);
  });
});

describe('a budget', () => {
  it.each([0, 0.000000001, 1e-9, 25.5, 999_999.999999999, 9_000_000, null])('may be %p', (budget_usd) => {
    expect(pointers(CreateUserRequest, { name: 'Ada', budget_usd })).toEqual([]);
    expect(pointers(UpdateUserRequest, { budget_usd })).toEqual([]);
  });

  it.each([-1, -1e-9, 0.0000000001, 1e-10, 1.0000000001, 9_000_000.1, 1e300, '5', true, [], {}])(
    'may not be %p',
    (budget_usd) => {
      expect(pointers(CreateUserRequest, { name: 'Ada', budget_usd })).toEqual(['/budget_usd']);
    },
  );

  it('may be every whole count of nano-dollars', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9_000_000_000_000_000 }), (nano) => {
        expect(pointers(UpdateUserRequest, { budget_usd: nano / 1e9 })).toEqual([]);
      }),
    );
  });
});

describe('an accepted budget', () => {
  it('is always money', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 9_000_000, noNaN: true }), fc.nat(9), (amount, decimals) => {
        const budget_usd = Number(amount.toFixed(decimals));
        expect(pointers(UpdateUserRequest, { budget_usd })).toEqual([]);
        expect(Number.isSafeInteger(nanoFromUsd(budget_usd))).toBe(true);
      }),
    );
  });
});

describe('UpdateUserRequest', () => {
  it('may be empty', () => {
    expect(pointers(UpdateUserRequest, {})).toEqual([]);
  });

  it.each([
    [{ name: null }, '/name'],
    [{ spent_usd: 0 }, '/spent_usd'],
  ])('refuses %j', (body, pointer) => {
    expect(pointers(UpdateUserRequest, body)).toEqual([pointer]);
  });
});
