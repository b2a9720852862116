import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const SIMULATOR = join(process.cwd(), 'dist/ai/claude/simulator/simulator.main.js');

/** A call that reached the simulated Claude. */
export interface UpstreamCall {
  readonly at: string;
  readonly path: string;
  readonly status: number | null;
  /** Whether the answer was given to its end. */
  readonly ended: boolean;
  readonly stream: boolean;
}

/** A simulated Claude with faults, in a process of its own. */
export class Simulator {
  private constructor(
    readonly baseUrl: string,
    private readonly child: ChildProcess,
  ) {}

  /** Starts it; `folder` is its working directory. */
  static async start(folder: string): Promise<Simulator> {
    const child = spawn(process.execPath, [SIMULATOR, '--faults'], {
      cwd: folder,
      env: { PATH: process.env['PATH'] },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
    return new Simulator((JSON.parse(line) as { baseUrl: string }).baseUrl, child);
  }

  /** Ends it, and with it every connection to it. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await ended;
  }
}

/**
 * The calls to a simulated Claude that had `marker` in the body: what was really sent, retries too.
 * @param path of the calls; messages that are asked for alone by default
 */
export async function upstreamCalls(
  simulatorUrl: string,
  marker: string,
  path = '/v1/messages',
): Promise<readonly UpstreamCall[]> {
  const query = new URLSearchParams({ contains: marker, path });
  const response = await fetch(`${simulatorUrl}/__calls?${query.toString()}`);
  return ((await response.json()) as { calls: UpstreamCall[] }).calls;
}
