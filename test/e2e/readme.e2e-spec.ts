import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { TestServer } from '../support/server.js';
import { sharedStack } from '../support/shared-stack.js';

const README = readFileSync('README.md', 'utf8');
const README_URL = 'http://127.0.0.1:3000';
const NEXT = '--- next block ---';

/** A block of commands and the output that is printed behind it, if any. */
interface Step {
  readonly commands: string;
  readonly expected: string | null;
}

/** The part of a Markdown text under a heading. */
function section(heading: string): string {
  return README.split(/^## /m).find((part) => part.startsWith(`${heading}\n`))!;
}

function stepsOf(text: string): Step[] {
  const blocks = text.matchAll(/^```bash\n(.*?)^```\n(?:```(?:json|text)\n(.*?)^```\n)?/gms);
  return [...blocks].map(([, commands = '', expected]) => ({ commands, expected: expected ?? null }));
}

/** Runs the commands in one shell, and answers the output of each block. */
async function play(steps: readonly Step[], cwd: string, baseUrl: string): Promise<string[]> {
  const script = steps.map(({ commands }) => commands).join(`echo '${NEXT}'\n`);
  expect(script).toContain(README_URL);
  const { stdout, stderr } = await promisify(execFile)(
    'bash',
    ['--norc', '-e', '-u', '-o', 'pipefail', '-c', script.replaceAll(README_URL, baseUrl)],
    { cwd, env: { PATH: process.env['PATH'] } },
  );
  expect(stderr).toBe('');
  return stdout.split(`${NEXT}\n`);
}

/** Matches the whole of an output but for white space; `…` stands for anything. */
function pattern(expected: string): RegExp {
  const parts = expected.replace(/\s+/g, '').split('…');
  return new RegExp(`^${parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`, 's');
}

describe("the README's tour", () => {
  const { folder } = sharedStack();
  const cwd = mkdtempSync(join(folder, 'tour-'));
  const steps = stepsOf(section('Tour'));
  let server: TestServer;
  let outputs: string[];

  beforeAll(async () => {
    // As `npm start` does it: an empty database, a generated key.
    server = await TestServer.start({ folder, env: { BOOTSTRAP_API_KEY: '' } });
    symlinkSync(server.storage.dataDir, join(cwd, '.data'));
    outputs = await play(steps, cwd, server.baseUrl);
  }, 60_000);
  afterAll(async () => {
    rmSync(cwd, { recursive: true });
    await server.dispose();
  });

  it('has the whole way, from an item to the cost of an answer and an error', () => {
    expect(steps.length).toBeGreaterThan(8);
    for (const what of [
      '/research-items',
      '/render',
      '/ai/runs',
      'text/event-stream',
      '/versions',
      '/labels/',
      '/export',
      '/search?',
      '/me',
    ]) {
      expect(steps.some(({ commands }) => commands.includes(what))).toBe(true);
    }
  });

  it('can be run word for word, and prints what the README says', () => {
    expect(outputs).toHaveLength(steps.length);
    for (const [index, { expected }] of steps.entries()) {
      expect(outputs[index]!.replace(/\s+/g, '')).toMatch(expected === null ? /^$/ : pattern(expected));
    }
  });
});

describe('the documentation', () => {
  const documents = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'bench/README.md'].concat(
    readdirSync('docs/adr').map((name) => join('docs/adr', name)),
  );

  it.each(documents)('%s links to nothing that is not there', (document) => {
    const links = [...readFileSync(document, 'utf8').matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)];
    const missing = links.map(([, path = '']) => path).filter((path) => !existsSync(join(dirname(document), path)));
    expect(missing).toEqual([]);
  });

  const environment = [
    ...readFileSync('src/platform/config/environment.ts', 'utf8').matchAll(/^ {2}([A-Z_]+)\??: [^=;]+(?: = (.*))?;$/gm),
  ]
    .map(([, name = '', value]) => ({
      name,
      value: value?.replace(/^'(.*)'$/, '$1').replaceAll(/(?<=\d)_(?=\d)/g, ''),
    }))
    .filter(({ name }) => name !== 'NODE_ENV');

  it('names every variable of the environment with its default', () => {
    const rows = [...section('Configuration').matchAll(/^\| (`.*?`) \| (.*?) \|/gm)].flatMap(
      ([, names = '', values = '']) => {
        const defaults = values.split(', ');
        return names.split(', ').map((name, index) => [name.replaceAll('`', ''), defaults[index] ?? values] as const);
      },
    );
    expect(rows.map(([name]) => name).toSorted()).toEqual(environment.map(({ name }) => name).toSorted());
    for (const { name, value } of environment) {
      const documented = new Map(rows).get(name);
      if (value === undefined) expect(documented).toMatch(/^(unset|generated)/);
      else expect(documented).toBe(`\`${value}\``);
    }
  });

  it('has an example of a file for them, with the defaults', () => {
    const lines = readFileSync('.env.example', 'utf8').match(/^#[A-Z_]+=.*$/gm) ?? [];
    expect(lines.toSorted()).toEqual(environment.map(({ name, value = '' }) => `#${name}=${value}`).toSorted());
  });
});
