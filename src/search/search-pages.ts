import { Injectable } from '@nestjs/common';
import type { UserId } from '../identity/user-id.js';
import { Cursors } from '../platform/paging/cursors.js';
import { DEFAULT_LIMIT } from '../platform/paging/page-query.dto.js';
import { type Page, pageScope } from '../platform/paging/pager.js';
import { parseDay } from '../platform/time/day.js';
import { type HitResponse, toHitResponse } from './dto/search.dto.js';
import type { SearchQuery } from './dto/search-query.dto.js';
import { SearchService } from './search.service.js';
import type { HitType, SearchPosition, SearchQuestion } from './search.types.js';

/** Pages of hits: parameters, cursors and answers. */
@Injectable()
export class SearchPages {
  constructor(
    private readonly service: SearchService,
    private readonly cursors: Cursors,
  ) {}

  /** @throws ValidationFailedError for a cursor of another search, and what `SearchService.search` throws */
  async list(owner: UserId, { limit = DEFAULT_LIMIT, cursor, ...filters }: SearchQuery): Promise<Page<HitResponse>> {
    const scope = pageScope('search', owner, filters);
    const after = cursor === undefined ? null : positionOf(this.cursors.decode(cursor, scope));
    const { hits, next } = await this.service.search(owner, questionOf(filters), after, limit);
    return { items: hits.map(toHitResponse), next_cursor: next && this.cursors.encode(keyOf(next), scope) };
  }
}

function questionOf({ q, type, research_item_id: researchItemId, from, to }: SearchQuery): SearchQuestion {
  const days = { ...dayAt('from', from), ...dayAt('to', to) };
  return { q, type, researchItemId, days };
}

function dayAt(end: 'from' | 'to', text: string | undefined): object {
  return text === undefined ? {} : { [end]: parseDay(text) };
}

function keyOf({ rank, type, id, tops }: SearchPosition): (string | number)[] {
  return [rank, type, id, ...tops.map((top) => top ?? '')];
}

function positionOf([rank, type, id, ...tops]: readonly (string | number)[]): SearchPosition {
  return {
    rank: Number(rank),
    type: type as HitType,
    id: Number(id),
    tops: tops.map((top) => (top === '' ? null : Number(top))),
  };
}
