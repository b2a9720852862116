import { hkdfSync, randomBytes } from 'node:crypto';
import { chmodSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { Config, ConfigError } from './config.js';
import { ensureDirectory } from './directories.js';

/**
 * Writes a secret to a file that only its owner can read, unless the file is there already; answers what the file then
 * holds. The file appears whole or not at all, so that a crash leaves no empty secret and two processes agree on one.
 * @throws ConfigError when the file is there and empty: an empty secret would protect nothing
 */
export function keepSecret(path: string, secret: string): string {
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(draft, `${secret}\n`, { mode: 0o600 });
  chmodSync(draft, 0o600);
  try {
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft);
  }
  const kept = readFileSync(path, 'utf8').trim();
  if (kept === '')
    throw new ConfigError([`${path} is empty: restore its content, or delete it to have a new one made`]);
  return kept;
}

/** Keys derived from the pepper: `API_KEY_PEPPER`, or one generated into `DATA_DIR/api-key-pepper`. */
@Injectable()
export class Secrets {
  private readonly pepper: string;

  constructor(config: Config) {
    this.pepper = config.identity.apiKeyPepper ?? generatedPepper(config.dataDir);
  }

  /** A 32-byte key for one purpose; the same on every replica that has the same pepper. */
  key(purpose: string): Buffer {
    return Buffer.from(hkdfSync('sha256', this.pepper, '', `dossier:${purpose}`, 32));
  }
}

function generatedPepper(dataDir: string): string {
  ensureDirectory(dataDir);
  return keepSecret(join(dataDir, 'api-key-pepper'), randomBytes(32).toString('base64url'));
}
