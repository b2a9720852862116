import pg from 'pg';
import { QueryFailedError } from 'typeorm';
import { DatabaseBusyError, DatabaseUnavailableError, ValidationFailedError } from '../errors/platform.errors.js';
import type { ResearchPlatformError } from '../errors/research-platform.error.js';

/**
 * SQLSTATEs by which a server says that it is going, coming, or full, or has given up on a transaction that stood still; class
 * 08 is the connection itself.
 */
const AWAY = new Set(['57P01', '57P02', '57P03', '53300', '25P03']);
/** Somebody else's work on the same rows came first (deadlock, serialization): nothing of this was done, and it may be asked again. */
const CROSSED = new Set(['40P01', '40001']);
/** A character that UTF-8 or a text column cannot hold, such as NUL. */
const UNSTORABLE = new Set(['22021', '22P05']);
const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
]);

/** The driver's error behind TypeORM's. */
function driverError(error: unknown): unknown {
  return error instanceof QueryFailedError ? error.driverError : error;
}

function violatedBy(error: unknown): string | undefined {
  const cause = driverError(error);
  return cause instanceof pg.DatabaseError && cause.code?.startsWith('23') ? cause.constraint : undefined;
}

/** Whether a statement failed because it would have violated this constraint. */
export function violates(error: unknown, constraint: string): boolean {
  return violatedBy(error) === constraint;
}

/**
 * Turns the violation of a named constraint into the domain error that it stands for.
 * @throws always: the domain error, or `error` as it is
 */
export function mapConstraint(error: unknown, byConstraint: Record<string, () => Error>): never {
  const violated = violatedBy(error);
  const make = violated === undefined ? undefined : byConstraint[violated];
  throw make ? make() : error;
}

/** Whether an answer of the server, or an error of the network, says that the database is away. */
export function isAway(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return AWAY.has(error.code ?? '') || (error.code ?? '').startsWith('08');
  return error instanceof Error && 'code' in error && NETWORK.has(String(error.code));
}

/**
 * Whether a statement may do better when it is sent again: the database was away, full, or others' work crossed it. What
 * it refuses for what was in it (class 22, 23 and 54), or what is no error of the database, stays as it is.
 */
export function mayPass(error: unknown): boolean {
  const cause = driverError(error);
  if (cause instanceof DatabaseUnavailableError || cause instanceof DatabaseBusyError || isAway(cause)) return true;
  return cause instanceof pg.DatabaseError && !/^(2[23]|54)/.test(cause.code ?? '');
}

/**
 * The domain error that a failed statement stands for whoever sent it: `DatabaseUnavailableError` when the database is away,
 * `DatabaseBusyError` when others' work crossed it, `ValidationFailedError` for a character that cannot be stored; null for
 * every other error.
 */
export function toDatabaseError(error: unknown): ResearchPlatformError | null {
  if (error instanceof DatabaseUnavailableError) return error;
  const cause = driverError(error);
  if (cause instanceof DatabaseUnavailableError) return cause;
  if (isAway(cause)) return new DatabaseUnavailableError({ cause: error });
  if (cause instanceof pg.DatabaseError && CROSSED.has(cause.code ?? ''))
    return new DatabaseBusyError({ cause: error });
  if (cause instanceof pg.DatabaseError && UNSTORABLE.has(cause.code ?? '')) {
    return new ValidationFailedError([{ pointer: '', detail: 'holds a character that cannot be stored, such as NUL' }]);
  }
  return null;
}
