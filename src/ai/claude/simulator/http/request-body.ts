import type { IncomingMessage } from 'node:http';
import { ApiError } from '../api-error.js';

/**
 * Reads a body of at most `maxBytes`. Rejects with the API's 413 for a larger one, once the client has sent all of it
 * (a client that is still sending would meet a closed connection instead), and with the stream's error if it breaks off.
 */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= maxBytes) chunks.push(chunk);
      else chunks.length = 0;
    });
    request.once('end', () => {
      if (bytes > maxBytes) reject(new ApiError(413, 'Request exceeds the maximum size'));
      else resolve(Buffer.concat(chunks).toString());
    });
    request.once('error', reject);
  });
}

/** Throws the API's 400 for text that is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new ApiError(
      400,
      `The request body is not valid JSON: ${error instanceof Error ? error.message : 'unreadable'}`,
    );
  }
}
