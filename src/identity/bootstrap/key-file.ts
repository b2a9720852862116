import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import { keepSecret } from '../../platform/config/secrets.js';
import { ensureDataDirectory } from '../../platform/config/directories.js';
import { OperatorError } from '../../platform/errors/operator.error.js';
import { isApiKey } from '../api-keys/key-format.js';

/** The generated first admin key cannot be kept, and a key that nobody can read would open nothing. */
class UnwritableKeyFileError extends OperatorError {
  constructor(path: string, cause: NodeJS.ErrnoException) {
    super(
      `The first admin key cannot be kept in ${path} (${cause.message}): make it writable or set BOOTSTRAP_API_KEY.`,
      {
        cause,
      },
    );
  }
}

/** `DATA_DIR/admin-api-key`: where the generated first admin key is kept for whoever runs this. */
@Injectable()
export class KeyFile {
  readonly path: string;
  private readonly dataDir: string;

  constructor({ dataDir }: Config) {
    this.dataDir = dataDir;
    this.path = join(dataDir, 'admin-api-key');
  }

  /** The key in the file, or null where there is no file. */
  read(): string | null {
    return existsSync(this.path) ? readFileSync(this.path, 'utf8').trim() : null;
  }

  /**
   * Keeps the key, readable by its owner only, unless the file holds one already; answers the one it then holds.
   * @throws OperatorError, to stop the boot, where the file cannot be written or holds something else
   */
  keep(key: string): string {
    const kept = this.write(key);
    if (isApiKey(kept)) return kept;
    throw new OperatorError(`${this.path} holds no API key: restore its content, or delete it to have a new one made.`);
  }

  private write(key: string): string {
    try {
      ensureDataDirectory(this.dataDir);
      return keepSecret(this.path, key);
    } catch (error) {
      if (error instanceof OperatorError) throw error;
      throw new UnwritableKeyFileError(this.path, error as NodeJS.ErrnoException);
    }
  }
}
