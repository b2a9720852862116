import type { ApiKeyId, UserId } from '../../src/identity/user-id.js';
import type { AuthenticatedUser } from '../../src/identity/current-user.decorator.js';
import { toApiKeyResponse } from '../../src/identity/api-keys/dto/api-key.dto.js';
import {
  ApiKeyNotFoundError,
  BootstrapKeyError,
  ForbiddenError,
  UserNotFoundError,
} from '../../src/identity/identity.errors.js';
import { toUserResponse } from '../../src/identity/users/dto/user.dto.js';
import { userEtag } from '../../src/identity/users/user-etag.js';
import { PreconditionFailedError, ValidationFailedError } from '../../src/platform/errors/platform.errors.js';
import { etagOf, Precondition } from '../../src/platform/http/etag.js';
import { freshDatabase, type TestDatabase } from '../support/database.js';
import { until } from '../support/until.js';
import { identityReplica } from './identity-replica.js';

const KEY = 'bootstrap-key-0123456789-0123456789';
const ANYTIME = new Precondition(undefined);
const STALE = new Precondition('"stale"');
const FIRST_PAGE = { limit: 2, beforeId: null, offset: 0 };

describe('identity', () => {
  let database: TestDatabase;
  let replica: ReturnType<typeof identityReplica>;
  let admin: AuthenticatedUser;

  /** A user with a first key, as the guard would see them. */
  const newUser = async (name: string, budgetUsd: number | null = null) => {
    const { user, issued } = await replica.users.create({ name, budgetUsd });
    const authenticated = await replica.authenticator.authenticate(issued.key);
    if (!authenticated) throw new Error('The first key does not work');
    return { user, issued, authenticated };
  };

  beforeAll(async () => {
    database = await freshDatabase();
    replica = identityReplica(database.transaction, { BOOTSTRAP_API_KEY: KEY });
    await replica.bootstrap.onApplicationBootstrap();
    const found = await replica.authenticator.authenticate(KEY);
    if (!found) throw new Error('The bootstrap key does not work');
    admin = found;
  });
  afterAll(async () => {
    await database.close();
  });

  describe('users', () => {
    it('makes a user with a key that may read, write and run', async () => {
      const { user, issued, authenticated } = await newUser('Ada', 25.000000001);
      expect(authenticated).toEqual({
        id: user.id,
        keyId: issued.apiKey.id,
        scopes: new Set(['read', 'write', 'run']),
      });
      expect(toUserResponse(await replica.users.get(user.id))).toMatchObject({
        name: 'Ada',
        budget_usd: 25.000000001,
        spent_usd: 0,
        reserved_usd: 0,
      });
    });

    it('answers a new user with the ETag that a later read has', async () => {
      const { user, issued } = await newUser('Grace');
      expect(userEtag(await replica.users.get(user.id))).toBe(userEtag(user));
      const apiKey = await replica.apiKeys.get(user.id, issued.apiKey.id);
      expect(etagOf(toApiKeyResponse(apiKey))).toBe(etagOf(toApiKeyResponse(issued.apiKey)));
    });

    it('lists users newest first, page by page', async () => {
      const ids = [];
      for (const name of ['one', 'two', 'three']) ids.unshift((await newUser(name)).user.id);
      const first = await replica.users.list(FIRST_PAGE);
      expect(first.rows.map(({ id }) => id)).toEqual(ids.slice(0, 2));
      expect(first.more).toBe(true);
      const next = await replica.users.list({ ...FIRST_PAGE, beforeId: ids[1] ?? null });
      expect(next.rows[0]?.id).toBe(ids[2]);
    });

    it('changes what is given and keeps the rest', async () => {
      const { user } = await newUser('Ada', 5);
      const renamed = await replica.users.update(user.id, { name: 'Ada King' }, ANYTIME);
      expect(toUserResponse(renamed)).toMatchObject({ name: 'Ada King', budget_usd: 5 });
      expect(renamed.updatedAt.getTime()).toBeGreaterThanOrEqual(user.updatedAt.getTime());
      expect(toUserResponse(await replica.users.get(user.id))).toEqual(toUserResponse(renamed));
      const unlimited = await replica.users.update(user.id, { budgetUsd: null }, ANYTIME);
      expect(toUserResponse(unlimited)).toMatchObject({ name: 'Ada King', budget_usd: null });
    });

    it('changes nothing, not even the time, when nothing is given', async () => {
      const { user } = await newUser('Ada', 5);
      expect(toUserResponse(await replica.users.update(user.id, {}, ANYTIME))).toEqual(toUserResponse(user));
      expect(toUserResponse(await replica.users.get(user.id))).toEqual(toUserResponse(user));
    });

    it('refuses a stale If-Match, which money that has moved makes none', async () => {
      const { user } = await newUser('Ada', 5);
      const seen = new Precondition(userEtag(user));
      await expect(replica.users.update(user.id, { name: 'x' }, STALE)).rejects.toThrow(PreconditionFailedError);
      await replica.users.update(user.id, {}, seen);
      await database.transaction.sql('update users set spent_nano_usd = 7 where id = $1', [user.id]);
      await replica.users.update(user.id, { name: 'x' }, seen);
      await expect(replica.users.update(user.id, { name: 'y' }, seen)).rejects.toThrow(PreconditionFailedError);
    });

    it('never touches what is spent, and allows a budget below it', async () => {
      const { user } = await newUser('Ada', 5);
      await database.transaction.sql('update users set spent_nano_usd = 4000000001 where id = $1', [user.id]);
      const changed = await replica.users.update(user.id, { budgetUsd: 1 }, ANYTIME);
      expect(toUserResponse(changed)).toMatchObject({ budget_usd: 1, spent_usd: 4.000000001 });
    });

    it('lets the database refuse negative money', async () => {
      const { user } = await newUser('Ada');
      for (const column of ['budget_nano_usd', 'spent_nano_usd', 'reserved_nano_usd']) {
        const write = database.transaction.sql(`update users set ${column} = -1 where id = $1`, [user.id]);
        await expect(write).rejects.toThrow(`users_${column}_check`);
      }
    });

    it('knows no user of a foreign id', async () => {
      const nobody = 999_999 as UserId;
      await expect(replica.users.get(nobody)).rejects.toThrow(UserNotFoundError);
      await expect(replica.users.update(nobody, {}, ANYTIME)).rejects.toThrow(UserNotFoundError);
    });
  });

  describe('API keys', () => {
    it("gives a new key all of its maker's scopes unless told otherwise, in the usual order", async () => {
      const { authenticated } = await newUser('Ada');
      const all = await replica.apiKeys.create(authenticated, { name: 'all' });
      expect(all.apiKey.scopes).toEqual(['read', 'write', 'run']);
      const some = await replica.apiKeys.create(authenticated, { name: 'some', scopes: ['run', 'read'] });
      expect(some.apiKey.scopes).toEqual(['read', 'run']);
      expect((await replica.authenticator.authenticate(some.key))?.scopes).toEqual(new Set(['read', 'run']));
    });

    it("refuses scopes beyond the maker's and names them", async () => {
      const { authenticated } = await newUser('Ada');
      const wish = { name: 'more', scopes: ['read', 'admin'] as const };
      const attempt = replica.apiKeys.create(authenticated, wish);
      await expect(attempt).rejects.toThrow(ForbiddenError);
      await expect(attempt).rejects.toThrow('"admin"');
      expect((await replica.apiKeys.create(admin, wish)).apiKey.scopes).toEqual(['read', 'admin']);
    });

    it('refuses an expiry in the past', async () => {
      const attempt = replica.apiKeys.create(admin, { name: 'late', expiresAt: new Date(Date.now() - 1) });
      await expect(attempt).rejects.toThrow(ValidationFailedError);
    });

    it('lets a key work until it expires', async () => {
      const expiresAt = new Date(Date.now() + 2000);
      const { key } = await replica.apiKeys.create(admin, { name: 'short', expiresAt });
      expect(await replica.authenticator.authenticate(key)).not.toBeNull();
      await until('Its expiry', async () => (await replica.authenticator.authenticate(key)) === null);
      expect(Date.now()).toBeGreaterThanOrEqual(expiresAt.getTime());
    });

    it('stores no key, only its hash', async () => {
      const { key, apiKey } = await replica.apiKeys.create(admin, { name: 'secret' });
      const rows = await database.transaction.sql('select api_keys::text as text from api_keys where id = $1', [
        apiKey.id,
      ]);
      expect(JSON.stringify(rows)).not.toContain(key.split('_')[2]);
    });

    it("lists one's own keys newest first", async () => {
      const { user, issued, authenticated } = await newUser('Ada');
      const second = await replica.apiKeys.create(authenticated, { name: 'second' });
      const third = await replica.apiKeys.create(authenticated, { name: 'third' });
      const page = await replica.apiKeys.list(user.id, FIRST_PAGE);
      expect(page.rows.map(({ id }) => id)).toEqual([third.apiKey.id, second.apiKey.id]);
      const rest = await replica.apiKeys.list(user.id, { ...FIRST_PAGE, beforeId: second.apiKey.id });
      expect(rest).toMatchObject({ more: false, rows: [{ id: issued.apiKey.id }] });
    });

    it('revokes a key at once, and only once', async () => {
      const { user, issued } = await newUser('Ada');
      await replica.apiKeys.revoke(user.id, issued.apiKey.id, ANYTIME);
      expect(await replica.authenticator.authenticate(issued.key)).toBeNull();
      await expect(replica.apiKeys.revoke(user.id, issued.apiKey.id, ANYTIME)).rejects.toThrow(ApiKeyNotFoundError);
      await expect(replica.apiKeys.get(user.id, issued.apiKey.id)).rejects.toThrow(ApiKeyNotFoundError);
    });

    it('keeps a key whose If-Match is stale', async () => {
      const { user, issued } = await newUser('Ada');
      await expect(replica.apiKeys.revoke(user.id, issued.apiKey.id, STALE)).rejects.toThrow(PreconditionFailedError);
      expect(await replica.authenticator.authenticate(issued.key)).not.toBeNull();
      const seen = new Precondition(etagOf(toApiKeyResponse(issued.apiKey)));
      await replica.apiKeys.revoke(user.id, issued.apiKey.id, seen);
    });

    it("treats another user's key like a missing one", async () => {
      const { issued } = await newUser('Ada');
      const { user: stranger } = await newUser('Mallory');
      const id = issued.apiKey.id;
      await expect(replica.apiKeys.get(stranger.id, id)).rejects.toThrow(`API key ${id} not found`);
      await expect(replica.apiKeys.revoke(stranger.id, id, ANYTIME)).rejects.toThrow(`API key ${id} not found`);
      await replica.keysRepository.delete(stranger.id, id);
      expect(await replica.authenticator.authenticate(issued.key)).not.toBeNull();
      await expect(replica.apiKeys.get(stranger.id, 999_999 as ApiKeyId)).rejects.toThrow('API key 999999 not found');
    });

    it('keeps the first admin key', async () => {
      await expect(replica.apiKeys.revoke(admin.id, admin.keyId, ANYTIME)).rejects.toThrow(BootstrapKeyError);
    });

    it('makes no user without a key when making the key fails', async () => {
      const { rows: before } = await replica.users.list(FIRST_PAGE);
      await database.transaction
        .run(async () => {
          await replica.users.create({ name: 'Ghost', budgetUsd: null });
          throw new Error('rolled back');
        })
        .catch(() => undefined);
      const { rows: after } = await replica.users.list(FIRST_PAGE);
      expect(after.map(({ id }) => id)).toEqual(before.map(({ id }) => id));
    });
  });
});
