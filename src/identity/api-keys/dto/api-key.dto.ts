import { ApiProperty } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, ArrayUnique, IsArray, IsIn } from 'class-validator';
import { Nullable, Optional, Text } from '../../../platform/http/validation/decorators.js';
import { ApiInteger } from '../../../platform/openapi/api-integer.decorator.js';
import { ApiScopes } from '../../api-scopes.decorator.js';
import { type Scope, SCOPES } from '../../scope.js';
import type { ApiKey } from '../api-key.entity.js';
import type { IssuedKey } from '../issued-key.js';
import { IsRfc3339 } from '../../../platform/time/rfc3339.js';

const LIST = { message: `must be a list of 1 to ${SCOPES.length} scopes` };

/** A key to be made for oneself. */
export class CreateApiKeyRequest {
  /**
   * What the key is for, in your own words.
   * @example "CI pipeline"
   */
  @Text(1, 100)
  name: string;

  /**
   * What the key is allowed: at most what the key that makes it has, and all of that when left out.
   * @example ["read", "run"]
   */
  @Optional()
  @IsArray(LIST)
  @ArrayMinSize(1, LIST)
  @ArrayMaxSize(SCOPES.length, LIST)
  @ArrayUnique({ message: 'must not name a scope twice' })
  @IsIn(SCOPES, { each: true, message: `must be one of ${SCOPES.join(', ')}` })
  @ApiScopes({ required: false })
  scopes?: Scope[];

  /**
   * When the key stops working (RFC 3339, in the future); null or left out: never.
   * @example "2030-01-31T12:00:00Z"
   */
  @Optional()
  @Nullable()
  @IsRfc3339()
  @ApiProperty({ type: String, format: 'date-time', nullable: true, required: false })
  expires_at?: string | null;
}

/** An API key, without the key itself. */
export class ApiKeyResponse {
  /** @example 7 */
  @ApiInteger()
  id: number;

  /** @example "CI pipeline" */
  name: string;

  /**
   * What the key is allowed.
   * @example ["read", "run"]
   */
  @ApiScopes()
  scopes: Scope[];

  /**
   * When the key stops working; null: never.
   * @example "2030-01-31T12:00:00.000Z"
   */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  expires_at: string | null;

  /** @example "2026-11-23T09:30:00.000Z" */
  @ApiProperty({ format: 'date-time' })
  created_at: string;
}

/** A new API key, with the key itself. */
export class CreatedApiKeyResponse extends ApiKeyResponse {
  /**
   * The key, shown this once; null when the answer is replayed by an idempotency key.
   * @example "dsr_7_0Xb3mJ1QhZ8vWcT5nRkYp2LdGfSa9EuI4_1aB2cD"
   */
  @ApiProperty({ type: String, nullable: true })
  key: string | null;
}

/** One page of API keys, newest first. */
export class ApiKeyListResponse {
  items: ApiKeyResponse[];

  /** Continues the list as `cursor`; null on the last page. */
  next_cursor: string | null;
}

/** An API key as the API shows it. */
export function toApiKeyResponse({ id, name, scopes, expiresAt, createdAt }: ApiKey): ApiKeyResponse {
  return {
    id,
    name,
    scopes,
    expires_at: expiresAt && expiresAt.toISOString(),
    created_at: createdAt.toISOString(),
  };
}

/** A key that was just made, as its maker sees it this once. */
export function toCreatedApiKeyResponse({ apiKey, key }: IssuedKey): CreatedApiKeyResponse {
  return { ...toApiKeyResponse(apiKey), key };
}
