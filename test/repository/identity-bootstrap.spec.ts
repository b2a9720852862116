import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newApiKey } from '../../src/identity/api-keys/key-format.js';
import type { ApiKeyId } from '../../src/identity/user-id.js';
import { OperatorError } from '../../src/platform/errors/operator.error.js';
import { freshDatabase, type TestDatabase } from '../support/database.js';
import { identityReplica, stdoutOf } from './identity-replica.js';

const KEY = 'bootstrap-key-0123456789-0123456789';
const OTHER = 'another-bootstrap-key-0123456789-01';

describe('the first admin key', () => {
  let database: TestDatabase;

  const start = (variables: Record<string, string> = {}) => identityReplica(database.transaction, variables);
  const countKeys = async (): Promise<number> => {
    const rows = await database.transaction.sql<{ count: number }>('select count(*)::int as count from api_keys');
    return rows[0]?.count ?? -1;
  };

  beforeEach(async () => {
    database = await freshDatabase();
  });
  afterEach(async () => {
    await database.close();
  });

  it('is BOOTSTRAP_API_KEY with every scope, and never printed', async () => {
    const replica = start({ BOOTSTRAP_API_KEY: KEY });
    expect(await stdoutOf(() => replica.bootstrap.onApplicationBootstrap())).toBe('');
    const admin = await replica.authenticator.authenticate(KEY);
    expect([...(admin?.scopes ?? [])]).toEqual(['read', 'write', 'run', 'admin']);
  });

  it('is replaced by another BOOTSTRAP_API_KEY for the same admin, and the former stops working', async () => {
    const before = start({ BOOTSTRAP_API_KEY: KEY });
    await before.bootstrap.onApplicationBootstrap();
    const admin = await before.authenticator.authenticate(KEY);
    const after = start({ BOOTSTRAP_API_KEY: OTHER });
    await after.bootstrap.onApplicationBootstrap();
    expect(await after.authenticator.authenticate(KEY)).toBeNull();
    expect(await after.authenticator.authenticate(OTHER)).toEqual(admin);
    expect(await countKeys()).toBe(1);
  });

  it('stays valid when BOOTSTRAP_API_KEY is taken away', async () => {
    await start({ BOOTSTRAP_API_KEY: KEY }).bootstrap.onApplicationBootstrap();
    const later = start();
    expect(await stdoutOf(() => later.bootstrap.onApplicationBootstrap())).toBe('');
    expect(await later.authenticator.authenticate(KEY)).not.toBeNull();
    expect(later.logger.warn).not.toHaveBeenCalled();
  });

  it('may not be a key that a user has already', async () => {
    const replica = start({ BOOTSTRAP_API_KEY: KEY });
    await replica.bootstrap.onApplicationBootstrap();
    const { issued } = await replica.users.create({ name: 'Ada', budgetUsd: null });
    await expect(start({ BOOTSTRAP_API_KEY: issued.key }).bootstrap.onApplicationBootstrap()).rejects.toThrow(
      'BOOTSTRAP_API_KEY is an API key of a user already',
    );
    expect(await replica.authenticator.authenticate(KEY)).not.toBeNull();
  });

  it('is generated, kept for its owner only, and printed once with a curl line', async () => {
    const replica = start();
    const printed = await stdoutOf(() => replica.bootstrap.onApplicationBootstrap());
    const path = join(replica.dataDir, 'admin-api-key');
    const key = readFileSync(path, 'utf8').trim();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(printed).toContain(`curl -H 'Authorization: Bearer ${key}' http://127.0.0.1:3000/api/v1/me`);
    expect(await replica.authenticator.authenticate(key)).not.toBeNull();
    expect(await stdoutOf(() => replica.bootstrap.onApplicationBootstrap())).toBe('');
    expect(replica.logger.warn).not.toHaveBeenCalled();
  });

  it('is the kept one when a crash came between keeping and inserting it', async () => {
    const replica = start();
    const key = newApiKey(41 as ApiKeyId);
    writeFileSync(join(replica.dataDir, 'admin-api-key'), `${key}\n`);
    expect(await stdoutOf(() => replica.bootstrap.onApplicationBootstrap())).toContain(key);
    expect(await replica.authenticator.authenticate(key)).not.toBeNull();
  });

  it.each([
    ['is empty', '', 'is empty: restore its content, or delete it'],
    ['is blank', ' \n', 'is empty: restore its content, or delete it'],
    ['holds something else', 'not a key\n', 'holds no API key: restore its content, or delete it'],
  ])('stops the boot when the file %s, and says so to the operator', async (_, content, told) => {
    const replica = start();
    const path = join(replica.dataDir, 'admin-api-key');
    writeFileSync(path, content);
    const boot = replica.bootstrap.onApplicationBootstrap();
    await expect(boot).rejects.toThrow(OperatorError);
    await expect(boot).rejects.toThrow(`${path} ${told}`);
    expect(await countKeys()).toBe(0);
  });

  it('stops the boot when it cannot be kept, and says why', async () => {
    const replica = start({ DATA_DIR: join(start().dataDir, 'data') });
    writeFileSync(replica.dataDir, 'no folder');
    const boot = replica.bootstrap.onApplicationBootstrap();
    await expect(boot).rejects.toThrow(OperatorError);
    await expect(boot).rejects.toThrow(/DATA_DIR.*EEXIST/);
    expect(await countKeys()).toBe(0);
  });

  it('is one and only one when replicas with folders of their own start at once', async () => {
    const replicas = [start(), start(), start()];
    const printed = await stdoutOf(() =>
      Promise.all(replicas.map((replica) => replica.bootstrap.onApplicationBootstrap())),
    );
    const keys = new Set(printed.match(/dsr_\w+/g));
    expect(keys.size).toBe(1);
    expect(await countKeys()).toBe(1);
    for (const { authenticator } of replicas) expect(await authenticator.authenticate([...keys].join())).not.toBeNull();
  });

  it('does not collide when replicas with the same BOOTSTRAP_API_KEY start at once', async () => {
    const replicas = [1, 2, 3].map(() => start({ BOOTSTRAP_API_KEY: KEY }));
    await Promise.all(replicas.map((replica) => replica.bootstrap.onApplicationBootstrap()));
    expect(await countKeys()).toBe(1);
  });

  it('warns how to mend a kept key that no longer opens the database', async () => {
    const replica = start();
    await stdoutOf(() => replica.bootstrap.onApplicationBootstrap());
    const later = start({ DATA_DIR: replica.dataDir, API_KEY_PEPPER: 'the first pepper is lost' });
    expect(await stdoutOf(() => later.bootstrap.onApplicationBootstrap())).toBe('');
    expect(later.logger.warn).toHaveBeenCalledTimes(1);
    expect(String(later.logger.warn.mock.calls[0]?.[1])).toContain('Restore API_KEY_PEPPER');
  });
});

describe('a pepper that is lost', () => {
  let database: TestDatabase;
  // No pepper is configured: each folder has one generated into it.
  const start = (variables: Record<string, string> = {}) =>
    identityReplica(database.transaction, { API_KEY_PEPPER: '', ...variables });
  const pepperIn = (dataDir: string): string => join(dataDir, 'api-key-pepper');

  beforeEach(async () => {
    database = await freshDatabase();
  });
  afterEach(async () => {
    await database.close();
  });

  it('stops every boot on a database that has keys, without leaving another behind, until it is restored', async () => {
    const first = start();
    await stdoutOf(() => first.bootstrap.onApplicationBootstrap());
    const key = readFileSync(join(first.dataDir, 'admin-api-key'), 'utf8').trim();
    const pepper = readFileSync(pepperIn(first.dataDir), 'utf8');
    rmSync(pepperIn(first.dataDir));
    for (let again = 0; again < 2; again += 1) {
      const boot = start({ DATA_DIR: first.dataDir }).bootstrap.onApplicationBootstrap();
      await expect(boot).rejects.toThrow(OperatorError);
      await expect(boot).rejects.toThrow(
        `There is no ${pepperIn(first.dataDir)}, and the database has API keys already`,
      );
      expect(existsSync(pepperIn(first.dataDir))).toBe(false);
    }
    writeFileSync(pepperIn(first.dataDir), pepper);
    const restored = start({ DATA_DIR: first.dataDir });
    await restored.bootstrap.onApplicationBootstrap();
    expect(await restored.authenticator.authenticate(key)).not.toBeNull();
  });

  it('stops a boot on the same database from another folder', async () => {
    await stdoutOf(() => start().bootstrap.onApplicationBootstrap());
    await expect(start().bootstrap.onApplicationBootstrap()).rejects.toThrow('set API_KEY_PEPPER to what it held');
  });

  it('is not what a second process of the same folder finds, which only came later to an empty database', async () => {
    const first = start();
    const second = start({ DATA_DIR: first.dataDir });
    await stdoutOf(() => second.bootstrap.onApplicationBootstrap());
    await first.bootstrap.onApplicationBootstrap();
    expect(existsSync(pepperIn(first.dataDir))).toBe(true);
  });

  it('is told of loudly where BOOTSTRAP_API_KEY opens the door, with how many keys are locked out', async () => {
    const first = start({ BOOTSTRAP_API_KEY: KEY });
    await first.bootstrap.onApplicationBootstrap();
    const { issued } = await first.users.create({ name: 'Ada', budgetUsd: null });
    const later = start({ BOOTSTRAP_API_KEY: KEY });
    await later.bootstrap.onApplicationBootstrap();
    expect(later.logger.warn.mock.calls).toEqual([
      [
        { event: 'api_key_pepper_changed', path: pepperIn(later.dataDir), api_keys: 1 },
        expect.stringContaining('every other key is answered 401. Restore this file'),
      ],
    ]);
    expect(await later.authenticator.authenticate(KEY)).not.toBeNull();
    expect(await later.authenticator.authenticate(issued.key)).toBeNull();
  });

  it("is nobody's loss where BOOTSTRAP_API_KEY is the only key", async () => {
    await start({ BOOTSTRAP_API_KEY: KEY }).bootstrap.onApplicationBootstrap();
    const later = start({ BOOTSTRAP_API_KEY: KEY });
    await later.bootstrap.onApplicationBootstrap();
    expect(later.logger.warn).not.toHaveBeenCalled();
    expect(later.logger.info).toHaveBeenCalledTimes(1);
  });

  it('may be what a changed hash of BOOTSTRAP_API_KEY comes from, as is said where there are others', async () => {
    const first = start({ API_KEY_PEPPER: 'the pepper of the first', BOOTSTRAP_API_KEY: KEY });
    await first.bootstrap.onApplicationBootstrap();
    await first.users.create({ name: 'Ada', budgetUsd: null });
    const later = start({ API_KEY_PEPPER: 'the pepper of the later', BOOTSTRAP_API_KEY: KEY });
    await later.bootstrap.onApplicationBootstrap();
    expect(later.logger.warn.mock.calls).toEqual([
      [
        { event: 'bootstrap_key_replaced', api_keys: 1 },
        expect.stringContaining('If that is what it was before, API_KEY_PEPPER'),
      ],
    ]);
  });
});
