import { invalidRequest } from '../api-error.js';
import type { Json } from '../simulator.types.js';

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 1_000;

/** One page of a list, by `limit`, `after_id` and `before_id` as the API has them. Throws its 400. */
export function page(items: readonly Json[], query: URLSearchParams): Json {
  const limit = Number(query.get('limit') ?? DEFAULT_LIMIT);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    throw invalidRequest('limit', `Input should be an integer between 1 and ${MAX_LIMIT}`);
  }
  const indexOf = (name: string): number => {
    const index = items.findIndex((item) => item['id'] === query.get(name));
    if (index === -1) throw invalidRequest(name, 'no such id');
    return index;
  };
  let start = query.has('after_id') ? indexOf('after_id') + 1 : 0;
  let end = Math.min(start + limit, items.length);
  let hasMore = end < items.length;
  if (query.has('before_id')) {
    end = indexOf('before_id');
    start = Math.max(0, end - limit);
    hasMore = start > 0;
  }
  const data = items.slice(start, end);
  return { data, has_more: hasMore, first_id: data[0]?.['id'] ?? null, last_id: data.at(-1)?.['id'] ?? null };
}
