import type { Brand } from '../platform/brand.js';

/** Id of a user. Every owned table has one as `user_id`. */
export type UserId = Brand<number, 'UserId'>;

/** Id of an API key. */
export type ApiKeyId = Brand<number, 'ApiKeyId'>;
