import { Injectable } from '@nestjs/common';
import { Transaction } from '../database/transaction.js';

/** Asks the database for a sign of life. */
@Injectable()
export class HealthRepository {
  constructor(private readonly transaction: Transaction) {}

  /** @throws DatabaseUnavailableError within the pool's bounds when there is none. */
  async ping(): Promise<void> {
    await this.transaction.sql('select 1');
  }
}
