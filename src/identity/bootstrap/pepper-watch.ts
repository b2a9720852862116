import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { Secrets } from '../../platform/config/secrets.js';
import { ApiKeyHasher } from '../api-keys/api-key-hasher.js';
import { PepperLostError } from '../identity.errors.js';
import { KeyFile } from './key-file.js';

/**
 * Tells the operator, at a start on a database that has API keys, that they were hashed under another pepper: each of them is
 * answered 401 then, which nobody would understand. Hashes do not say what they were made under, so the first admin key has
 * to: it is known where `BOOTSTRAP_API_KEY` or the key's file is.
 */
@Injectable()
export class PepperWatch {
  constructor(
    private readonly secrets: Secrets,
    private readonly hasher: ApiKeyHasher,
    private readonly keyFile: KeyFile,
    private readonly logger: PinoLogger,
  ) {}

  /**
   * Nobody has said which key the first admin key is; `hash` is that of the one in the database.
   * @throws PepperLostError when the pepper was made just now: nobody at all could get in
   */
  checkKept(hash: Buffer): void {
    const key = this.keyFile.read();
    if (key !== null && this.hasher.equal(this.hasher.hash(key), hash)) return;
    if (this.secrets.pepperIsNew) {
      this.secrets.discardNewPepper();
      throw new PepperLostError(this.secrets.pepperPath);
    }
    if (key === null) return;
    this.logger.warn(
      { event: 'bootstrap_key_stale', path: this.keyFile.path },
      'The admin key in this file does not open this database: the pepper or the key was changed, or the file belongs to another database. ' +
        'Restore API_KEY_PEPPER or DATA_DIR/api-key-pepper, or set BOOTSTRAP_API_KEY once to install a new key, and delete the file',
    );
  }

  /** The first admin key has become another one, by `BOOTSTRAP_API_KEY` or by the pepper; there are `others` beside it. */
  tellReplaced(others: number): void {
    if (this.secrets.pepperIsNew && others > 0) {
      this.logger.warn(
        { event: 'api_key_pepper_changed', path: this.secrets.pepperPath, api_keys: others },
        'There was no pepper, and a new one was made beside a database that has API keys: BOOTSTRAP_API_KEY opens it, and every ' +
          'other key is answered 401. Restore this file or set API_KEY_PEPPER to what it held, or make new keys',
      );
      return;
    }
    const told = { event: 'bootstrap_key_replaced', api_keys: others };
    const message = 'The first admin key is now BOOTSTRAP_API_KEY';
    if (others === 0) this.logger.info(told, message);
    else {
      this.logger.warn(
        told,
        `${message}. If that is what it was before, API_KEY_PEPPER or DATA_DIR/api-key-pepper is another one: ` +
          'then every other API key is answered 401 until the former is restored',
      );
    }
  }
}
