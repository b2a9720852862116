import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { copiedStorage, emptyStorage, type ServerStorage, type ServerTemplate } from './server-storage.js';
import { until } from './until.js';

/** The built application. */
export const MAIN = join(process.cwd(), 'dist/main.js');

/** The first admin key of every server that is not told otherwise. */
export const ADMIN_KEY = 'e2e-admin-key-0123456789abcdefghijkl';

const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 10_000;

/** Lines that mean a defect of the product, whichever test happens to have caused them. */
const DEFECTS = new Set(['unhandled_rejection', 'internal_error', 'shutdown_failed']);

/** One JSON line of a server's log. */
export interface LogLine {
  readonly level: string;
  readonly event?: string;
  readonly [field: string]: unknown;
}

/** `template` to start from, or `storage` that exists already; with neither, an empty storage. */
export interface ServerOptions {
  readonly folder: string;
  readonly template?: ServerTemplate;
  readonly storage?: ServerStorage;
  readonly env?: Readonly<Record<string, string>>;
  /** Leave the storage where it is when the server is disposed of. */
  readonly keep?: boolean;
}

/** A real server process of the built application, on a port of its own. */
export class TestServer {
  baseUrl = '';
  private child: ChildProcess | null = null;
  private ended: Promise<number | null> = Promise.resolve(null);

  private constructor(
    readonly storage: ServerStorage,
    readonly logFile: string,
    private env: Readonly<Record<string, string>>,
    private readonly keep: boolean,
  ) {}

  /** Starts a server and waits until it is ready. Rejects with what it printed when it is not. */
  static async start({ folder, template, storage, env = {}, keep = false }: ServerOptions): Promise<TestServer> {
    const own = storage ?? (template ? await copiedStorage(folder, template) : await emptyStorage(folder));
    const logFile = join(mkdtempSync(join(folder, 'server-')), 'output.log');
    const server = new TestServer(own, logFile, env, keep);
    await server.launch();
    return server;
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Whether the process has not ended. */
  get alive(): boolean {
    return this.child !== null && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Everything that this server printed, over all its starts. */
  output(): string {
    return readFileSync(this.logFile, 'utf8');
  }

  /** The JSON lines of the output; `event` names those that are wanted. */
  log(event?: string): LogLine[] {
    return logLines(this.output()).filter((line) => event === undefined || line.event === event);
  }

  /** Asks the process to end and waits for it. Resolves to its exit code, null when a signal ended it. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.child?.kill(signal);
    return this.ended;
  }

  /** Starts the process again on the same data, with further environment variables if given. */
  async restart(env: Readonly<Record<string, string>> = {}): Promise<void> {
    if (this.alive) throw new Error('The server still runs');
    this.env = { ...this.env, ...env };
    await this.launch();
  }

  /** Stops the server, if need be by force, and removes its data. Rejects when the log tells of a defect. */
  async dispose(): Promise<void> {
    if (this.alive) {
      const force = setTimeout(() => this.child?.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await this.stop();
      clearTimeout(force);
    }
    if (!this.keep) await this.storage.remove();
    const defects = this.log().filter(({ event }) => event !== undefined && DEFECTS.has(event));
    if (defects.length > 0) throw new Error(`The server logged defects:\n${JSON.stringify(defects, null, 2)}`);
  }

  private async launch(): Promise<void> {
    const printedBefore = this.child === null ? 0 : this.log('listening').length;
    const output = openSync(this.logFile, 'a');
    this.child = spawn(process.execPath, [MAIN], {
      // Elsewhere than the repository, so that no developer's .env is read.
      cwd: this.storage.dataDir,
      env: serverEnvironment(this.storage, this.env),
      stdio: ['ignore', output, output],
    });
    closeSync(output);
    this.ended = new Promise((resolve) => this.child?.once('exit', (code) => resolve(code)));
    const ready = await until(
      'The start of the server',
      () => this.log('listening')[printedBefore] ?? (this.alive ? null : 'ended'),
      START_TIMEOUT_MS,
    );
    if (ready === 'ended') throw new Error(`The server ended at its start:\n${this.output()}`);
    this.baseUrl = String(ready['url']);
  }
}

/** The whole environment of a server: nothing of the tester's own is passed on but the path. */
export function serverEnvironment(
  { dataDir, databaseUrl }: Pick<ServerStorage, 'dataDir' | 'databaseUrl'>,
  env: Readonly<Record<string, string>>,
): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    PORT: '0',
    DATA_DIR: dataDir,
    ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }),
    BOOTSTRAP_API_KEY: ADMIN_KEY,
    CLAUDE_MODE: 'simulated',
    RATE_LIMIT_PER_MINUTE: '0',
    ...env,
  };
}

/** The JSON lines in a server's output. */
export function logLines(output: string): LogLine[] {
  return output
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as LogLine);
}

/** How a boot that fails ended. */
export interface FailedBoot {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts the application where it is expected to refuse, and waits for its end. */
export function failingBoot(env: NodeJS.ProcessEnv, cwd: string): Promise<FailedBoot> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [MAIN], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const printed = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk: Buffer) => (printed.stdout += String(chunk)));
    child.stderr.on('data', (chunk: Buffer) => (printed.stderr += String(chunk)));
    // A boot that succeeds against expectation must not outlive the test.
    const impatience = setTimeout(() => child.kill('SIGKILL'), START_TIMEOUT_MS);
    child.once('close', (code) => {
      clearTimeout(impatience);
      resolve({ code, ...printed });
    });
  });
}
