import { once } from 'node:events';
import { createServer, type IncomingMessage, request as requestOf, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** Where a call is held: before Claude gets it, or when Claude has answered it. */
export type Side = 'request' | 'answer';

interface Gate {
  readonly call: RegExp;
  readonly side: Side;
  readonly reached: () => void;
}

/** Stands before a Claude and can hold a call at a named place, so that its caller can be killed just there. */
export class GatedClaude {
  private gate: Gate | null = null;

  private constructor(
    readonly baseUrl: string,
    private readonly target: string,
    private readonly server: Server,
  ) {}

  static async start(target: string): Promise<GatedClaude> {
    let claude: GatedClaude | null = null;
    const server = createServer((request, response) => void claude?.pass(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    claude = new GatedClaude(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, target, server);
    return claude;
  }

  /**
   * Holds the next such call for ever. Resolves when it is there.
   * @param call is tested on method and path, such as `POST /v1/messages`
   */
  hold(call: RegExp, side: Side): Promise<void> {
    return new Promise((reached) => (this.gate = { call, side, reached }));
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private async pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    if (this.holds(request, 'request')) return;
    const { method, headers, url } = request;
    const upstream = requestOf(`${this.target}${url}`, { method, headers });
    upstream.end(body);
    const [answer] = (await once(upstream, 'response')) as [IncomingMessage];
    const answered = await buffer(answer);
    if (this.holds(request, 'answer')) return;
    response.writeHead(answer.statusCode ?? 500, answer.headers).end(answered);
  }

  private holds({ method, url = '' }: IncomingMessage, side: Side): boolean {
    const { gate } = this;
    if (gate?.side !== side || !gate.call.test(`${method} ${url.split('?')[0]}`)) return false;
    this.gate = null;
    gate.reached();
    return true;
  }
}
