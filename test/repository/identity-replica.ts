import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import type { PinoLogger } from 'nestjs-pino';
import { ApiKeyHasher } from '../../src/identity/api-keys/api-key-hasher.js';
import { ApiKeysRepository } from '../../src/identity/api-keys/api-keys.repository.js';
import { ApiKeysService } from '../../src/identity/api-keys/api-keys.service.js';
import { Authenticator } from '../../src/identity/api-keys/authenticator.js';
import { BootstrapRepository } from '../../src/identity/bootstrap/bootstrap.repository.js';
import { BootstrapService } from '../../src/identity/bootstrap/bootstrap.service.js';
import { KeyFile } from '../../src/identity/bootstrap/key-file.js';
import { PepperWatch } from '../../src/identity/bootstrap/pepper-watch.js';
import { UsersRepository } from '../../src/identity/users/users.repository.js';
import { UsersService } from '../../src/identity/users/users.service.js';
import { loadConfig } from '../../src/platform/config/config.js';
import { Secrets } from '../../src/platform/config/secrets.js';
import type { Transaction } from '../../src/platform/database/transaction.js';

/** The identity feature of one process, on a database that others may share. */
export function identityReplica(transaction: Transaction, variables: Record<string, string> = {}) {
  const dataDir = mkdtempSync(join(tmpdir(), 'dossier-identity-'));
  const config = loadConfig({ API_KEY_PEPPER: 'a pepper for the tests', DATA_DIR: dataDir, ...variables });
  const secrets = new Secrets(config);
  const hasher = new ApiKeyHasher(secrets);
  const keyFile = new KeyFile(config);
  const keysRepository = new ApiKeysRepository(transaction);
  const authenticator = new Authenticator(keysRepository, hasher, config);
  const apiKeys = new ApiKeysService(transaction, keysRepository, hasher, authenticator);
  const usersRepository = new UsersRepository(transaction);
  const users = new UsersService(transaction, usersRepository, apiKeys);
  const logger = { info: jest.fn(), warn: jest.fn() };
  const bootstrap = new BootstrapService(
    config,
    transaction,
    new BootstrapRepository(transaction),
    hasher,
    keyFile,
    new PepperWatch(secrets, hasher, keyFile, logger as unknown as PinoLogger),
  );
  return { dataDir: config.dataDir, authenticator, apiKeys, users, keysRepository, bootstrap, logger };
}

/** What is written to stdout while `work` runs. */
export async function stdoutOf(work: () => Promise<unknown>): Promise<string> {
  const write = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  try {
    await work();
    return write.mock.calls.map(([text]) => String(text)).join('');
  } finally {
    write.mockRestore();
  }
}
