import pg from 'pg';
import { QueryFailedError } from 'typeorm';
import { DatabaseUnavailableError } from '../errors/platform.errors.js';
import type { ResearchPlatformError } from '../errors/research-platform.error.js';

/** SQLSTATEs by which a server says that it is going, coming, or full. */
const AWAY = new Set(['57P01', '57P02', '57P03', '53300']);
const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENOENT',
]);

/** The driver's error behind TypeORM's. */
function driverError(error: unknown): unknown {
  return error instanceof QueryFailedError ? error.driverError : error;
}

/**
 * Turns the violation of a named constraint into the domain error that it stands for.
 * @throws always: the domain error, or `error` as it is
 */
export function mapConstraint(error: unknown, byConstraint: Record<string, () => Error>): never {
  const cause = driverError(error);
  const violated = cause instanceof pg.DatabaseError && cause.code?.startsWith('23') ? cause.constraint : undefined;
  const make = violated === undefined ? undefined : byConstraint[violated];
  throw make ? make() : error;
}

/** `DatabaseUnavailableError` when the database is away, by SQLSTATE or network code; null for every other error. */
export function toDatabaseError(error: unknown): ResearchPlatformError | null {
  if (error instanceof DatabaseUnavailableError) return error;
  const cause = driverError(error);
  if (cause instanceof DatabaseUnavailableError) return cause;
  if (cause instanceof pg.DatabaseError) {
    const state = cause.code ?? '';
    return AWAY.has(state) || state.startsWith('08') ? new DatabaseUnavailableError({ cause: error }) : null;
  }
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return NETWORK.has(code) ? new DatabaseUnavailableError({ cause: error }) : null;
}
