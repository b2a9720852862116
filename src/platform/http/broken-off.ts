import { Logger } from '@nestjs/common';
import { toDomainError } from '../errors/to-domain-error.js';
import { logContext, withLogContext } from '../logging/log-context.js';

/** What the log says of a stream that breaks off: the line's event, and what it was a stream of. */
export interface StreamLog {
  readonly event: `${string}_broken_off`;
  readonly [field: string]: string | number;
}

/**
 * Passes the pieces of a stream on, and tells the operator, in the name of the present request, why they broke off: the status is
 * sent by then, and whoever reads sees no more than that the connection breaks. A reader who goes away is no error.
 */
export function reported(pieces: AsyncIterable<string>, log: StreamLog): AsyncGenerator<string> {
  const context = { ...logContext() };
  return watched(pieces, (err) => withLogContext(context, () => tell(err, log)));
}

async function* watched(pieces: AsyncIterable<string>, failed: (err: unknown) => void): AsyncGenerator<string> {
  let passing = false;
  try {
    for await (const piece of pieces) {
      // What is thrown in from here on is the reader's own: that it is gone, or that this server is about to be.
      passing = true;
      yield piece;
      passing = false;
    }
  } catch (err) {
    if (!passing) failed(err);
    throw err;
  }
}

function tell(err: unknown, log: StreamLog): void {
  const logger = new Logger('Streams');
  // What it told of is gone, or the database is away: that is no defect.
  const expected = toDomainError(err);
  if (expected) logger.warn({ ...log, reason: expected.message }, 'An answer broke off');
  else logger.error({ ...log, err }, 'An answer broke off');
}
