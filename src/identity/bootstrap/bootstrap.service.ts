import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import { Transaction } from '../../platform/database/transaction.js';
import { ApiKeyHasher } from '../api-keys/api-key-hasher.js';
import { newApiKey } from '../api-keys/key-format.js';
import type { ApiKeyId } from '../user-id.js';
import { BootstrapRepository } from './bootstrap.repository.js';
import { KeyFile } from './key-file.js';
import { PepperWatch } from './pepper-watch.js';

/**
 * What the generated key says of its row, and on an empty database is true. Keys are found by their hash, so that a kept file
 * can be installed whatever ids another database has given out.
 */
const FIRST_ID = 1 as ApiKeyId;

/**
 * Sees to it, at every start, that somebody can get in: there is an admin with a key that has every scope. The key is
 * `BOOTSTRAP_API_KEY` where that is set, else the one in the database, else a generated one.
 */
@Injectable()
export class BootstrapService implements OnApplicationBootstrap {
  constructor(
    private readonly config: Config,
    private readonly transaction: Transaction,
    private readonly repository: BootstrapRepository,
    private readonly hasher: ApiKeyHasher,
    private readonly keyFile: KeyFile,
    private readonly pepperWatch: PepperWatch,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const { bootstrapApiKey } = this.config.identity;
    if (bootstrapApiKey !== undefined) await this.install(bootstrapApiKey);
    else await this.generateUnlessThere();
  }

  /** Makes exactly this key the first admin key; a former one stops working. */
  private async install(key: string): Promise<void> {
    const hash = this.hasher.hash(key);
    await this.transaction.run(async () => {
      await this.repository.takeTurn();
      const present = await this.repository.find();
      if (!present) await this.repository.insert(hash);
      else if (!this.hasher.equal(present.hash, hash)) {
        await this.repository.replace(hash);
        this.pepperWatch.tellReplaced(await this.repository.countOthers());
      }
    });
  }

  private async generateUnlessThere(): Promise<void> {
    const generated = await this.transaction.run(async () => {
      await this.repository.takeTurn();
      const present = await this.repository.find();
      if (present) {
        this.pepperWatch.checkKept(present.hash);
        return null;
      }
      // First the file, then the row: a crash between leaves a key that the next start installs, never a row without its key.
      const key = this.keyFile.keep(newApiKey(FIRST_ID));
      await this.repository.insert(this.hasher.hash(key));
      return key;
    });
    if (generated !== null) process.stdout.write(this.welcome(generated));
  }

  /** Shown once, past the logger: logs are shipped and kept, and a key must not be. */
  private welcome(key: string): string {
    const { host, port } = this.config.http;
    const reachable = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
    return [
      '',
      'The first admin API key, shown this once:',
      '',
      `  ${key}`,
      '',
      `It is kept in ${this.keyFile.path}. Try it:`,
      '',
      `  curl -H 'Authorization: Bearer ${key}' http://${reachable}:${port}/api/v1/me`,
      '',
      '',
    ].join('\n');
  }
}
