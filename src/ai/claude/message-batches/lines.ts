import { UnsoundAnswer } from '../client/upstream-values.js';

const NEWLINE = 0x0a;

/**
 * The lines of a text that comes in pieces, empty ones left out.
 * @throws UnsoundAnswer for a line of more than `maxBytes`: it would only fill the memory
 */
export async function* linesOf(pieces: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<string> {
  let begun: Uint8Array[] = [];
  let length = 0;
  for await (const piece of pieces) {
    let start = 0;
    for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE, start)) {
      const line = textOf([...begun, piece.subarray(start, end)]);
      if (line !== '') yield line;
      [begun, length, start] = [[], 0, end + 1];
    }
    begun.push(piece.subarray(start));
    length += piece.length - start;
    if (length > maxBytes) throw new UnsoundAnswer('A line without an end');
  }
  const last = textOf(begun);
  if (last !== '') yield last;
}

function textOf(pieces: readonly Uint8Array[]): string {
  return Buffer.concat(pieces).toString().trim();
}
