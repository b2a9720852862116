import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const EVENTS = [
  {
    type: 'message_start',
    message: {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      content: [],
      usage: { input_tokens: 5, output_tokens: 1 },
    },
  },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Held, and let go.' } },
  { type: 'content_block_stop', index: 0 },
  { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 6 } },
  { type: 'message_stop' },
];
const ANSWER = EVENTS.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');

/** A Claude that holds every answer back until it is told, and counts the calls that are in flight with it. */
export class HeldClaude {
  private readonly held = new Set<ServerResponse>();
  private holding = true;
  /** The most calls that were ever in flight at once. */
  most = 0;
  /** Calls that have come. */
  calls = 0;

  private constructor(
    readonly baseUrl: string,
    private readonly server: Server,
  ) {}

  static async start(): Promise<HeldClaude> {
    let claude: HeldClaude | null = null;
    const server = createServer((request, response) => {
      request.resume();
      claude?.take(response);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    claude = new HeldClaude(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, server);
    return claude;
  }

  /** Calls in flight. */
  get inFlight(): number {
    return this.held.size;
  }

  /** Answers one of the calls that it holds. */
  release(): void {
    const [first] = this.held;
    if (first) this.answer(first);
  }

  /** Answers all that it holds, and holds nothing back any more. */
  releaseAll(): void {
    this.holding = false;
    for (const response of this.held) this.answer(response);
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private take(response: ServerResponse): void {
    this.calls += 1;
    this.held.add(response);
    this.most = Math.max(this.most, this.held.size);
    response.once('close', () => this.held.delete(response));
    // A moment each, so that calls which are let through together are seen together.
    if (!this.holding) setTimeout(() => this.answer(response), 2);
  }

  private answer(response: ServerResponse): void {
    this.held.delete(response);
    response.writeHead(200, { 'content-type': 'text/event-stream', 'request-id': `req_${this.calls}` }).end(ANSWER);
  }
}
