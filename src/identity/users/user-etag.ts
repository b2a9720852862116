import { etagOf } from '../../platform/http/etag.js';
import { toUserResponse } from './dto/user.dto.js';
import type { User } from './user.entity.js';

/**
 * ETag of a user. The money, which every run moves, is its second part: so a copy of it is stale as soon as it differs, and
 * `If-Match` compares what an admin can change alone.
 */
export function userEtag(user: User): string {
  const { spent_usd, reserved_usd, ...own } = toUserResponse(user);
  return etagOf(own, { spent_usd, reserved_usd });
}
