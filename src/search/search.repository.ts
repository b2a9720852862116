import { Injectable } from '@nestjs/common';
import type { UserId } from '../identity/user-id.js';
import { Transaction } from '../platform/database/transaction.js';
import type { ResearchItemId } from '../prompts/parent-item.js';
import { filingQuery } from './filing.js';
import { type MatchedText, readMarks } from './marked-text.js';
import { SEARCH } from './search.sql.js';
import { HIT_TYPES, type HitType, type SearchPosition, type SearchQuestion } from './search.types.js';

interface FoundRow {
  type: HitType;
  id: number;
  rank: number;
  /** Null for a run, which has none. */
  title: string | null;
  researchItemId: ResearchItemId | null;
  createdAt: Date;
  texts: (string | null)[];
  marked: (string | null)[];
  tops: (number | null)[];
}

/** A document that was found, with its texts. */
export interface Found extends Omit<FoundRow, 'texts' | 'marked'> {
  readonly texts: readonly MatchedText[];
}

/** Finds what a user has. */
@Injectable()
export class SearchRepository {
  constructor(private readonly transaction: Transaction) {}

  /**
   * The best matches behind a position, by one query.
   * @param count how many at most
   */
  async find(owner: UserId, question: SearchQuestion, after: SearchPosition | null, count: number): Promise<Found[]> {
    const types = question.type === undefined ? HIT_TYPES : [question.type];
    const rows = await this.transaction.sql<FoundRow>(SEARCH, [
      owner,
      question.q,
      types,
      filingQuery(question, new Date()),
      after?.tops ?? types.map(() => null),
      after?.rank ?? null,
      after?.type ?? null,
      after?.id ?? null,
      count,
      question.researchItemId ?? null,
      question.days.from ?? null,
      question.days.to ?? null,
    ]);
    return rows.map(toFound);
  }
}

function toFound({ texts, marked, ...row }: FoundRow): Found {
  return { ...row, texts: texts.map((text, index) => readMarks(text ?? '', marked[index] ?? '')) };
}
