import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** How one call is answered: whatever goes over the wire. */
export type Script = (response: ServerResponse) => unknown;

/** A Claude that sends what it is told, byte for byte: for answers that the simulated one is too well-behaved to give. */
export class ScriptedClaude {
  private readonly scripts = new Map<string, { readonly script: Script; calls: number }>();

  private constructor(
    readonly baseUrl: string,
    private readonly server: Server,
  ) {}

  static async start(): Promise<ScriptedClaude> {
    let claude: ScriptedClaude | null = null;
    const server = createServer((request, response) => void claude?.answer(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    claude = new ScriptedClaude(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, server);
    return claude;
  }

  /** Answers every call whose body holds `marker` by `script`. */
  answerWith(marker: string, script: Script): void {
    this.scripts.set(marker, { script, calls: 0 });
  }

  /** Calls that came with `marker`. */
  callsWith(marker: string): number {
    return this.scripts.get(marker)?.calls ?? 0;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    for (const [marker, scripted] of this.scripts) {
      if (!body.includes(marker)) continue;
      scripted.calls += 1;
      response.setHeader('request-id', `req_${scripted.calls}`);
      scripted.script(response);
      return;
    }
    streamed(...WHOLE_ANSWER)(response);
  }
}

/** The data of one event of a stream. */
export interface StreamEvent {
  readonly type: string;
  readonly [member: string]: unknown;
}

/** An event as it goes over the wire. */
export function wireOf(event: StreamEvent): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

/** A stream of these events, and then its end. */
export function streamed(...events: StreamEvent[]): Script {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(events.map(wireOf).join(''));
  };
}

/** As `streamed`, but each byte is sent for itself. */
export function dribbled(events: readonly StreamEvent[]): Script {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const bytes = Buffer.from(events.map(wireOf).join(''));
    const next = (at: number): void => {
      if (at === bytes.length) response.end();
      else response.write(bytes.subarray(at, at + 1), () => setImmediate(next, at + 1));
    };
    next(0);
  };
}

/** A whole answer of any kind. */
export function answered(status: number, contentType: string, body: string): Script {
  return (response) => {
    response.writeHead(status, { 'content-type': contentType }).end(body);
  };
}

/** The first event of a stream, with these counts of tokens. */
export function messageStart(usage: unknown = { input_tokens: 5, output_tokens: 1 }): StreamEvent {
  return { type: 'message_start', message: { id: 'msg_1', type: 'message', role: 'assistant', content: [], usage } };
}

/** The events of one text block. */
export function textBlock(text: string): StreamEvent[] {
  return [
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } },
    { type: 'content_block_stop', index: 0 },
  ];
}

/** The last events of a stream. */
export function messageEnd(usage: unknown = { output_tokens: 6 }, stopReason: unknown = 'end_turn'): StreamEvent[] {
  return [{ type: 'message_delta', delta: { stop_reason: stopReason }, usage }, { type: 'message_stop' }];
}

/** A small answer as it should be. */
export const WHOLE_ANSWER = [messageStart(), ...textBlock('The whole answer.'), ...messageEnd()];
