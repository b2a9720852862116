import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiBearerAuth } from '@nestjs/swagger';
import { ApiProblems } from '../platform/errors/api-problems.decorator.js';
import type { ProblemSlug } from '../platform/errors/problems.js';
import { API_KEY_SCHEME } from '../platform/openapi/document.js';
import type { Scope } from './scope.js';

/** Metadata under which the API key guard finds the scope that a handler needs. */
export const REQUIRED_SCOPE = 'dossier:required-scope';

/** What every such operation can answer: any of them refuses query parameters that it does not know. */
const ALWAYS = [
  'unauthorized',
  'forbidden',
  'validation-failed',
  'rate-limited',
  'database-unavailable',
  'shutting-down',
] as const satisfies readonly ProblemSlug[];

/** What an operation that may be sent a body can answer beside these, also where it takes none. */
export const BODY_PROBLEMS = ['payload-too-large', 'unsupported-media-type'] as const satisfies readonly ProblemSlug[];

/**
 * The operation needs an API key with this scope (null: any valid key), and can answer with these problems beside those of
 * every such operation. Without it the guard refuses an operation under `/api/v1` altogether.
 */
export function Authorized(scope: Scope | null, ...problems: readonly ProblemSlug[]): MethodDecorator & ClassDecorator {
  return applyDecorators(
    SetMetadata(REQUIRED_SCOPE, scope),
    ApiBearerAuth(API_KEY_SCHEME),
    ApiProblems(...new Set([...ALWAYS, ...problems])),
  );
}
