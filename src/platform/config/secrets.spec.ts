import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { OperatorError } from '../errors/operator.error.js';
import type { Config } from './config.js';
import { keepSecret, Secrets } from './secrets.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dossier-secrets-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const configOf = (dataDir: string, apiKeyPepper?: string) => ({ dataDir, identity: { apiKeyPepper } }) as Config;

describe('A kept secret', () => {
  it('is written for its owner alone, whatever the umask, and nothing is left beside it', () => {
    const umask = process.umask(0);
    try {
      expect(keepSecret(join(folder, 'secret'), 'first')).toBe('first');
    } finally {
      process.umask(umask);
    }
    expect(statSync(join(folder, 'secret')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(folder, 'secret'), 'utf8')).toBe('first\n');
    expect(readdirSync(folder)).toEqual(['secret']);
  });

  it('stays what it was', () => {
    keepSecret(join(folder, 'secret'), 'first');
    expect(keepSecret(join(folder, 'secret'), 'second')).toBe('first');
    expect(readdirSync(folder)).toEqual(['secret']);
  });

  it('that is empty is refused rather than used', () => {
    writeFileSync(join(folder, 'secret'), '\n');
    expect(() => keepSecret(join(folder, 'secret'), 'first')).toThrow(OperatorError);
    expect(readdirSync(folder)).toEqual(['secret']);
  });

  it('cannot be kept in a folder that is not there', () => {
    expect(() => keepSecret(join(folder, 'nowhere', 'secret'), 'first')).toThrow('ENOENT');
  });

  it('is one for all processes that want to write one at the same moment', async () => {
    const racers = Array.from({ length: 3 }, (_, index) => new Racer(join(folder, 'raced'), `racer-${index}`));
    await Promise.all(racers.map(({ ready }) => ready));
    for (const racer of racers) racer.go();
    const answers = (await Promise.all(racers.map(({ done }) => done))).map((text) => text.trim().split('\n').slice(1));
    const kept = Array.from({ length: ROUNDS }, (_, round) =>
      readFileSync(join(folder, `raced-${round}`), 'utf8').trim(),
    );
    expect(answers).toEqual(racers.map(() => kept));
  });
});

const ROUNDS = 200;
const LOADER = new URL('../../../test/support/typescript-loader.js', import.meta.url).href;
const SECRETS = new URL('./secrets.ts', import.meta.url).href;
const RACE = `
import { register } from 'node:module';
register('${LOADER}');
const { keepSecret } = await import('${SECRETS}');
const [path, me] = process.argv.slice(1);
console.log('ready');
process.stdin.once('data', () => {
  for (let round = 0; round < ${ROUNDS}; round += 1) console.log(keepSecret(path + '-' + round, me + '-' + round));
  process.stdin.destroy();
});
`;

/** A process that keeps secrets in many files one after the other, as soon as it is told to. */
class Racer {
  private readonly child: ChildProcessByStdio<Writable, Readable, null>;
  private output = '';
  readonly ready: Promise<void>;
  readonly done: Promise<string>;

  constructor(path: string, name: string) {
    const options = ['--no-warnings', '--input-type=module', '--eval', RACE, path, name];
    this.child = spawn(process.execPath, options, { stdio: ['pipe', 'pipe', 'inherit'], env: {} });
    this.ready = new Promise((resolve) => {
      this.child.stdout.on('data', (chunk) => {
        this.output += String(chunk);
        resolve();
      });
    });
    this.done = new Promise((resolve, reject) => {
      this.child.on('error', reject);
      this.child.on('close', (code) => (code === 0 ? resolve(this.output) : reject(new Error(`exit code ${code}`))));
    });
  }

  go(): void {
    this.child.stdin.end('go');
  }
}

describe('Keys', () => {
  it('are derived from the pepper, another one for each purpose, the same on every replica', () => {
    const secrets = new Secrets(configOf(folder, 'a pepper of enough characters'));
    expect(secrets.key('cursors')).toHaveLength(32);
    expect(secrets.key('cursors')).toEqual(
      new Secrets(configOf('/else', 'a pepper of enough characters')).key('cursors'),
    );
    expect(secrets.key('cursors')).not.toEqual(secrets.key('api-keys'));
    expect(secrets.key('cursors')).not.toEqual(new Secrets(configOf(folder, 'another pepper, as long')).key('cursors'));
    expect(readdirSync(folder)).toEqual([]);
  });

  it('come from a pepper that is generated once where none is given', () => {
    const dataDir = join(folder, 'new', 'data');
    const key = new Secrets(configOf(dataDir)).key('cursors');
    expect(new Secrets(configOf(dataDir)).key('cursors')).toEqual(key);
    expect(statSync(join(dataDir, 'api-key-pepper')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(dataDir, 'api-key-pepper'), 'utf8').trim()).toMatch(/^[\w-]{43}$/);
  });

  it('know whether the pepper was made for them, and can take only such a one back', () => {
    const made = new Secrets(configOf(folder));
    const found = new Secrets(configOf(folder));
    expect([made.pepperIsNew, found.pepperIsNew]).toEqual([true, false]);
    expect(new Secrets(configOf(folder, 'a pepper of enough characters')).pepperIsNew).toBe(false);
    found.discardNewPepper();
    expect(readdirSync(folder)).toEqual(['api-key-pepper']);
    made.discardNewPepper();
    expect(readdirSync(folder)).toEqual([]);
    const again = new Secrets(configOf(folder));
    made.discardNewPepper();
    expect(new Secrets(configOf(folder)).key('cursors')).toEqual(again.key('cursors'));
  });
});
