import { dirname } from 'node:path/posix';
import { type Finding, PlantedProject, rulesByFile } from './planted-project.js';

/** The import table of the design, written a second time so that a slip in the rules shows. */
const ALLOWED: Record<string, string> = {
  platform: '',
  identity: 'platform',
  prompts: 'platform identity',
  research: 'platform identity prompts',
  ai: 'platform identity prompts',
  search: 'platform identity prompts research ai',
  exports: 'platform identity prompts research ai',
  statistics: 'platform identity prompts research ai',
  'ai/models': '',
  'ai/claude': 'ai/models',
  'ai/token-counter': 'ai/models ai/claude',
  'ai/usage': 'ai/models',
  'ai/runs': 'ai/models ai/claude ai/usage',
  'ai/batches': 'ai/models ai/claude ai/usage ai/runs',
  'ai/claude/simulator': '',
  'ai/claude/client': 'ai/claude/simulator',
  'ai/claude/gateway': 'ai/claude/client',
  'ai/claude/message-batches': 'ai/claude/client',
  'ai/runs/dto': '',
  'ai/runs/ledger': 'ai/runs/dto',
  'ai/runs/events': 'ai/runs/dto ai/runs/ledger',
  'ai/runs/execution': 'ai/runs/dto ai/runs/ledger ai/runs/events',
  'ai/runs/queue': 'ai/runs/dto ai/runs/ledger ai/runs/events ai/runs/execution',
  'ai/runs/leases': 'ai/runs/dto ai/runs/ledger ai/runs/events ai/runs/execution ai/runs/queue',
  'ai/runs/cancellation': 'ai/runs/dto ai/runs/ledger ai/runs/events ai/runs/execution ai/runs/queue',
};

/** The folders beside each other in a folder: features, those of `ai`, of `ai/claude` and of `ai/runs`. */
const foldersIn = (parent: string) => Object.keys(ALLOWED).filter((folder) => dirname(folder) === parent);
const pairsOf = (folders: readonly string[]) => folders.flatMap((from) => folders.map((to) => ({ from, to })));
const PAIRS = ['.', 'ai', 'ai/claude', 'ai/runs']
  .flatMap((parent) => pairsOf(foldersIn(parent)))
  .filter(({ from, to }) => from !== to);
const isAllowed = ({ from, to }: { from: string; to: string }) => ALLOWED[from]?.split(' ').includes(to) ?? false;

const slug = (folder: string) => folder.replaceAll('/', '-');
const pairFile = (from: string, to: string) => `src/${from}/imports-${slug(to)}.ts`;
const importing = (specifier: string) => `import * as it from '${specifier}';\nexport const planted = it;\n`;
const up = (file: string) => '../'.repeat(file.split('/').length - 2);

/** Single cases beside the table: the file, what it imports, and the rules that must fire. */
const CASES: readonly { file: string; imports: string; breaks: readonly string[] }[] = [
  { file: 'src/main.ts', imports: './research/target.js', breaks: [] },
  { file: 'src/app.module.ts', imports: './ai/runs/target.js', breaks: [] },
  { file: 'src/research/above.ts', imports: '../app.setup.js', breaks: ['layers-research'] },
  { file: 'src/ai/ai.module.ts', imports: './batches/target.js', breaks: [] },
  { file: 'src/ai/models/above.ts', imports: '../ai.module.js', breaks: ['layers-ai-models'] },
  { file: 'src/ai/claude/reader.ts', imports: '../../prompts/target.js', breaks: ['claude-is-a-client'] },
  { file: 'src/ai/runs/reader.ts', imports: '../../research/target.js', breaks: ['layers-ai'] },
  { file: 'src/ai/extra/thing.ts', imports: '../../platform/target.js', breaks: ['no-unlisted-ai-folder'] },
  {
    file: 'src/ai/claude/extra/thing.ts',
    imports: '../../../platform/target.js',
    breaks: ['no-unlisted-claude-folder'],
  },
  { file: 'src/ai/runs/extra/thing.ts', imports: '../../../platform/target.js', breaks: ['no-unlisted-runs-folder'] },
  { file: 'src/extra/thing.ts', imports: '../platform/target.js', breaks: ['no-unlisted-folder'] },
  { file: 'src/platform/database/runner.ts', imports: '../../migrations/index.js', breaks: [] },
  { file: 'src/research/runner.ts', imports: '../migrations/index.js', breaks: ['migrations-run-by-the-database'] },
  { file: 'src/migrations/1-planted.ts', imports: '../research/target.js', breaks: ['migrations-stand-alone'] },
  { file: 'src/research/borrows.ts', imports: '../../test/support/target.js', breaks: ['layers-research'] },

  { file: 'src/research/item.service.ts', imports: 'typeorm', breaks: ['typeorm-stays-in-persistence'] },
  { file: 'src/research/item.controller.ts', imports: '@nestjs/typeorm', breaks: ['typeorm-stays-in-persistence'] },
  { file: 'src/platform/http/thing.ts', imports: 'typeorm', breaks: ['typeorm-stays-in-persistence'] },
  { file: 'src/research/item.entity.ts', imports: 'typeorm', breaks: [] },
  { file: 'src/research/item.repository.ts', imports: 'typeorm', breaks: [] },
  { file: 'src/research/research.module.ts', imports: '@nestjs/typeorm', breaks: [] },
  { file: 'src/migrations/2-planted.ts', imports: 'typeorm', breaks: [] },
  ...['database', 'paging', 'errors', 'health', 'idempotency'].map((folder) => ({
    file: `src/platform/${folder}/orm.ts`,
    imports: 'typeorm',
    breaks: [],
  })),

  { file: 'src/ai/runs/call.ts', imports: '@anthropic-ai/sdk', breaks: ['sdk-stays-in-claude'] },
  { file: 'src/ai/claude/call.ts', imports: '@anthropic-ai/sdk', breaks: [] },

  { file: 'src/research/dev.ts', imports: 'fast-check', breaks: ['no-dev-dependencies'] },
  { file: 'src/research/dev.spec.ts', imports: 'fast-check', breaks: [] },
  // Installed, but only as a dependency of Fastify.
  { file: 'src/research/undeclared.ts', imports: 'avvio', breaks: ['no-undeclared-dependencies'] },
  { file: 'src/research/builtin.ts', imports: 'node:fs', breaks: [] },
  { file: 'src/research/lost.ts', imports: './nowhere.js', breaks: ['no-unresolvable'] },
  { file: 'src/research/lost-package.ts', imports: 'no-such-package-at-all', breaks: ['no-unresolvable'] },
];

/** A round of values, one of types, and one through three files. */
const CYCLES: Record<string, string> = {
  'src/research/round-a.ts': importing('./round-b.js'),
  'src/research/round-b.ts': importing('./round-a.js'),
  'src/prompts/type-a.ts': "import type { B } from './type-b.js';\nexport type A = B | 1;\n",
  'src/prompts/type-b.ts': "import type { A } from './type-a.js';\nexport type B = A[];\n",
  'src/identity/long-a.ts': importing('./long-b.js'),
  'src/identity/long-b.ts': importing('./long-c.js'),
  'src/identity/long-c.ts': importing('./long-a.js'),
};

const SOURCES: Record<string, string> = {
  ...Object.fromEntries(Object.keys(ALLOWED).map((folder) => [`src/${folder}/target.ts`, 'export const x = 1;\n'])),
  'src/app.setup.ts': 'export const x = 1;\n',
  'src/migrations/index.ts': 'export const x = 1;\n',
  'test/support/target.ts': 'export const x = 1;\n',
  ...Object.fromEntries(
    PAIRS.map(({ from, to }) => {
      const file = pairFile(from, to);
      return [file, importing(`${up(file)}${to}/target.js`)];
    }),
  ),
  ...Object.fromEntries(CASES.map(({ file, imports }) => [file, importing(imports)])),
  ...CYCLES,
};

describe('the dependency rules', () => {
  let project: PlantedProject;
  let findings: Finding[];

  beforeAll(async () => {
    project = await PlantedProject.create(SOURCES);
    findings = await project.cruise();
  });

  afterAll(() => project.remove());

  it.each(PAIRS.filter((pair) => !isAllowed(pair)))('refuse that $from imports $to', ({ from, to }) => {
    expect(rulesByFile(findings)[pairFile(from, to)]).toEqual([`layers-${slug(from)}`]);
  });

  it.each(PAIRS.filter(isAllowed))('accept that $from imports $to', ({ from, to }) => {
    expect(rulesByFile(findings)[pairFile(from, to)]).toBeUndefined();
  });

  it.each(CASES.filter(({ breaks }) => breaks.length > 0))(
    'refuse that $file imports $imports by $breaks alone',
    ({ file, breaks }) => {
      expect(rulesByFile(findings)[file]).toEqual(breaks);
    },
  );

  it.each(CASES.filter(({ breaks }) => breaks.length === 0))('accept that $file imports $imports', ({ file }) => {
    expect(rulesByFile(findings)[file]).toBeUndefined();
  });

  it('refuse cycles of values and of types, short and long', () => {
    const cycles = findings.filter(({ rule }) => rule === 'no-cycles').map(({ file }) => file);
    // One report for each round, at its first file.
    expect(cycles.sort()).toEqual(['src/identity/long-a.ts', 'src/prompts/type-a.ts', 'src/research/round-a.ts']);
  });
});
