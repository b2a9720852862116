import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The root of the repository. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const RULES = [
  '.oxlintrc.json',
  'tools/lint',
  '.dependency-cruiser.mjs',
  'tsconfig.json',
  'tsconfig.check.json',
  'test/tsconfig.json',
  'package.json',
];
const run = promisify(execFile);

/** One finding of a tool: the file it stands in and the rule that was broken. */
export interface Finding {
  file: string;
  rule: string;
  /** What was imported, where the rule is about imports. */
  target?: string;
}

/**
 * A throwaway project with the real rules and planted sources. It lies inside the repository, so that packages resolve
 * to the real ones, and in a folder that git ignores.
 */
export class PlantedProject {
  private constructor(
    private readonly directory: string,
    private readonly files: readonly string[],
  ) {}

  /** Writes `sources` (text by path) beside a copy of the rules. */
  static async create(sources: Readonly<Record<string, string>>): Promise<PlantedProject> {
    const cache = join(ROOT, '.cache');
    await mkdir(cache, { recursive: true });
    const directory = await mkdtemp(join(cache, 'rules-'));
    for (const name of RULES) await cp(join(ROOT, name), join(directory, name), { recursive: true });
    for (const [path, text] of Object.entries(sources)) {
      await mkdir(dirname(join(directory, path)), { recursive: true });
      await writeFile(join(directory, path), text);
    }
    return new PlantedProject(directory, Object.keys(sources));
  }

  /** What oxlint finds. Rules carry their plugin: `eslint(no-eval)`. */
  async lint(): Promise<Finding[]> {
    // Files are named one by one because oxlint does not walk into an ignored folder.
    const output = await this.node('oxlint', 'oxlint', ['--no-ignore', '--format=json', ...this.files]);
    const report = JSON.parse(output) as { diagnostics: { filename: string; code: string }[]; number_of_files: number };
    if (report.number_of_files !== this.files.length) throw new Error(`oxlint did not read every file: ${output}`);
    return report.diagnostics.map(({ filename, code }) => ({ file: filename, rule: code }));
  }

  /** What dependency-cruiser finds. */
  async cruise(): Promise<Finding[]> {
    const args = ['--config', '.dependency-cruiser.mjs', '--output-type', 'json', 'src'];
    const output = await this.node('dependency-cruiser', 'depcruise', args);
    const { summary } = JSON.parse(output) as {
      summary: { violations: { from: string; to: string; rule: { name: string } }[] };
    };
    return summary.violations.map(({ from, to, rule }) => ({ file: from, rule: rule.name, target: to }));
  }

  /** Deletes the project. */
  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true });
  }

  /** Runs a tool's own command on the project. Findings end it with a code that is not 0, so the output decides. */
  private async node(name: string, command: string, args: readonly string[]): Promise<string> {
    const program = await binary(name, command);
    const options = { cwd: this.directory, env: { ...process.env, NODE_OPTIONS: '' }, maxBuffer: 64 * 1024 * 1024 };
    try {
      return (await run(process.execPath, [program, ...args], options)).stdout;
    } catch (error) {
      const { stdout, stderr } = error as { stdout?: string; stderr?: string };
      if (!stdout?.trimStart().startsWith('{'))
        throw new Error(`${command} failed: ${stdout}${stderr}`, { cause: error });
      return stdout;
    }
  }
}

async function binary(name: string, command: string): Promise<string> {
  const root = join(ROOT, 'node_modules', name);
  const { bin } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { bin: Record<string, string> };
  const path = bin[command];
  if (path === undefined) throw new Error(`${name} has no command ${command}`);
  return createRequire(import.meta.url).resolve(join(root, path));
}

/** The rules that broke in each file, sorted, without the files in which none did. */
export function rulesByFile(findings: readonly Finding[]): Record<string, string[]> {
  const byFile: Record<string, string[]> = {};
  for (const { file, rule } of findings) byFile[file] = [...(byFile[file] ?? []), rule].sort();
  return byFile;
}
