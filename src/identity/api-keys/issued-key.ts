import type { ApiKey } from './api-key.entity.js';

/** A new key: its row, and the key itself, which is shown this once and stored nowhere. */
export interface IssuedKey {
  readonly apiKey: ApiKey;
  readonly key: string;
}
