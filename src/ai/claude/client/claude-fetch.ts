import { buildConnector, type Dispatcher, request } from 'undici';

type Fetch = NonNullable<import('@anthropic-ai/sdk').ClientOptions['fetch']>;

const MAX_TEXT_BYTES = 256 * 1024;
const MAX_CODE = 64;

/**
 * No connection was made, so nothing was sent. Without a cause, since the SDK looks for "timed out" in messages and would
 * tell a connection that timed out from an answer that did no more.
 */
export class NotConnected extends Error {
  constructor(readonly code: string) {
    super('No connection could be made');
  }
}

/**
 * Makes undici's connections, TLS included, each within `timeoutMs`. Whatever fails here fails before a byte of a request
 * was sent, so it is told as {@link NotConnected}: a code alone could not tell (`ECONNRESET` comes from both sides of it).
 */
export function connectorWithin(timeoutMs: number): buildConnector.connector {
  const connect = buildConnector({ timeout: timeoutMs });
  return (options, callback) =>
    connect(options, (...[error, socket]) => {
      // A failure is told without its second argument.
      if (socket) callback(null, socket);
      else callback(new NotConnected(codeOf(error)), null);
    });
}

function codeOf(error: Error | null): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code.slice(0, MAX_CODE) : 'NOT_CONNECTED';
}

/**
 * What the SDK needs of `fetch`, on undici's plain requests: a streamed call costs half of what it does through the web
 * streams of a whole `fetch`. Redirects are not followed: Claude's API has none, and the key would go along.
 */
export function fetchThrough(dispatcher: Dispatcher): Fetch {
  return async (url, init = {}) => {
    const { statusCode, headers, body } = await request(url as string | URL, {
      dispatcher,
      method: (init.method ?? 'GET') as Dispatcher.HttpMethod,
      headers: init.headers as Headers,
      body: init.body as string | null,
      signal: init.signal ?? null,
    });
    return {
      ok: statusCode >= 200 && statusCode < 300,
      status: statusCode,
      // A map has all that the SDK (1.12) asks of them, `entries` and `get` by names in small letters, for a tenth of what
      // `Headers` cost.
      headers: new Map(Object.entries(headers).map(([name, value]) => [name, String(value).trim()])),
      body,
      text: () => shortText(body),
      json: async () => JSON.parse(await shortText(body)) as unknown,
    } as unknown as Response;
  };
}

/** The beginning of a body that is read whole, such as an error's: one that never ends must not fill the memory. */
async function shortText(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    chunks.push(chunk as Buffer);
    length += (chunk as Buffer).length;
    if (length > MAX_TEXT_BYTES) break;
  }
  return Buffer.concat(chunks).toString();
}
