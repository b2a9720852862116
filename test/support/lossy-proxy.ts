import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

const POSTGRES_PORT = 5432;

/**
 * Stands between a client and a server, and can take the server away: by refusing (`cut`), by breaking what is connected
 * (`reset`), or by falling silent (`swallow`).
 */
export class LossyProxy {
  private readonly sockets = new Set<Socket>();
  private server: Server | null = null;
  private port = 0;
  private silent = false;

  constructor(private readonly target: { readonly host: string; readonly port: number }) {}

  /** Opens a proxy to the server of a URL, which is PostgreSQL's where the URL names no port. */
  static async to(url: string): Promise<LossyProxy> {
    const target = new URL(url);
    const proxy = new LossyProxy({ host: target.hostname, port: Number(target.port || POSTGRES_PORT) });
    await proxy.open();
    return proxy;
  }

  /** The same URL, but by way of the proxy. */
  through(url: string): string {
    const proxied = new URL(url);
    proxied.hostname = '127.0.0.1';
    proxied.port = String(this.port);
    return proxied.href;
  }

  /** Begins to pass connections on, or does so again: on the same port as before. What was swallowed stays lost. */
  async open(): Promise<void> {
    this.silent = false;
    if (this.server) return;
    this.server = createServer({ allowHalfOpen: true }, (client) => this.pass(client));
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
  }

  /** The server is gone from now on: connections are reset and new ones refused. */
  async cut(): Promise<void> {
    const closed = this.server && once(this.server, 'close');
    this.server?.close();
    this.reset();
    await closed;
    this.server = null;
  }

  /** Breaks every connection; new ones are passed on as before. */
  reset(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  /** Keeps connections and takes new ones, but delivers nothing more, as a dead network or a stopped process does. */
  swallow(): void {
    this.silent = true;
  }

  private pass(client: Socket): void {
    const upstream = connect({ ...this.target, allowHalfOpen: true });
    this.forward(client, upstream);
    this.forward(upstream, client);
  }

  private forward(from: Socket, to: Socket): void {
    let lost = false;
    this.sockets.add(from);
    from.on('data', (data) => {
      lost ||= this.silent;
      if (!lost) to.write(data);
    });
    from.on('end', () => {
      lost ||= this.silent;
      if (!lost) to.end();
    });
    // Whatever breaks one side breaks the other.
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.sockets.delete(from);
      to.destroy();
    });
  }
}
