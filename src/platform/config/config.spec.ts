import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { getMetadataStorage } from 'class-validator';
import { ConfigError, loadConfig } from './config.js';
import { Environment } from './environment.js';

/** The table of the design (section 3), word for word: variables and defaults; null where it says "unset" or "generated". */
const DEFAULTS: Readonly<Record<string, string | null>> = {
  HOST: '127.0.0.1',
  PORT: '3000',
  DATABASE_URL: null,
  RUN_MIGRATIONS: 'true',
  DATA_DIR: '.data',
  DATABASE_POOL_SIZE: '10',
  REDIS_URL: null,
  ANTHROPIC_API_KEY: null,
  ANTHROPIC_BASE_URL: null,
  CLAUDE_MODE: 'auto',
  CLAUDE_DEFAULT_MODEL: 'claude-sonnet-5-5',
  CLAUDE_DEFAULT_MAX_TOKENS: '4096',
  CLAUDE_TIMEOUT_MS: '60000',
  CLAUDE_IDLE_TIMEOUT_MS: '30000',
  CLAUDE_DEADLINE_MS: '300000',
  CLAUDE_MAX_ATTEMPTS: '3',
  CLAUDE_BACKOFF_MIN_MS: '2000',
  CLAUDE_BACKOFF_MAX_MS: '10000',
  CLAUDE_RETRY_AFTER_MAX_MS: '60000',
  CLAUDE_MAX_CONCURRENCY: '50',
  BOOTSTRAP_API_KEY: null,
  API_KEY_PEPPER: null,
  RATE_LIMIT_PER_MINUTE: '600',
  STATISTICS_TTL_SECONDS: '3600',
  LOG_LEVEL: 'info',
};

/** Every variable that is read, but for Node's own. */
const VARIABLES = [
  ...new Set(
    getMetadataStorage()
      .getTargetValidationMetadatas(Environment, '', true, false)
      .map(({ propertyName }) => propertyName),
  ),
].filter((name) => name !== 'NODE_ENV');

const KEY = 'sk-ant-0123456789abcdef';
const SECRET = 'S3cret!'.repeat(6);

function mistakes(variables: Record<string, string>): readonly string[] {
  try {
    loadConfig(variables);
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
  return [];
}

describe('Without any variable', () => {
  it('every one has the default of the design', () => {
    const environment = new Environment() as unknown as Record<string, string | number | boolean | undefined>;
    const defaults = Object.fromEntries(
      VARIABLES.map((name) => [name, environment[name] === undefined ? null : String(environment[name])]),
    );
    expect(defaults).toEqual(DEFAULTS);
  });

  it('the configuration says so', () => {
    const config = loadConfig({});
    expect(JSON.parse(JSON.stringify(config))).toEqual({
      production: false,
      logLevel: 'info',
      dataDir: resolve('.data'),
      http: { host: '127.0.0.1', port: 3000 },
      database: { poolSize: 10, runMigrations: true },
      claude: {
        mode: 'simulated',
        defaultModel: 'claude-sonnet-5-5',
        defaultMaxTokens: 4096,
        timeoutMs: 60_000,
        idleTimeoutMs: 30_000,
        deadlineMs: 300_000,
        maxAttempts: 3,
        backoffMinMs: 2000,
        backoffMaxMs: 10_000,
        retryAfterMaxMs: 60_000,
        maxConcurrency: 50,
      },
      identity: {},
      rateLimitPerMinute: 600,
      statisticsTtlSeconds: 3600,
    });
  });

  it('an empty one counts as none', () => {
    const empty = Object.fromEntries(VARIABLES.map((name) => [name, '']));
    expect(loadConfig(empty)).toEqual(loadConfig({}));
  });
});

describe('A variable', () => {
  it('of each kind is read', () => {
    const config = loadConfig({
      HOST: '0.0.0.0',
      PORT: '0',
      DATABASE_URL: 'postgresql://u:p@h:5432/d',
      RUN_MIGRATIONS: 'false',
      DATA_DIR: '/var/lib/dossier',
      DATABASE_POOL_SIZE: '25',
      REDIS_URL: 'rediss://h:6379',
      ANTHROPIC_API_KEY: KEY,
      ANTHROPIC_BASE_URL: 'http://localhost:8080',
      CLAUDE_DEFAULT_MODEL: 'claude-opus-5',
      RATE_LIMIT_PER_MINUTE: '0',
      BOOTSTRAP_API_KEY: SECRET,
      API_KEY_PEPPER: SECRET,
      UNRELATED: 'ignored',
    });
    expect(config).toMatchObject({
      dataDir: '/var/lib/dossier',
      redisUrl: 'rediss://h:6379',
      http: { host: '0.0.0.0', port: 0 },
      database: { url: 'postgresql://u:p@h:5432/d', poolSize: 25, runMigrations: false },
      claude: { mode: 'live', apiKey: KEY, baseUrl: 'http://localhost:8080', defaultModel: 'claude-opus-5' },
      identity: { bootstrapApiKey: SECRET, apiKeyPepper: SECRET },
      rateLimitPerMinute: 0,
    });
  });

  it.each([
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', '3000x'],
    ['PORT', '0x10'],
    ['PORT', ' 3000'],
    ['DATABASE_URL', 'mysql://h/d'],
    ['DATABASE_POOL_SIZE', '0'],
    ['DATABASE_POOL_SIZE', '1.5'],
    ['RUN_MIGRATIONS', 'yes'],
    ['RUN_MIGRATIONS', '0'],
    ['REDIS_URL', 'localhost:6379'],
    ['ANTHROPIC_API_KEY', 'with a space'],
    ['ANTHROPIC_BASE_URL', 'ftp://h'],
    ['CLAUDE_MODE', 'LIVE'],
    ['CLAUDE_DEFAULT_MODEL', 'claude sonnet'],
    ['CLAUDE_DEFAULT_MAX_TOKENS', '0'],
    ['CLAUDE_TIMEOUT_MS', '0'],
    ['CLAUDE_IDLE_TIMEOUT_MS', '1e3'],
    ['CLAUDE_DEADLINE_MS', '2147483648'],
    ['CLAUDE_MAX_ATTEMPTS', '0'],
    ['CLAUDE_BACKOFF_MIN_MS', '-1'],
    ['CLAUDE_BACKOFF_MAX_MS', 'many'],
    ['CLAUDE_RETRY_AFTER_MAX_MS', '60s'],
    ['CLAUDE_MAX_CONCURRENCY', '0'],
    ['BOOTSTRAP_API_KEY', 'x'.repeat(31)],
    ['BOOTSTRAP_API_KEY', `${'x'.repeat(31)}é`],
    ['BOOTSTRAP_API_KEY', `${'x'.repeat(31)} x`],
    ['API_KEY_PEPPER', 'short'],
    ['RATE_LIMIT_PER_MINUTE', '-1'],
    ['STATISTICS_TTL_SECONDS', '1h'],
    ['LOG_LEVEL', 'verbose'],
  ])('%s cannot be %j: one line says so', (name, value) => {
    const found = mistakes({ [name]: value });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(new RegExp(`^${name} must `));
    expect(found[0]).not.toContain('\n');
  });

  it('is reported on one line even if its value has several', () => {
    expect(mistakes({ LOG_LEVEL: 'a\nb' })[0]).not.toContain('\n');
  });
});

describe('A report', () => {
  it('names every mistake at once, a line each', () => {
    const variables = { PORT: 'x', CLAUDE_MODE: 'live', LOG_LEVEL: 'loud', RUN_MIGRATIONS: '1', REDIS_URL: 'no' };
    const found = mistakes({ ...variables, CLAUDE_BACKOFF_MIN_MS: '20000' });
    const named = ['ANTHROPIC_API_KEY', 'CLAUDE_BACKOFF_MIN_MS', 'LOG_LEVEL', 'PORT', 'REDIS_URL', 'RUN_MIGRATIONS'];
    expect(new Set(found.map((line) => line.split(' ')[0]))).toEqual(new Set(named));
    const { message } = new ConfigError(found);
    expect(message.split('\n')).toEqual(['The configuration has 6 mistake(s):', ...found.map((line) => `  - ${line}`)]);
  });

  it.each([
    ['ANTHROPIC_API_KEY', 'hunter2 hunter2'],
    ['ANTHROPIC_BASE_URL', 'htp://me:hunter2@host'],
    ['BOOTSTRAP_API_KEY', 'hunter2'],
    ['API_KEY_PEPPER', 'hunter2'],
    ['DATABASE_URL', 'mysql://me:hunter2@host/d'],
    ['REDIS_URL', 'http://:hunter2@host'],
  ])('never repeats the value of %s', (name, value) => {
    const found = mistakes({ [name]: value });
    expect(found).toHaveLength(1);
    expect(found.join()).not.toContain('hunter2');
  });
});

describe('In production', () => {
  const production = { NODE_ENV: 'production' };

  it('refuses to simulate unless told to, and says what to set', () => {
    expect(mistakes(production)).toEqual([
      'ANTHROPIC_API_KEY must be set in production; to run on simulated answers set CLAUDE_MODE=simulated',
    ]);
    expect(loadConfig({ ...production, CLAUDE_MODE: 'simulated' }).claude.mode).toBe('simulated');
    expect(loadConfig({ ...production, ANTHROPIC_API_KEY: KEY })).toMatchObject({
      production: true,
      claude: { mode: 'live' },
    });
  });

  it('needs a pepper with PostgreSQL, which every replica must have, and none with the embedded database', () => {
    const live = { ...production, ANTHROPIC_API_KEY: KEY };
    const database = { DATABASE_URL: 'postgres://h/d' };
    expect(mistakes({ ...live, ...database })).toEqual([expect.stringMatching(/^API_KEY_PEPPER must be set/)]);
    expect(mistakes({ ...live, ...database, API_KEY_PEPPER: SECRET })).toEqual([]);
    expect(mistakes(live)).toEqual([]);
    expect(mistakes({ ...database })).toEqual([]);
  });
});

describe('Live mode', () => {
  it('needs a key, wherever it runs', () => {
    expect(mistakes({ CLAUDE_MODE: 'live' })).toEqual(['ANTHROPIC_API_KEY must be set when CLAUDE_MODE is live']);
  });

  it('can be switched off although there is a key', () => {
    expect(loadConfig({ CLAUDE_MODE: 'simulated', ANTHROPIC_API_KEY: KEY }).claude.mode).toBe('simulated');
  });
});

describe('A .env file', () => {
  const read = `
    import { register } from 'node:module';
    register('${new URL('../../../test/support/typescript-loader.js', import.meta.url).href}');
    const { loadConfig } = await import('${new URL('./config.ts', import.meta.url).href}');
    console.log(JSON.stringify(loadConfig()));`;

  it('in the working directory is read, and what is set already wins', () => {
    const folder = mkdtempSync(join(tmpdir(), 'dossier-env-'));
    writeFileSync(join(folder, '.env'), 'DATABASE_POOL_SIZE=33\nSTATISTICS_TTL_SECONDS=44\n');
    const options = { cwd: folder, env: { STATISTICS_TTL_SECONDS: '55' }, encoding: 'utf8' } as const;
    const output = execFileSync(process.execPath, ['--no-warnings', '--input-type=module', '--eval', read], options);
    rmSync(folder, { recursive: true });
    expect(JSON.parse(output)).toMatchObject({ database: { poolSize: 33 }, statisticsTtlSeconds: 55 });
  });
});

describe('.env.example', () => {
  const example = readFileSync(new URL('../../../.env.example', import.meta.url), 'utf8');
  const entries = [...example.matchAll(/^#?([A-Z_]+)=(.*)$/gm)].map(
    ([, name = '', value = '']) => [name, value] as const,
  );

  it('has every variable once, and no other', () => {
    expect(entries.map(([name]) => name).sort()).toEqual([...VARIABLES].sort());
  });

  it('has each with its default', () => {
    expect(Object.fromEntries(entries)).toEqual(
      Object.fromEntries(Object.entries(DEFAULTS).map(([name, value]) => [name, value ?? ''])),
    );
  });

  it('is a good configuration, with every line uncommented too', () => {
    expect(loadConfig(Object.fromEntries(entries))).toEqual(loadConfig({}));
    expect(example).not.toMatch(/^[A-Z_]+=/m);
  });
});
