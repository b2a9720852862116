import { Precondition } from '../../platform/http/etag.js';
import type { NanoUsd } from '../../platform/money/money.js';
import { userEtag } from './user-etag.js';
import type { User } from './user.entity.js';

const ADA = {
  id: 1,
  name: 'Ada',
  budgetNanoUsd: 5e9,
  spentNanoUsd: 0,
  reservedNanoUsd: 0,
  createdAt: new Date(0),
  updatedAt: new Date(0),
} as User;

const passes = (known: User, present: User): boolean => {
  try {
    new Precondition(userEtag(known)).check(userEtag(present));
    return true;
  } catch {
    return false;
  }
};

describe('the ETag of a user', () => {
  it.each([{ spentNanoUsd: 7 as NanoUsd }, { reservedNanoUsd: 7 as NanoUsd }])(
    'changes with the money, which runs move, and passes If-Match all the same: %j',
    (moved) => {
      const busy = { ...ADA, ...moved };
      expect(userEtag(busy)).not.toBe(userEtag(ADA));
      expect([passes(ADA, busy), passes(busy, ADA)]).toEqual([true, true]);
    },
  );

  it.each([{ name: 'Ada King' }, { budgetNanoUsd: null }, { updatedAt: new Date(1) }])(
    'is stale for If-Match once the user has been changed: %j',
    (changed) => {
      expect(passes(ADA, { ...ADA, ...changed })).toBe(false);
    },
  );
});
