import { Injectable } from '@nestjs/common';
import { Transaction } from './transaction.js';

// Both may be asked for by every role. The oid tells databases of one server apart, also those made from one template.
const IDENTITY = `
  select c.system_identifier::text || '-' || d.oid::text as identity
  from pg_control_system() c, pg_database d where d.datname = current_database()`;

/** What tells this database from every other: for keys in what several installations may share. */
@Injectable()
export class DatabaseIdentity {
  constructor(private readonly transaction: Transaction) {}

  /** The same on all replicas and after every restart. */
  async read(): Promise<string> {
    const [row] = await this.transaction.sql<{ identity: string }>(IDENTITY);
    if (!row) throw new Error('The server knows nothing of its own database');
    return row.identity;
  }
}
