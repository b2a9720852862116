import { Injectable } from '@nestjs/common';
import { bulkhead } from 'cockatiel';
import type { UserId } from '../identity/user-id.js';
import { ValidationFailedError } from '../platform/errors/platform.errors.js';
import { fragmentsOf, titleFrom } from './fragments.js';
import { type Found, SearchRepository } from './search.repository.js';
import type { Hit, SearchPosition, SearchQuestion } from './search.types.js';

/** One page of hits, and where the next one begins, if there is one. */
export interface HitPage {
  readonly hits: readonly Hit[];
  readonly next: SearchPosition | null;
}

/** Searches that one process asks the database for at a time: they are the longest statements, and may not take all connections. */
const AT_A_TIME = 4;

/** Full text over what a user has. */
@Injectable()
export class SearchService {
  private readonly places = bulkhead(AT_A_TIME, Number.POSITIVE_INFINITY);

  constructor(private readonly repository: SearchRepository) {}

  /** The best first. @throws ValidationFailedError for `from` when it is after `to` */
  async search(owner: UserId, question: SearchQuestion, after: SearchPosition | null, limit: number): Promise<HitPage> {
    const { from, to } = question.days;
    if (from !== undefined && to !== undefined && from > to) {
      throw new ValidationFailedError([{ parameter: 'from', detail: `must not be after to (${to})` }]);
    }
    // One more than asked tells whether there is a next page.
    const found = await this.places.execute(() => this.repository.find(owner, question, after, limit + 1));
    const shown = found.slice(0, limit);
    return { hits: shown.map(toHit), next: found.length > limit ? (shown.at(-1) ?? null) : null };
  }
}

function toHit({ type, id, title, texts, researchItemId, createdAt, rank }: Found): Hit {
  const named = title ?? titleFrom(texts[0]?.text ?? '');
  return { type, id, title: named, fragments: fragmentsOf(texts), researchItemId, createdAt, rank };
}
