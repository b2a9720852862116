import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { transformFileSync } from '@swc/core';

const ROOT = new URL('../../', import.meta.url).pathname;
const SOURCES = join(ROOT, 'src/platform');
const EMBEDDED = 'database/embedded';
/** What the embedded database imports from outside its folder. */
const IMPORTED = ['config/directories.ts', 'errors/operator.error.ts'];

/** Opens the data directory of its first argument, answers `ready`, then each line of SQL by a line of JSON. */
const PROGRAM = `
  import { createInterface } from 'node:readline';
  import pg from 'pg';
  import { openEmbeddedDatabase } from './embedded-database.js';
  try {
    const { host, port } = await openEmbeddedDatabase(process.argv[2]);
    const client = new pg.Client({ host, port, user: 'postgres', database: 'postgres' });
    await client.connect();
    console.log('ready');
    for await (const line of createInterface({ input: process.stdin })) {
      console.log(JSON.stringify((await client.query(line)).rows));
    }
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
`;

/** The sources of the embedded database as JavaScript for processes of their own; `remove` deletes them. */
export function compileEmbedded(): { readonly program: string; remove(): void } {
  const caches = join(ROOT, 'node_modules/.cache');
  mkdirSync(caches, { recursive: true });
  const folder = mkdtempSync(join(caches, 'dossier-embedded-'));
  const own = readdirSync(join(SOURCES, EMBEDDED)).map((file) => join(EMBEDDED, file));
  for (const file of [...own, ...IMPORTED]) {
    mkdirSync(join(folder, dirname(file)), { recursive: true });
    if (file.endsWith('.mjs')) cpSync(join(SOURCES, file), join(folder, file));
    else if (!file.endsWith('.spec.ts')) {
      const { code } = transformFileSync(join(SOURCES, file), { swcrcRoots: ROOT, sourceMaps: false });
      writeFileSync(join(folder, file.replace(/\.ts$/, '.js')), code);
    }
  }
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  const program = join(folder, EMBEDDED, 'program.js');
  writeFileSync(program, PROGRAM);
  return { program, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** A process of its own that has, or wants, an embedded database. */
export class EmbeddedProcess {
  private readonly child: ChildProcess;
  private readonly lines: AsyncIterator<string>;
  private readonly exit: Promise<unknown>;
  private errors = '';

  constructor(program: string, dataDir: string) {
    this.child = spawn(process.execPath, [program, dataDir], { env: { PATH: process.env['PATH'] } });
    this.exit = once(this.child, 'exit');
    this.child.stderr?.on('data', (data) => (this.errors += String(data)));
    this.lines = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]();
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** True when it has the database; false when it gave up. */
  async isReady(): Promise<boolean> {
    return (await this.lines.next()).value === 'ready';
  }

  async query(sql: string): Promise<unknown> {
    this.child.stdin?.write(`${sql}\n`);
    return JSON.parse((await this.lines.next()).value as string);
  }

  /** Its exit code and what it wrote to stderr, once it has ended. */
  async ended(): Promise<{ readonly code: number | null; readonly errors: string }> {
    await this.exit;
    return { code: this.child.exitCode, errors: this.errors };
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exit;
  }
}
