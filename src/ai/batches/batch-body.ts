import { setImmediate as nextTurn } from 'node:timers/promises';
import { MAX_FIELD_ERRORS, ValidationFailedError } from '../../platform/errors/platform.errors.js';
import type { FieldError } from '../../platform/errors/research-platform.error.js';
import { JsonLines } from '../../platform/http/ndjson-body.js';
import { checkBody } from '../../platform/http/validation/validation.pipe.js';
import type { BatchMode } from './batch.types.js';
import { BatchQueryRequest, BatchRequest, MAX_QUERIES } from './dto/batch-request.dto.js';

/** Queries that are checked before others get a turn: checking ten thousand at once would stop the process. */
const SLICE = 100;

/** A batch as it was asked for, with every query in form. */
export interface ParsedBatch {
  readonly mode: BatchMode;
  readonly queries: readonly BatchQueryRequest[];
}

/**
 * Checks the body of a batch: one JSON object, or lines of JSON.
 * @throws ValidationFailedError with a pointer such as `/queries/17/input` for each mistake
 */
export async function parseBatch(body: unknown, modeInQuery: BatchMode | undefined): Promise<ParsedBatch> {
  const { queries, mode } = body instanceof JsonLines ? { queries: body.values, mode: undefined } : outerForm(body);
  if (mode !== undefined && modeInQuery !== undefined && mode !== modeInQuery) {
    throw new ValidationFailedError([{ parameter: 'mode', detail: `is not the mode of the body, ${mode}` }]);
  }
  if (queries.length < 1 || queries.length > MAX_QUERIES) {
    throw new ValidationFailedError([{ pointer: '/queries', detail: `must hold 1 to ${MAX_QUERIES} queries` }]);
  }
  return { mode: mode ?? modeInQuery ?? 'realtime', queries: await checked(queries) };
}

function outerForm(body: unknown): { queries: readonly unknown[]; mode: BatchMode | undefined } {
  const { queries, mode } = checkBody(BatchRequest, body) as BatchRequest;
  return { queries, mode };
}

async function checked(queries: readonly unknown[]): Promise<BatchQueryRequest[]> {
  const errors: FieldError[] = [];
  const found: BatchQueryRequest[] = [];
  const firstWith = new Map<string, number>();
  for (const [index, query] of queries.entries()) {
    if (index % SLICE === SLICE - 1) await nextTurn();
    const pointer = `/queries/${index}`;
    try {
      const request = checkBody(BatchQueryRequest, query, pointer) as BatchQueryRequest;
      const twin = request.custom_id === undefined ? undefined : firstWith.get(request.custom_id);
      if (twin !== undefined) {
        errors.push({ pointer: `${pointer}/custom_id`, detail: `is the custom_id of /queries/${twin} too` });
      } else if (request.custom_id !== undefined) firstWith.set(request.custom_id, index);
      found.push(request);
    } catch (error) {
      if (!(error instanceof ValidationFailedError)) throw error;
      errors.push(...(error.extras.errors ?? []));
    }
    if (errors.length >= MAX_FIELD_ERRORS) break;
  }
  if (errors.length > 0) throw new ValidationFailedError(errors);
  return found;
}
