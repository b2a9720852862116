import { hkdfSync, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { OperatorError } from '../errors/operator.error.js';
import { Config } from './config.js';
import { ensureDataDirectory } from './directories.js';

/**
 * Writes a secret to a file that only its owner can read, unless the file is there already; answers what the file then
 * holds. The file appears whole or not at all, so that a crash leaves no empty secret and two processes agree on one.
 * @throws OperatorError when the file is there and empty: an empty secret would protect nothing
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
    throw new OperatorError(`${path} is empty: restore its content, or delete it to have a new one made.`);
  return kept;
}

/** Keys derived from the pepper: `API_KEY_PEPPER`, or one generated into `DATA_DIR/api-key-pepper`. */
@Injectable()
export class Secrets {
  /** Where a generated pepper is kept. */
  readonly pepperPath: string;
  private readonly pepper: string;
  private generated = false;

  constructor(config: Config) {
    this.pepperPath = join(config.dataDir, 'api-key-pepper');
    this.pepper = config.identity.apiKeyPepper ?? this.generatedPepper(config.dataDir);
  }

  /** Whether this process made the pepper: no key that was hashed before opens anything under it. */
  get pepperIsNew(): boolean {
    return this.generated;
  }

  /** Takes back the pepper that this process made, so that the next start knows as well that there was none. */
  discardNewPepper(): void {
    const { pepperPath, pepper, generated } = this;
    if (generated && existsSync(pepperPath) && readFileSync(pepperPath, 'utf8').trim() === pepper) rmSync(pepperPath);
  }

  /** A 32-byte key for one purpose; the same on every replica that has the same pepper. */
  key(purpose: string): Buffer {
    return Buffer.from(hkdfSync('sha256', this.pepper, '', `dossier:${purpose}`, 32));
  }

  private generatedPepper(dataDir: string): string {
    ensureDataDirectory(dataDir);
    const fresh = randomBytes(32).toString('base64url');
    const kept = keepSecret(this.pepperPath, fresh);
    this.generated = kept === fresh;
    return kept;
  }
}
