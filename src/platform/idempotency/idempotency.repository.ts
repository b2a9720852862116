import { Injectable } from '@nestjs/common';
import pg from 'pg';
import { Transaction } from '../database/transaction.js';
import { IdempotencyKeyReusedError, RequestInProgressError } from './idempotency.errors.js';
import type { KeyedRequest } from './keyed-request.js';

/** How long another request under the key is waited for: it has a connection of the pool meanwhile. */
const PATIENCE_MS = 500;
const LOCK_NOT_AVAILABLE = '55P03';

/** What a key stands for: an answer as it was given, or the resource that was made. */
export type Remembered =
  | { readonly answer: StoredAnswer; readonly resource: null }
  | { readonly answer: null; readonly resource: { readonly kind: string; readonly id: number } };

/** An answer as it was given. */
export interface StoredAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface Row {
  fingerprint: string;
  resource_kind: string | null;
  resource_id: number | null;
  status: number | null;
  headers: Record<string, string> | null;
  body: string | null;
}

const FIND = `
  select fingerprint, resource_kind, resource_id, status, headers, body from idempotency_keys
  where user_id = $1 and key = $2 and expires_at > now()`;
/** An expired key is a new one. */
const CLAIM = `
  insert into idempotency_keys as k (user_id, key, fingerprint, expires_at)
  values ($1, $2, $3, now() + interval '24 hours')
  on conflict (user_id, key) do update set fingerprint = excluded.fingerprint, expires_at = excluded.expires_at,
    resource_kind = null, resource_id = null, status = null, headers = null, body = null
  where k.expires_at <= now()
  returning key`;

/** The keys of all users, each for its own. */
@Injectable()
export class IdempotencyRepository {
  constructor(private readonly transaction: Transaction) {}

  /** What the key stands for; null when it is new. @throws IdempotencyKeyReusedError */
  async find({ userId, key, fingerprint }: KeyedRequest): Promise<Remembered | null> {
    const [row] = await this.transaction.sql<Row>(FIND, [userId, key]);
    if (!row) return null;
    if (row.fingerprint !== fingerprint) throw new IdempotencyKeyReusedError();
    return rememberedOf(row);
  }

  /**
   * Takes the key in the open transaction, so that it is taken if and only if what is done under it is committed.
   * @returns null when it is ours now; else what it stands for
   * @throws IdempotencyKeyReusedError, RequestInProgressError when another has it and does not end
   */
  async claim(request: KeyedRequest): Promise<Remembered | null> {
    try {
      await this.transaction.sql(`select set_config('lock_timeout', '${PATIENCE_MS}ms', true)`);
      const taken = await this.transaction.sql(CLAIM, [request.userId, request.key, request.fingerprint]);
      if (taken.length > 0) {
        await this.transaction.sql(`select set_config('lock_timeout', '0', true)`);
        return null;
      }
    } catch (error) {
      if (error instanceof pg.DatabaseError && error.code === LOCK_NOT_AVAILABLE) throw new RequestInProgressError();
      throw error;
    }
    const remembered = await this.find(request);
    if (!remembered) throw new RequestInProgressError();
    return remembered;
  }

  /** The key holds on to a resource. */
  async bind({ userId, key }: KeyedRequest, kind: string, id: number): Promise<void> {
    await this.transaction.sql(
      'update idempotency_keys set resource_kind = $3, resource_id = $4 where user_id = $1 and key = $2',
      [userId, key, kind, id],
    );
  }

  /** The key holds on to an answer. */
  async store({ userId, key }: KeyedRequest, { status, headers, body }: StoredAnswer): Promise<void> {
    await this.transaction.sql(
      'update idempotency_keys set status = $3, headers = $4::json, body = $5 where user_id = $1 and key = $2',
      [userId, key, status, JSON.stringify(headers), body],
    );
  }

  /** Forgets what has expired. */
  async deleteExpired(): Promise<void> {
    await this.transaction.sql('delete from idempotency_keys where expires_at <= now()');
  }
}

function rememberedOf({ resource_kind: kind, resource_id: id, status, headers, body }: Row): Remembered {
  if (kind !== null && id !== null) return { answer: null, resource: { kind, id } };
  return { answer: { status: status ?? 200, headers: headers ?? {}, body: body ?? 'null' }, resource: null };
}
