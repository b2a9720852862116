import { ConflictError, NotFoundError } from '../platform/errors/platform.errors.js';
import { OperatorError } from '../platform/errors/operator.error.js';
import { ResearchPlatformError } from '../platform/errors/research-platform.error.js';
import type { Scope } from './scope.js';

/** No usable API key. Unknown, expired and revoked keys read the same: a stranger learns nothing. Slug `unauthorized`. */
export class UnauthorizedError extends ResearchPlatformError {
  constructor(detail = 'The API key is not valid: it is unknown, expired or revoked') {
    super('unauthorized', detail);
  }
}

/** The API key is valid but lacks a scope. Slug `forbidden`. */
export class ForbiddenError extends ResearchPlatformError {
  constructor(detail: string) {
    super('forbidden', detail);
  }

  static missingScope(scope: Scope): ForbiddenError {
    return new ForbiddenError(`Your API key lacks the scope "${scope}", which this operation needs`);
  }

  static beyondMaker(scopes: readonly Scope[]): ForbiddenError {
    const names = scopes.map((scope) => `"${scope}"`).join(', ');
    return new ForbiddenError(`A new key has at most its maker's scopes, and your API key lacks ${names}`);
  }
}

/** No user has this id. Slug `not-found`. */
export class UserNotFoundError extends NotFoundError {
  constructor(id: number) {
    super(`User ${id} not found`);
  }
}

/** The caller has no API key of this id; whether somebody else has stays unsaid. Slug `not-found`. */
export class ApiKeyNotFoundError extends NotFoundError {
  constructor(id: number) {
    super(`API key ${id} not found`);
  }
}

/** The first admin key cannot be deleted: nobody could let anyone in again. Slug `conflict`. */
export class BootstrapKeyError extends ConflictError {
  constructor() {
    super('This is the first admin key, which keeps the door open: replace it by BOOTSTRAP_API_KEY and a restart');
  }
}

/** `BOOTSTRAP_API_KEY` is a key that a user has already. It stops the boot. */
export class BootstrapKeyTakenError extends OperatorError {
  constructor() {
    super('BOOTSTRAP_API_KEY is an API key of a user already: choose another value');
  }
}

/** The pepper is gone while the API keys that were hashed under it are there. It stops the boot. */
export class PepperLostError extends OperatorError {
  constructor(path: string) {
    super(
      `There is no ${path}, and the database has API keys already, none of which would open anything under a new pepper: ` +
        'restore the file or set API_KEY_PEPPER to what it held, or set BOOTSTRAP_API_KEY to go on with that key alone.',
    );
  }
}
