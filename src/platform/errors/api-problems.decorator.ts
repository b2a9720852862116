import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { ProblemResponse } from './dto/problem.dto.js';
import { PROBLEM_JSON } from './problem-document.js';
import { problemDefinition, PROBLEMS, type ProblemSlug, problemType } from './problems.js';

/** What any operation can answer with, whatever it does. */
const ALWAYS: readonly ProblemSlug[] = ['malformed-request', 'internal-error'];

/**
 * Documents the error answers of an operation from the problem table: one response for each status, with an example for
 * each slug. `malformed-request` and `internal-error` are always among them.
 */
export function ApiProblems(...slugs: readonly ProblemSlug[]): MethodDecorator & ClassDecorator {
  const byStatus = groupByStatus([...new Set([...ALWAYS, ...slugs])]);
  const responses = [...byStatus].map(([status, group]) => ApiResponse(problemApiResponse(status, group)));
  return applyDecorators(ApiExtraModels(ProblemResponse), ...responses);
}

function groupByStatus(slugs: readonly ProblemSlug[]): Map<number, ProblemSlug[]> {
  const groups = new Map<number, ProblemSlug[]>();
  for (const slug of slugs) {
    const { status } = problemDefinition(slug);
    groups.set(status, [...(groups.get(status) ?? []), slug]);
  }
  return groups;
}

function problemApiResponse(status: number, slugs: readonly ProblemSlug[]) {
  const retries = slugs.some((slug) => problemDefinition(slug).retryAfterSeconds !== undefined);
  return {
    status,
    description: slugs.map((slug) => `\`${slug}\`: ${problemDefinition(slug).title}`).join('\n\n'),
    headers: {
      ...(retries ? { 'Retry-After': { description: 'Seconds to wait', schema: { type: 'integer' as const } } } : {}),
      ...(status === 401 ? { 'WWW-Authenticate': { schema: { type: 'string' as const } } } : {}),
      ...(status === 405 ? { Allow: { schema: { type: 'string' as const } } } : {}),
    },
    content: {
      [PROBLEM_JSON]: {
        schema: { $ref: getSchemaPath(ProblemResponse) },
        examples: Object.fromEntries(slugs.map((slug) => [slug, { $ref: `#/components/examples/${slug}` }])),
      },
    },
  };
}

/** An example of every problem, for the document's components: operations refer to them. */
export function problemExamples(): Record<string, { summary: string; value: object }> {
  const slugs = Object.keys(PROBLEMS) as ProblemSlug[];
  return Object.fromEntries(slugs.map((slug) => [slug, { summary: PROBLEMS[slug].title, value: example(slug) }]));
}

function example(slug: ProblemSlug) {
  const { title, status, meaning } = problemDefinition(slug);
  return {
    type: problemType(slug),
    title,
    status,
    detail: meaning,
    instance: '/api/v1/…',
    request_id: '7f6f0c5e-2d57-4a8e-9d0e-5b1f1f6f3c1a',
  };
}
