import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformFileSync } from '@swc/core';
import { type Config, ConfigError } from './config.js';
import { keepSecret, Secrets } from './secrets.js';

const SOURCE = fileURLToPath(new URL('./secrets.ts', import.meta.url));

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
    expect(() => keepSecret(join(folder, 'secret'), 'first')).toThrow(ConfigError);
    expect(readdirSync(folder)).toEqual(['secret']);
  });

  it('cannot be kept in a folder that is not there', () => {
    expect(() => keepSecret(join(folder, 'nowhere', 'secret'), 'first')).toThrow('ENOENT');
  });

  it('is one for all processes that want to write one at the same moment', async () => {
    const script = join(folder, 'racer.mjs');
    const { code } = transformFileSync(SOURCE, { swcrc: true });
    const keepOnly = code.slice(code.indexOf('export function keepSecret'), code.indexOf('export class Secrets'));
    const kept = keepOnly.slice(0, keepOnly.lastIndexOf('\n}') + 2);
    writeFileSync(script, `${IMPORTS}${kept}\n${RACE}`);
    const path = join(folder, 'raced');
    const at = Date.now() + 500;
    const racers = Array.from({ length: 4 }, (_, index) => run(script, [path, String(at), `racer-${index}`]));
    const answers = (await Promise.all(racers)).flatMap((output) => output.trim().split('\n'));
    expect(answers).toHaveLength(4 * 200);
    for (let round = 0; round < 200; round += 1) {
      const holding = readFileSync(`${path}-${round}`, 'utf8').trim();
      const told = answers.filter((line) => line.startsWith(`${round} `));
      expect(told).toEqual(Array(4).fill(`${round} ${holding}`));
    }
  });
});

const IMPORTS = `
import { randomBytes } from 'node:crypto';
import { chmodSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
`;
/** Two hundred rounds, begun by all processes at the same time. */
const RACE = `
const [path, at, me] = process.argv.slice(2);
while (Date.now() < Number(at));
for (let round = 0; round < 200; round += 1) console.log(round, keepSecret(path + '-' + round, me + '-' + round));
`;

function run(script: string, args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk) => (output += String(chunk)));
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve(output) : reject(new Error(`exit code ${code}`))));
  });
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
});
