import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Listens, tells its port, and never does anything again: not even accept. */
const PROGRAM = `
  const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    require('node:fs').writeSync(1, String(server.address().port));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });
`;
/** On the loopback a connection is made within a few milliseconds, or not at all. */
const NOT_CONNECTED_MS = 300;

/** A port of 127.0.0.1 to which no connection can be made, and which refuses none: as behind a firewall. */
export class SilentPort {
  private readonly fillers: Socket[] = [];

  private constructor(
    readonly port: number,
    private readonly child: ChildProcess,
  ) {}

  static async start(): Promise<SilentPort> {
    const child = spawn(process.execPath, ['-e', PROGRAM], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [port] = (await once(child.stdout!, 'data')) as [Buffer];
    const silent = new SilentPort(Number(String(port)), child);
    // The kernel itself makes connections until the queue of those that nobody accepted is full.
    while (await silent.takesAnother());
    return silent;
  }

  stop(): void {
    for (const socket of this.fillers) socket.destroy();
    this.child.kill('SIGKILL');
  }

  private async takesAnother(): Promise<boolean> {
    const socket = connect(this.port, '127.0.0.1').on('error', () => undefined);
    this.fillers.push(socket);
    return Promise.race([once(socket, 'connect').then(() => true), sleep(NOT_CONNECTED_MS, false)]);
  }
}
