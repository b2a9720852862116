import { Injectable } from '@nestjs/common';
import { ValidationFailedError } from '../errors/platform.errors.js';
import { Cursors } from './cursors.js';
import { DEFAULT_LIMIT } from './page-query.dto.js';

/** Which part of a list is wanted, newest first: rows with an id below `beforeId`. */
export interface PageRequest {
  readonly limit: number;
  readonly beforeId: number | null;
  readonly offset: number;
}

/** Rows of one page, and whether there are more behind it. */
export interface Slice<T> {
  readonly rows: readonly T[];
  readonly more: boolean;
}

/** Body of every list answer. */
export interface Page<T> {
  readonly items: T[];
  readonly next_cursor: string | null;
}

/** Reads `limit`, `cursor` and `offset`, and writes `next_cursor`, the same for every list that is ordered by id. */
@Injectable()
export class Pager {
  constructor(private readonly cursors: Cursors) {}

  /**
   * @param scope names the list, its owner and its filters.
   * @throws ValidationFailedError for a cursor of another list, or one together with `offset`.
   */
  request(query: { limit?: number; cursor?: string; offset?: number }, scope: string): PageRequest {
    const limit = query.limit ?? DEFAULT_LIMIT;
    if (query.cursor === undefined) return { limit, beforeId: null, offset: query.offset ?? 0 };
    if (query.offset !== undefined) {
      throw new ValidationFailedError([{ parameter: 'offset', detail: 'does not go together with cursor' }]);
    }
    return { limit, beforeId: Number(this.cursors.decode(query.cursor, scope)[0]), offset: 0 };
  }

  /** The answer for a slice; `toItem` builds the response of one row. */
  page<Row extends { id: number }, Item>(slice: Slice<Row>, scope: string, toItem: (row: Row) => Item): Page<Item> {
    const last = slice.rows.at(-1);
    return {
      items: slice.rows.map(toItem),
      next_cursor: slice.more && last ? this.cursors.encode([last.id], scope) : null,
    };
  }
}

/** A scope text from its parts; JSON keeps parts apart whatever they contain. */
export function pageScope(list: string, userId: number, filters: object = {}): string {
  return JSON.stringify([list, userId, filters]);
}
