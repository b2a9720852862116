import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Stands between a client and a server, and can take the server away: connections are reset and new ones refused. */
export class TcpProxy {
  private readonly sockets = new Set<Socket>();
  private server: Server | null = null;
  private chosenPort = 0;

  constructor(private readonly target: { readonly host: string; readonly port: number }) {}

  get port(): number {
    return this.chosenPort;
  }

  /** Begins to pass connections on; after `cut`, on the same port as before. */
  async open(): Promise<void> {
    this.server = createServer((client) => this.pass(client));
    this.server.listen(this.chosenPort, '127.0.0.1');
    await once(this.server, 'listening');
    this.chosenPort = (this.server.address() as AddressInfo).port;
  }

  /** The server is gone from now on. */
  async cut(): Promise<void> {
    const closed = this.server && once(this.server, 'close');
    this.server?.close();
    for (const socket of this.sockets) socket.resetAndDestroy();
    await closed;
    this.server = null;
  }

  private pass(client: Socket): void {
    const upstream = connect(this.target);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.sockets.add(from);
      from.pipe(to);
      // Whatever happens on one side is passed on as an end of the other.
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
    }
  }
}
