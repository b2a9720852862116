import { createHmac } from 'node:crypto';
import { resolve } from 'node:path';
import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { Secrets } from '../config/secrets.js';
import { Transaction } from './transaction.js';

// Both may be asked for by every role. The oid tells databases of one server apart, also those made from one template.
const IDENTITY = `
  select c.system_identifier::text as server, d.oid::text as oid
  from pg_control_system() c, pg_database d where d.datname = current_database()`;

/** What tells this database from every other: for keys in what several installations may share. */
@Injectable()
export class DatabaseIdentity {
  constructor(
    private readonly transaction: Transaction,
    private readonly config: Config,
    private readonly secrets: Secrets,
  ) {}

  /** The same on all replicas, which have one pepper, and after every restart. */
  async read(): Promise<string> {
    const rows = await this.transaction.sql<{ server: string; oid: string }>(IDENTITY);
    // Embedded databases all begin as the same files: the directory tells them apart.
    const directory = this.config.database.url === undefined ? resolve(this.config.dataDir) : null;
    const hmac = createHmac('sha256', this.secrets.key('database-identity'));
    return hmac
      .update(JSON.stringify([rows, directory]))
      .digest('base64url')
      .slice(0, 16);
  }
}
