import { Injectable } from '@nestjs/common';
import { Transaction } from '../database/transaction.js';
import { IdempotencyRepository } from './idempotency.repository.js';
import type { KeyedRequest } from './keyed-request.js';

/** What became of a request that makes a resource: made now, or already under the same key. */
export type Made<T> =
  { readonly made: T; readonly replayed: null } | { readonly made: null; readonly replayed: number };

/** Keys that hold on to the resource that was made under them: runs and batches, which go on after the answer. */
@Injectable()
export class Idempotency {
  constructor(
    private readonly transaction: Transaction,
    private readonly keys: IdempotencyRepository,
  ) {}

  /**
   * The resource that was made under the key, or null. Asked before anything else, so that a replay succeeds also where a
   * new request would be refused by now.
   * @throws IdempotencyKeyReusedError
   */
  async find(keyed: KeyedRequest | null): Promise<number | null> {
    return keyed && ((await this.keys.find(keyed))?.resource?.id ?? null);
  }

  /**
   * Makes a resource and binds the key to it in one transaction. Without a key it is just made.
   * @throws IdempotencyKeyReusedError, RequestInProgressError, and what `make` throws
   */
  async once<T>(
    keyed: KeyedRequest | null,
    kind: string,
    idOf: (made: T) => number,
    make: () => Promise<T>,
  ): Promise<Made<T>> {
    if (!keyed) return { made: await make(), replayed: null };
    return this.transaction.run(async (): Promise<Made<T>> => {
      const known = await this.keys.claim(keyed);
      if (known?.resource) return { made: null, replayed: known.resource.id };
      const made = await make();
      await this.keys.bind(keyed, kind, idOf(made));
      return { made, replayed: null };
    });
  }
}
