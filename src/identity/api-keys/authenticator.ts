import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Config } from '../../platform/config/config.js';
import type { AuthenticatedUser } from '../current-user.decorator.js';
import type { ApiKey } from './api-key.entity.js';
import { ApiKeyHasher } from './api-key-hasher.js';
import { ApiKeysRepository } from './api-keys.repository.js';
import { isMistyped } from './key-format.js';

/** Revoking holds everywhere within 5 s: what another replica remembers is never older than this. */
const KNOWN_MS = 4000;
/** Long enough to blunt a loop with a wrong key, short enough for a key that comes into being on another replica. */
const UNKNOWN_MS = 1000;
const MAX_REMEMBERED = 10_000;
/** The clock of the caches and of `start`, looked up anew each time so that a test can replace it. */
const perf = { now: (): number => performance.now() };

interface KnownKey {
  readonly user: AuthenticatedUser;
  readonly expiresAtMs: number;
}

/**
 * Tells whose a presented key is. Answers are remembered under the key's hash for a few seconds, and requests that miss
 * together share one query.
 */
@Injectable()
export class Authenticator {
  private readonly known = new LRUCache<string, KnownKey>({ max: MAX_REMEMBERED, ttl: KNOWN_MS, perf });
  private readonly unknown = new LRUCache<string, true>({ max: MAX_REMEMBERED, ttl: UNKNOWN_MS, perf });
  private readonly underWay = new Map<string, Promise<KnownKey | null>>();
  private readonly bootstrapHash: Buffer | null;

  constructor(
    private readonly repository: ApiKeysRepository,
    private readonly hasher: ApiKeyHasher,
    config: Config,
  ) {
    const { bootstrapApiKey } = config.identity;
    this.bootstrapHash = bootstrapApiKey === undefined ? null : hasher.hash(bootstrapApiKey);
  }

  /**
   * The user of a key, or null for one that is unknown, expired or revoked.
   * @throws DatabaseUnavailableError when nothing fresh is remembered and the database is away: that is no verdict.
   */
  async authenticate(key: string): Promise<AuthenticatedUser | null> {
    const hash = this.hasher.hash(key);
    // A bootstrap key has any shape, also one that looks like a mistyped key of ours.
    if (isMistyped(key) && !(this.bootstrapHash && this.hasher.equal(hash, this.bootstrapHash))) return null;
    const name = hash.toString('base64');
    if (this.unknown.has(name)) return null;
    const found = this.known.get(name) ?? (await this.lookUpOnce(name, hash));
    return found && found.expiresAtMs > Date.now() ? found.user : null;
  }

  /** Forgets what is remembered of the key with this hash: it was revoked, made or replaced. Call it after the commit. */
  forget(hash: Buffer): void {
    const name = hash.toString('base64');
    this.known.delete(name);
    this.unknown.delete(name);
    // A query already under way may have read the state before; nobody new joins it, and its answer is not kept.
    this.underWay.delete(name);
  }

  private lookUpOnce(name: string, hash: Buffer): Promise<KnownKey | null> {
    const present = this.underWay.get(name);
    if (present) return present;
    // Age counts from before the query: what it reads may be changed while the answer is on its way.
    const start = perf.now();
    const query: Promise<KnownKey | null> = this.lookUp(hash)
      .then((found) => {
        if (this.underWay.get(name) !== query) return found;
        if (found) this.known.set(name, found, { start });
        else this.unknown.set(name, true, { start });
        return found;
      })
      .finally(() => {
        if (this.underWay.get(name) === query) this.underWay.delete(name);
      });
    this.underWay.set(name, query);
    return query;
  }

  private async lookUp(hash: Buffer): Promise<KnownKey | null> {
    const row = await this.repository.findByHash(hash);
    return row && this.hasher.equal(row.hash, hash) ? toKnownKey(row) : null;
  }
}

function toKnownKey({ id, userId, scopes, expiresAt }: ApiKey): KnownKey {
  return {
    user: { id: userId, keyId: id, scopes: new Set(scopes) },
    expiresAtMs: expiresAt ? expiresAt.getTime() : Number.POSITIVE_INFINITY,
  };
}
