import { ApiProperty } from '@nestjs/swagger';
import { ApiInteger } from '../../platform/openapi/api-integer.decorator.js';
import { HIT_TYPES, type Hit, type HitType } from '../search.types.js';

const RANGE = { type: 'array', minItems: 2, maxItems: 2, items: { type: 'integer', minimum: 0 } } as const;

/** An excerpt of a text, as it stands there: plain text, no markup. */
export class FragmentResponse {
  /** Some 200 characters around what was found, cut between characters as readers see them.
   * @example "Lithium dendrites limit the charging speed of solid-state cells." */
  text: string;

  /**
   * Where the words stand that were found: `[start, end]` in UTF-16 code units, as JavaScript counts, so that
   * `text.slice(start, end)` is the word.
   * @example [[8, 17], [28, 36], [37, 42]]
   */
  @ApiProperty({ type: 'array', items: RANGE })
  matches: [number, number][];
}

/** Something that was found. */
export class HitResponse {
  /** What it is; it can be read under its `id` in `/research-items`, `/prompts` or `/ai/runs`. */
  @ApiProperty({ enum: HIT_TYPES, enumName: 'HitType' })
  type: HitType;

  @ApiInteger({ minimum: 1, example: 12 })
  id: number;

  /** Title of the research item, name of the prompt, or the beginning of the question of the run.
   * @example "What limits the charging speed of solid-state batteries?" */
  title: string;

  /** Up to three excerpts with what was found. Where it stands beyond the first 8,000 characters of a text, or nothing but words to leave out was asked for: the beginning, without matches. */
  fragments: FragmentResponse[];

  /** The research item that it is or belongs to; null for a run without one.
   * @example 7 */
  @ApiInteger({ nullable: true, example: 7 })
  research_item_id: number | null;

  /** @example "2026-11-23T09:30:00.000Z" */
  @ApiProperty({ format: 'date-time' })
  created_at: string;

  /** How well it matches, from 0 to 1: by how often and how close together the words stand, where (a title counts most, an answer least), and the length.
   * @example 0.2857143 */
  rank: number;
}

/** One page of hits, the best first. */
export class SearchResponse {
  items: HitResponse[];

  /** Continues the list as `cursor`; null on the last page. */
  next_cursor: string | null;
}

/** The hit as the API shows it. */
export function toHitResponse({ type, id, title, fragments, researchItemId, createdAt, rank }: Hit): HitResponse {
  return {
    type,
    id,
    title,
    fragments: fragments.map(({ text, matches }) => ({ text, matches: matches.map(([start, end]) => [start, end]) })),
    research_item_id: researchItemId,
    created_at: createdAt.toISOString(),
    rank,
  };
}
