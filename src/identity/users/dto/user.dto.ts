import { ApiProperty, PickType } from '@nestjs/swagger';
import { Nullable, Optional, Text } from '../../../platform/http/validation/decorators.js';
import { usdFromNano } from '../../../platform/money/money.js';
import { ApiInteger } from '../../../platform/openapi/api-integer.decorator.js';
import { CreatedApiKeyResponse, toCreatedApiKeyResponse } from '../../api-keys/dto/api-key.dto.js';
import type { IssuedKey } from '../../api-keys/issued-key.js';
import { ApiScopes } from '../../api-scopes.decorator.js';
import type { Scope } from '../../scope.js';
import { UsdAmount } from '../usd.decorator.js';
import type { User } from '../user.entity.js';

/** Beyond this nano-dollars would no longer be exact. */
const MAX_BUDGET_USD = 9_000_000;

/** A user to be made. */
export class CreateUserRequest {
  /** @example "Ada Lovelace" */
  @Text(1, 100)
  name: string;

  /**
   * Lifetime total that the user may spend, in USD with at most nine decimals; null or left out: no limit.
   * @example 25.5
   */
  @Optional()
  @Nullable()
  @UsdAmount(MAX_BUDGET_USD)
  @ApiProperty({ type: Number, minimum: 0, maximum: MAX_BUDGET_USD, nullable: true, required: false })
  budget_usd?: number | null;
}

/** What of a user is to change; what is left out stays. */
export class UpdateUserRequest {
  /** @example "Ada King" */
  @Optional()
  @Text(1, 100)
  name?: string;

  /**
   * Lifetime total that the user may spend, in USD with at most nine decimals; null: no limit. Below what is spent already
   * it is allowed, and nothing more runs.
   * @example 50
   */
  @Optional()
  @Nullable()
  @UsdAmount(MAX_BUDGET_USD)
  @ApiProperty({ type: Number, minimum: 0, maximum: MAX_BUDGET_USD, nullable: true, required: false })
  budget_usd?: number | null;
}

/** A user, with the money. */
export class UserResponse {
  /** @example 2 */
  @ApiInteger()
  id: number;

  /** @example "Ada Lovelace" */
  name: string;

  /**
   * Lifetime total that may be spent; null: no limit.
   * @example 25.5
   */
  @ApiProperty({ type: Number, nullable: true })
  budget_usd: number | null;

  /**
   * Settled cost, and cost that is not known for sure at its maximum.
   * @example 3.204156
   */
  spent_usd: number;

  /**
   * Worst case of the runs under way.
   * @example 0.061503
   */
  reserved_usd: number;

  /** @example "2026-11-23T09:30:00.000Z" */
  @ApiProperty({ format: 'date-time' })
  created_at: string;

  /**
   * When name or budget last changed.
   * @example "2026-11-23T09:30:00.000Z"
   */
  @ApiProperty({ format: 'date-time' })
  updated_at: string;
}

/** A new user, with a first API key. */
export class CreatedUserResponse extends UserResponse {
  /** The user's first key, with `read`, `write` and `run`. */
  api_key: CreatedApiKeyResponse;
}

/** One page of users, newest first. */
export class UserListResponse {
  items: UserResponse[];

  /** Continues the list as `cursor`; null on the last page. */
  next_cursor: string | null;
}

const OWN_FIELDS = ['id', 'name', 'budget_usd', 'spent_usd', 'reserved_usd', 'created_at'] as const;

/** Who is asking. */
export class MeResponse extends PickType(UserResponse, OWN_FIELDS) {
  /**
   * What the API key of this request is allowed.
   * @example ["read", "write", "run"]
   */
  @ApiScopes()
  scopes: Scope[];
}

/** A user as an admin sees them. */
export function toUserResponse(user: User): UserResponse {
  return {
    id: user.id,
    name: user.name,
    budget_usd: user.budgetNanoUsd === null ? null : usdFromNano(user.budgetNanoUsd),
    spent_usd: usdFromNano(user.spentNanoUsd),
    reserved_usd: usdFromNano(user.reservedNanoUsd),
    created_at: user.createdAt.toISOString(),
    updated_at: user.updatedAt.toISOString(),
  };
}

/** A user that was just made, with the key that is shown this once. */
export function toCreatedUserResponse(user: User, issued: IssuedKey): CreatedUserResponse {
  return { ...toUserResponse(user), api_key: toCreatedApiKeyResponse(issued) };
}

/** A user as they see themselves, with the scopes of the key in use. */
export function toMeResponse(user: User, scopes: ReadonlySet<Scope>): MeResponse {
  const { id, name, budget_usd, spent_usd, reserved_usd, created_at } = toUserResponse(user);
  return { id, name, scopes: [...scopes], budget_usd, spent_usd, reserved_usd, created_at };
}
