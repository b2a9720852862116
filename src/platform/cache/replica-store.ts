import type { KeyvStoreAdapter, StoredData } from 'keyv';
import { LRUCache } from 'lru-cache';
import type { SharedTexts } from './shared-texts.js';

/** Entries that a process keeps, the least used going first. */
const MOST_LOCAL = 10_000;

/** What a cache keeps: a value, and when it was computed. */
export interface Computed<T> {
  readonly value: T;
  /** Milliseconds of the epoch. */
  readonly at: number;
}

interface Entry<T> {
  readonly value: Computed<T>;
  readonly expires?: number | undefined;
}

/** Where a cache keeps its entries: for all replicas in Redis, and in this process for when Redis is away or there is none. */
export class ReplicaStore<T> implements KeyvStoreAdapter {
  readonly opts = {};
  private readonly local = new LRUCache<string, Entry<T>>({ max: MOST_LOCAL });

  /** @param isOurs whether what was read from Redis, where anybody may write, is a value that can be answered with */
  constructor(
    private readonly shared: SharedTexts,
    private readonly isOurs: (computed: Computed<unknown>) => computed is Computed<T>,
  ) {}

  async get<Value>(key: string): Promise<StoredData<Value> | undefined> {
    return (await this.find(key)) as StoredData<Value> | undefined;
  }

  /** The entry, if there is one that can be answered with: what is shared goes before what this process has. */
  async find(key: string): Promise<Entry<T> | undefined> {
    const text = await this.shared.get(key);
    const entry = (text === null ? null : this.parse(text)) ?? this.local.get(key);
    return entry && this.isOurs(entry.value) ? entry : undefined;
  }

  async set(key: string, entry: Entry<T>, ttlMs?: number): Promise<void> {
    this.local.set(key, entry);
    if (ttlMs !== undefined) await this.shared.set(key, JSON.stringify(entry), ttlMs);
  }

  async delete(key: string): Promise<boolean> {
    await this.shared.delete(key);
    return this.local.delete(key);
  }

  /** Forgets what this process has; what is shared ends by its time. */
  async clear(): Promise<void> {
    this.local.clear();
  }

  /** It emits nothing: that Redis is away is told by the connection. */
  on(): this {
    return this;
  }

  private parse(text: string): Entry<T> | null {
    const entry = parsed(text);
    if (!isObject(entry) || !Number.isSafeInteger(entry['expires'])) return null;
    const computed = entry['value'];
    if (!isObject(computed) || !Number.isSafeInteger(computed['at'])) return null;
    const candidate = { value: computed['value'], at: Number(computed['at']) };
    return this.isOurs(candidate) ? { value: candidate, expires: Number(entry['expires']) } : null;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Undefined for what is no JSON: like an entry that is not there. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
