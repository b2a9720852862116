import { HttpException } from '@nestjs/common';
import { toDatabaseError } from '../database/sql-errors.js';
import { MalformedRequestError, NotFoundError } from './platform.errors.js';
import { ResearchPlatformError } from './research-platform.error.js';

/**
 * The domain error behind whatever was thrown: ours as it is, Fastify's and Nest's own by code or status, a lost database,
 * and null for a defect (which the filter logs and answers with `internal-error`).
 */
export function toDomainError(error: unknown): ResearchPlatformError | null {
  if (error instanceof ResearchPlatformError) return error;
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof ResearchPlatformError) return cause;
  return fromFramework(error) ?? fromFramework(cause) ?? toDatabaseError(error);
}

function fromFramework(error: unknown): ResearchPlatformError | null {
  const code = frameworkCode(error);
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return new ResearchPlatformError('unsupported-media-type', 'Send the body as Content-Type: application/json');
  }
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new ResearchPlatformError('payload-too-large', 'The request body is larger than this operation takes');
  }
  if (code?.startsWith('FST_ERR_CTP_')) return new MalformedRequestError('The request body could not be read');
  if (code?.startsWith('FST_ERR_BAD_URL') || code === 'FST_ERR_ASYNC_CONSTRAINT') {
    return new MalformedRequestError('The URL is not valid: a percent sign begins an escape such as %20');
  }
  if (code === 'FST_ERR_MAX_PARAM_LENGTH') return new NotFoundError('There is no such path');
  if (error instanceof HttpException) return fromHttpException(error);
  return isClientFault(error) ? new MalformedRequestError('The request could not be read to its end') : null;
}

/** What broke while Fastify read a body (a client that went away is an ECONNRESET, as a lost database is) has a status. */
function isClientFault(error: unknown): boolean {
  if (!(error instanceof Error) || !('statusCode' in error)) return false;
  return typeof error.statusCode === 'number' && error.statusCode >= 400 && error.statusCode < 500;
}

function frameworkCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

function fromHttpException(error: HttpException): ResearchPlatformError | null {
  const status = error.getStatus();
  if (status === 404) return new NotFoundError('There is no such path');
  if (status === 413) return new ResearchPlatformError('payload-too-large', 'The request body is too large');
  if (status === 415) return new ResearchPlatformError('unsupported-media-type', 'Send Content-Type: application/json');
  return status < 500 ? new MalformedRequestError('The request could not be read') : null;
}
