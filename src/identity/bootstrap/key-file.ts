import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import { keepSecret } from '../../platform/config/secrets.js';
import { isApiKey } from '../api-keys/key-format.js';
import { ensureDirectory } from '../../platform/config/directories.js';

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
   * @throws Error, to stop the boot, where the file cannot be written or holds something else
   */
  keep(key: string): string {
    const kept = this.write(key);
    if (!isApiKey(kept)) throw new Error(`${this.path} holds no API key: delete it and start again`);
    return kept;
  }

  private write(key: string): string {
    try {
      ensureDirectory(this.dataDir);
      return keepSecret(this.path, key);
    } catch (cause) {
      throw new Error(`The first admin key cannot be kept in ${this.path}: make it writable or set BOOTSTRAP_API_KEY`, {
        cause,
      });
    }
  }
}
