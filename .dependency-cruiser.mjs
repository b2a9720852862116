/**
 * Who may import whom. The four tables below are the whole architecture; every rule is made from them or stands under
 * them. Imports of types count like imports of values.
 */

/** Each feature with the features it may import besides itself. A folder that is not listed may not exist. */
const FEATURES = {
  platform: [],
  identity: ['platform'],
  prompts: ['platform', 'identity'],
  research: ['platform', 'identity', 'prompts'],
  ai: ['platform', 'identity', 'prompts'],
  search: ['platform', 'identity', 'prompts', 'research', 'ai'],
  exports: ['platform', 'identity', 'prompts', 'research', 'ai'],
  statistics: ['platform', 'identity', 'prompts', 'research', 'ai'],
};

/** The same inside `src/ai`. */
const AI_FOLDERS = {
  models: [],
  claude: ['models'],
  'token-counter': ['claude', 'models'],
  usage: ['models'],
  runs: ['claude', 'models', 'usage'],
  batches: ['claude', 'models', 'usage', 'runs'],
};

/** The same inside `src/ai/claude`; the files beside these folders are for all of them. */
const CLAUDE_FOLDERS = {
  simulator: [],
  client: ['simulator'],
  gateway: ['client'],
  'message-batches': ['client'],
};

/** The same inside `src/ai/runs`. */
const RUNS_FOLDERS = {
  dto: [],
  ledger: ['dto'],
  events: ['dto', 'ledger'],
  execution: ['dto', 'ledger', 'events'],
  queue: ['dto', 'ledger', 'events', 'execution'],
  leases: ['dto', 'ledger', 'events', 'execution', 'queue'],
  cancellation: ['dto', 'ledger', 'events', 'execution', 'queue'],
};

const MIGRATIONS = '^src/migrations/';
const SPECS = '\\.spec\\.ts$';

/** A pattern for files under `base` in one of `folders`. */
const within = (base, folders) => `^${base}/(${folders.join('|')})/`;

const featureRules = Object.entries(FEATURES).map(([feature, allowed]) => ({
  name: `layers-${feature}`,
  severity: 'error',
  comment: `src/${feature} may import ${['itself', ...allowed].join(', ')}; dependencies point one way.`,
  from: { path: within('src', [feature]) },
  to: { path: '^(src|test|bench|tools)/', pathNot: [within('src', [feature, ...allowed]), MIGRATIONS] },
}));

const aiRules = Object.entries(AI_FOLDERS).map(([folder, allowed]) => ({
  name: `layers-ai-${folder}`,
  severity: 'error',
  comment: `src/ai/${folder} may import ${['itself', ...allowed].join(', ')} of src/ai.`,
  from: { path: within('src/ai', [folder]) },
  to: { path: '^src/ai/', pathNot: within('src/ai', [folder, ...allowed]) },
}));

const innerRules = Object.entries({ claude: CLAUDE_FOLDERS, runs: RUNS_FOLDERS }).flatMap(([parent, folders]) =>
  Object.entries(folders).map(([folder, allowed]) => ({
    name: `layers-ai-${parent}-${folder}`,
    severity: 'error',
    comment: `src/ai/${parent}/${folder} may import ${['itself', ...allowed].join(', ')} of the folders of src/ai/${parent}.`,
    from: { path: within(`src/ai/${parent}`, [folder]) },
    to: { path: `^src/ai/${parent}/[^/]+/`, pathNot: within(`src/ai/${parent}`, [folder, ...allowed]) },
  })),
);

const shapeRules = [
  {
    name: 'no-cycles',
    severity: 'error',
    comment: 'Nothing imports itself in a round, not even for types.',
    from: {},
    to: { circular: true },
  },
  {
    name: 'no-unlisted-folder',
    severity: 'error',
    comment: 'Every folder of src has its row in FEATURES, so that no code stands outside the table.',
    from: { path: '^src/[^/]+/', pathNot: within('src', [...Object.keys(FEATURES), 'migrations']) },
    to: {},
  },
  {
    name: 'no-unlisted-ai-folder',
    severity: 'error',
    comment: 'Every folder of src/ai has its row in AI_FOLDERS.',
    from: { path: '^src/ai/[^/]+/', pathNot: within('src/ai', Object.keys(AI_FOLDERS)) },
    to: {},
  },
  {
    name: 'no-unlisted-claude-folder',
    severity: 'error',
    comment: 'Every folder of src/ai/claude has its row in CLAUDE_FOLDERS.',
    from: { path: '^src/ai/claude/[^/]+/', pathNot: within('src/ai/claude', Object.keys(CLAUDE_FOLDERS)) },
    to: {},
  },
  {
    name: 'no-unlisted-runs-folder',
    severity: 'error',
    comment: 'Every folder of src/ai/runs has its row in RUNS_FOLDERS.',
    from: { path: '^src/ai/runs/[^/]+/', pathNot: within('src/ai/runs', Object.keys(RUNS_FOLDERS)) },
    to: {},
  },
  {
    name: 'claude-is-a-client',
    severity: 'error',
    comment: 'src/ai/claude speaks to Claude and knows neither users nor prompts.',
    from: { path: '^src/ai/claude/' },
    to: {
      path: within(
        'src',
        Object.keys(FEATURES).filter((name) => name !== 'platform' && name !== 'ai'),
      ),
    },
  },
  {
    name: 'migrations-run-by-the-database',
    severity: 'error',
    comment: 'src/platform/database runs the migrations; nothing else asks for them.',
    from: { path: '^src/', pathNot: [MIGRATIONS, '^src/platform/database/'] },
    to: { path: MIGRATIONS },
  },
  {
    name: 'migrations-stand-alone',
    severity: 'error',
    comment: 'A migration is a record: it may not change its meaning with the code of today.',
    from: { path: MIGRATIONS },
    to: { path: '^(src|test|bench|tools)/', pathNot: MIGRATIONS },
  },
];

const packageRules = [
  {
    name: 'typeorm-stays-in-persistence',
    severity: 'error',
    comment:
      'Services ask repositories; only entities, repositories, modules, migrations and the platform know the ORM.',
    from: {
      path: '^src/',
      pathNot: [
        '\\.(entity|repository|module)\\.ts$',
        MIGRATIONS,
        '^src/platform/(database|paging|errors|health|idempotency)/',
      ],
    },
    to: { path: '(^|/)node_modules/(@nestjs/)?typeorm/' },
  },
  {
    name: 'sdk-stays-in-claude',
    severity: 'error',
    comment: 'One folder imports the SDK, so that its traps have one place.',
    from: { path: '^src/', pathNot: '^src/ai/claude/' },
    to: { path: '(^|/)node_modules/@anthropic-ai/' },
  },
  {
    name: 'no-dev-dependencies',
    severity: 'error',
    comment: 'The image has production dependencies alone.',
    from: { path: '^src/', pathNot: SPECS },
    to: { dependencyTypes: ['npm-dev'], pathNot: '(^|/)node_modules/@types/' },
  },
  {
    name: 'no-undeclared-dependencies',
    severity: 'error',
    comment: 'A package that is imported is named in package.json; a dependency of a dependency may vanish.',
    from: { path: '^src/' },
    to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'], pathNot: '(^|/)node_modules/@types/' },
  },
  {
    name: 'no-unresolvable',
    severity: 'error',
    comment: 'An import that leads nowhere fails here, not at the first start.',
    from: {},
    to: { couldNotResolve: true },
  },
];

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [...featureRules, ...aiRules, ...innerRules, ...shapeRules, ...packageRules],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|coverage)/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      mainFields: ['main', 'types'],
      extensions: ['.ts', '.d.ts', '.js', '.mjs', '.cjs', '.json'],
    },
    skipAnalysisNotInRules: true,
  },
};
