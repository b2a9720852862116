import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { UserId } from '../../identity/user-id.js';
import { MAX_FIELD_ERRORS, ValidationFailedError } from '../../platform/errors/platform.errors.js';
import { type FieldError, ResearchPlatformError } from '../../platform/errors/research-platform.error.js';
import { underPointer } from '../../platform/http/validation/under-pointer.js';
import { PromptsService } from '../../prompts/prompts.service.js';
import { requestLength } from '../runs/claude-request.js';
import { type PromptSource, RunDrafts } from '../runs/run-drafts.js';
import type { BatchQuestion } from '../runs/run-groups.js';
import { BatchTooLargeError } from './batch.errors.js';
import type { BatchQueryRequest } from './dto/batch-request.dto.js';

/** Queries that are drafted before others get a turn. */
const SLICE = 100;
/** Characters that a batch may ask: twice what its body may have. Ten thousand short queries of one long prompt come to more. */
const MAX_TEXT = 64 * 1024 * 1024;

/** Turns the queries of a batch into the questions that Claude is asked. */
@Injectable()
export class BatchDrafts {
  constructor(
    private readonly drafts: RunDrafts,
    private readonly prompts: PromptsService,
  ) {}

  /**
   * @throws the problem that a query alone would get, its places under `/queries/<index>`: of several, all that are
   *   mistakes in the form, or else the first; BatchTooLargeError
   */
  async draft(owner: UserId, queries: readonly BatchQueryRequest[]): Promise<BatchQuestion[]> {
    const source = rememberedPrompts(this.prompts);
    const questions: BatchQuestion[] = [];
    const errors: FieldError[] = [];
    let text = 0;
    for (const [index, { custom_id: customId, ...request }] of queries.entries()) {
      if (index % SLICE === SLICE - 1) await nextTurn();
      try {
        const question = await this.drafts.check(owner, request, source);
        text += requestLength(question);
        questions.push({ question, index, customId: customId ?? null });
      } catch (error) {
        if (!(error instanceof ResearchPlatformError)) throw error;
        const placed = underPointer(error, `/queries/${index}`) as ResearchPlatformError;
        if (placed.slug !== 'validation-failed') throw placed;
        errors.push(...(placed.extras.errors ?? []));
        if (errors.length >= MAX_FIELD_ERRORS) break;
      }
      if (text > MAX_TEXT) throw new BatchTooLargeError(MAX_TEXT);
    }
    if (errors.length > 0) throw new ValidationFailedError(errors);
    return questions;
  }
}

/** Ten thousand queries are mostly of few prompts and items: each is looked up once. */
function rememberedPrompts(prompts: PromptsService): PromptSource {
  const known = new Map<string, Promise<unknown>>();
  const once = <T>(key: unknown[], find: () => Promise<T>): Promise<T> => {
    const name = JSON.stringify(key);
    const found = (known.get(name) as Promise<T> | undefined) ?? find();
    known.set(name, found);
    return found;
  };
  return {
    render: (version, variables) => prompts.render(version, variables),
    resolve: (owner, id, choice) =>
      once(['prompt', id, choice.version ?? null, choice.label ?? null], () => prompts.resolve(owner, id, choice)),
    checkItem: (owner, id) => once(['item', id], () => prompts.checkItem(owner, id)),
  };
}
