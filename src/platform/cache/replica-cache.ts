import { setTimeout as sleep } from 'node:timers/promises';
import { type Cache, createCache } from 'cache-manager';
import { Keyv } from 'keyv';
import { type Computed, ReplicaStore } from './replica-store.js';
import type { SharedTexts } from './shared-texts.js';

/** How long other replicas leave a computation to the one that began it. */
const TURN_MS = 1000;
const LOOK_AGAIN_MS = 20;
/** Clocks of replicas may differ by this much. */
const CLOCK_SKEW_MS = 60_000;

/** What a cache is for. */
export interface ReplicaCacheOptions<T> {
  /** Begins its keys; another shape of values needs another name. */
  readonly name: string;
  /** How old a value may be; 0 keeps none. */
  readonly ttlMs: number;
  /** Whether something is a value of this cache. */
  readonly isOurs: (value: unknown) => value is T;
}

/**
 * Computed values, each kept for a time: one computation at a time for a key however many ask for it at once, in one process
 * always, and among replicas where they share a Redis. A replica that finds another at it waits for that one's value, for a
 * second at most.
 */
export class ReplicaCache<T> {
  private readonly cache: Cache;
  private readonly store: ReplicaStore<T>;

  constructor(
    private readonly shared: SharedTexts,
    private readonly options: ReplicaCacheOptions<T>,
  ) {
    this.store = new ReplicaStore<T>(shared, (computed): computed is Computed<T> => this.isFresh(computed));
    const keyv = new Keyv({ store: this.store, useKeyPrefix: false });
    // The store reads and writes JSON itself, since it has to tell garbage from values.
    keyv.serialize = undefined;
    keyv.deserialize = undefined;
    this.cache = createCache({ stores: [keyv] });
  }

  /** The value, computed now unless there is one. @throws what `compute` throws, for all who wait for it */
  async of(key: string, compute: () => Promise<T>): Promise<Computed<T>> {
    const name = `${this.options.name}:${key}`;
    // Keyv takes 0 for no end at all.
    const ttl = ({ at }: Computed<T>): number => Math.max(1, at + this.options.ttlMs - Date.now());
    return this.cache.wrap(name, () => this.inTurn(name, compute), { ttl });
  }

  private async inTurn(name: string, compute: () => Promise<T>): Promise<Computed<T>> {
    if (this.options.ttlMs === 0) return { value: await compute(), at: Date.now() };
    const turn = `${name}:turn`;
    const ours = await this.shared.take(turn, TURN_MS);
    if (!ours) {
      const theirs = await this.awaited(name);
      if (theirs) return theirs;
    }
    try {
      return { value: await compute(), at: Date.now() };
    } catch (error) {
      if (ours) await this.shared.delete(turn);
      throw error;
    }
  }

  private async awaited(name: string): Promise<Computed<T> | null> {
    for (const end = Date.now() + TURN_MS; Date.now() < end;) {
      const entry = await this.store.find(name);
      if (entry) return entry.value;
      await sleep(LOOK_AGAIN_MS);
    }
    return null;
  }

  private isFresh(computed: Computed<unknown>): computed is Computed<T> {
    const ageMs = Date.now() - computed.at;
    return ageMs > -CLOCK_SKEW_MS && ageMs < this.options.ttlMs && this.options.isOurs(computed.value);
  }
}
