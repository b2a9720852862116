import { addAbortSignal, Readable } from 'node:stream';
import { reported, type StreamLog } from './broken-off.js';

/** Small pieces are sent together: each would cost a write of its own. */
const CHUNK_CHARACTERS = 16_384;

/**
 * Sends a text that is made piece by piece, at the client's pace: when it goes away, the generator's `finally` runs. What
 * the generator throws, and `signal`, break the connection, so that half a text is not taken for a whole one.
 * @param log what the operator is told when the generator throws
 */
export function textStream(pieces: AsyncIterable<string>, signal: AbortSignal, log: StreamLog): Readable {
  return addAbortSignal(signal, Readable.from(inChunks(reported(pieces, log)), { objectMode: false }));
}

async function* inChunks(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let chunk = '';
  for await (const piece of pieces) {
    chunk += piece;
    if (chunk.length < CHUNK_CHARACTERS) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}
