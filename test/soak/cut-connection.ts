import { once } from 'node:events';
import { connect } from 'node:net';

const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from('\r\n');

/** What had come of an answer when its connection was cut. */
export interface Piece {
  /** The body as far as it came, without the framing of its chunks. */
  readonly body: Buffer;
  /** Whether the answer came to its end first. */
  readonly whole: boolean;
}

/**
 * Asks for a path over a socket of its own, and destroys the socket as soon as so many bytes of the answer have come: in its
 * head, in the framing, in an event or in a character. What came beyond is as lost as it would be in a broken network.
 */
export async function getUntilCut(
  url: string,
  headers: Readonly<Record<string, string>>,
  cutAfter: number,
): Promise<Piece> {
  const { hostname, port, host, pathname, search } = new URL(url);
  const socket = connect(Number(port), hostname);
  const lines = Object.entries({ host, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET ${pathname}${search} HTTP/1.1\r\n${lines.join('')}\r\n`);
  let seen = Buffer.alloc(0);
  socket.on('data', (data: Buffer) => {
    seen = Buffer.concat([seen, data]);
    if (seen.length >= cutAfter || pieceOf(seen).whole) socket.destroy();
  });
  await once(socket, 'close');
  return pieceOf(seen.subarray(0, cutAfter));
}

/** The body in the bytes of an answer. */
export function pieceOf(answer: Buffer): Piece {
  const head = answer.indexOf(HEAD_END);
  if (head === -1) return { body: Buffer.alloc(0), whole: false };
  const status = answer.subarray(0, answer.indexOf(LINE_END)).toString();
  if (status !== 'HTTP/1.1 200 OK') throw new Error(`The answer was ${status}`);
  const chunks: Buffer[] = [];
  for (let at = head + HEAD_END.length; ;) {
    const end = answer.indexOf(LINE_END, at);
    if (end === -1) break;
    const size = Number.parseInt(answer.subarray(at, end).toString(), 16);
    if (size === 0) return { body: Buffer.concat(chunks), whole: true };
    const start = end + LINE_END.length;
    chunks.push(answer.subarray(start, start + size));
    at = start + size + LINE_END.length;
    if (at > answer.length) break;
  }
  return { body: Buffer.concat(chunks), whole: false };
}
