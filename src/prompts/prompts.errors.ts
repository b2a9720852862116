import { ConflictError, NotFoundError, ValidationFailedError } from '../platform/errors/platform.errors.js';
import { type FieldError, ResearchPlatformError } from '../platform/errors/research-platform.error.js';
import type { VersionChoice } from './prompts.types.js';

/** The caller has no prompt of this id; whether somebody else has stays unsaid. Slug `prompt-not-found`. */
export class PromptNotFoundError extends ResearchPlatformError {
  constructor(promptId: number) {
    super('prompt-not-found', `Prompt ${promptId} not found`);
  }
}

/** The research item has a prompt of this name already. Slug `conflict`. */
export class PromptNameTakenError extends ConflictError {
  constructor(name: string) {
    super(`This research item already has a prompt named "${name}"`);
  }
}

/** The prompt exists but has no such version or label. Slug `not-found`. */
export class VersionNotFoundError extends NotFoundError {
  constructor(promptId: number, { version, label }: VersionChoice) {
    super(
      version === undefined
        ? `Prompt ${promptId} has no label "${label ?? ''}"`
        : `Prompt ${promptId} has no version ${version}`,
    );
  }
}

/** A label is to stand for a version that the prompt does not have. Slug `validation-failed`. */
export class LabelledVersionUnknownError extends ValidationFailedError {
  constructor(promptId: number, version: number) {
    super([{ pointer: '/version', detail: `prompt ${promptId} has no version ${version}` }]);
  }
}

/** A label is to be rolled back that has stood for no other version before. Slug `conflict`. */
export class NothingToRollBackError extends ConflictError {
  constructor(label: string, version: number) {
    super(`The label "${label}" stood for no other version before ${version}: there is nothing to roll back to`);
  }
}

/** Variables of a version that were not given or have another type, with a pointer to each. Slug `missing-variables`. */
export class MissingVariablesError extends ResearchPlatformError {
  constructor(errors: readonly FieldError[]) {
    const names = errors.map((error) => ('pointer' in error ? error.pointer.replace('/variables/', '') : ''));
    super('missing-variables', `Variables are missing or of the wrong type: ${names.join(', ')}`, { errors });
  }
}
