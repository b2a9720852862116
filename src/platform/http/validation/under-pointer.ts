import { ValidationFailedError } from '../../errors/platform.errors.js';
import { type FieldError, ResearchPlatformError } from '../../errors/research-platform.error.js';

/** The places of an error that was found in a part of the body, as seen from the whole of it. */
function fieldsUnder(errors: readonly FieldError[], pointer: string): FieldError[] {
  return errors.map((error) => ('pointer' in error ? { ...error, pointer: `${pointer}${error.pointer}` } : error));
}

/**
 * The same error as seen from the whole body, of which `pointer` names the part that it was found in. Errors without places
 * are told by that part's.
 */
export function underPointer(error: Error, pointer: string): Error {
  if (!(error instanceof ResearchPlatformError)) return error;
  const { slug, detail, extras } = error;
  const errors = fieldsUnder(extras.errors ?? [{ pointer: '', detail }], pointer);
  if (slug === 'validation-failed') return new ValidationFailedError(errors);
  return new ResearchPlatformError(slug, `${pointer}: ${detail}`, { ...extras, errors });
}
