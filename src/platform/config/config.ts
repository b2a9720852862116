import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { OperatorError } from '../errors/operator.error.js';
import { Environment } from './environment.js';

/** Where Claude's answers come from: Anthropic's API, or the simulator in this process. */
export type ClaudeMode = 'live' | 'simulated';

/** The validated configuration, made once at boot. All durations are milliseconds unless their name says otherwise. */
export class Config {
  readonly production: boolean;
  readonly logLevel: string;
  /** Absolute path of the folder for the embedded database and generated secrets. */
  readonly dataDir: string;
  readonly redisUrl: string | undefined;
  readonly http: { readonly host: string; readonly port: number };
  readonly database: { readonly url: string | undefined; readonly poolSize: number; readonly runMigrations: boolean };
  readonly claude: ClaudeConfig;
  readonly identity: { readonly bootstrapApiKey: string | undefined; readonly apiKeyPepper: string | undefined };
  /** Requests per minute and user; 0 switches the limit off. */
  readonly rateLimitPerMinute: number;
  readonly statisticsTtlSeconds: number;

  constructor(environment: Environment) {
    this.production = environment.NODE_ENV === 'production';
    this.logLevel = environment.LOG_LEVEL;
    this.dataDir = resolve(environment.DATA_DIR);
    this.redisUrl = environment.REDIS_URL;
    this.http = { host: environment.HOST, port: environment.PORT };
    this.database = {
      url: environment.DATABASE_URL,
      poolSize: environment.DATABASE_POOL_SIZE,
      runMigrations: environment.RUN_MIGRATIONS,
    };
    this.claude = claudeConfig(environment);
    this.identity = { bootstrapApiKey: environment.BOOTSTRAP_API_KEY, apiKeyPepper: environment.API_KEY_PEPPER };
    this.rateLimitPerMinute = environment.RATE_LIMIT_PER_MINUTE;
    this.statisticsTtlSeconds = environment.STATISTICS_TTL_SECONDS;
  }
}

/** How to reach Claude and how long to wait for it. */
export interface ClaudeConfig {
  readonly mode: ClaudeMode;
  readonly apiKey: string | undefined;
  readonly baseUrl: string | undefined;
  readonly defaultModel: string;
  readonly defaultMaxTokens: number;
  /** One attempt, to the first byte of the answer. */
  readonly timeoutMs: number;
  /** Silence inside an answer. */
  readonly idleTimeoutMs: number;
  /** One run, all attempts and waits. */
  readonly deadlineMs: number;
  readonly maxAttempts: number;
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
  /** A longer `retry-after` is not waited for. */
  readonly retryAfterMaxMs: number;
  /** Calls in flight in this process. */
  readonly maxConcurrency: number;
}

function claudeConfig(environment: Environment): ClaudeConfig {
  const auto: ClaudeMode = environment.ANTHROPIC_API_KEY ? 'live' : 'simulated';
  return {
    mode: environment.CLAUDE_MODE === 'auto' ? auto : environment.CLAUDE_MODE,
    apiKey: environment.ANTHROPIC_API_KEY,
    baseUrl: environment.ANTHROPIC_BASE_URL,
    defaultModel: environment.CLAUDE_DEFAULT_MODEL,
    defaultMaxTokens: environment.CLAUDE_DEFAULT_MAX_TOKENS,
    timeoutMs: environment.CLAUDE_TIMEOUT_MS,
    idleTimeoutMs: environment.CLAUDE_IDLE_TIMEOUT_MS,
    deadlineMs: environment.CLAUDE_DEADLINE_MS,
    maxAttempts: environment.CLAUDE_MAX_ATTEMPTS,
    backoffMinMs: environment.CLAUDE_BACKOFF_MIN_MS,
    backoffMaxMs: environment.CLAUDE_BACKOFF_MAX_MS,
    retryAfterMaxMs: environment.CLAUDE_RETRY_AFTER_MAX_MS,
    maxConcurrency: environment.CLAUDE_MAX_CONCURRENCY,
  };
}

/** The environment is not usable; `mistakes` has one readable line for each variable, and so has the message. */
export class ConfigError extends OperatorError {
  override readonly name = 'ConfigError';

  constructor(readonly mistakes: readonly string[]) {
    super(`The configuration has ${mistakes.length} mistake(s):\n${mistakes.map((line) => `  - ${line}`).join('\n')}`);
  }
}

/**
 * Reads and checks the environment once. Without an argument: `process.env`, after a `.env` file in the working directory
 * where there is one (variables that are already set win).
 * @throws ConfigError naming every mistake at once.
 */
export function loadConfig(variables: NodeJS.ProcessEnv = processEnvironment()): Config {
  const given = Object.fromEntries(
    Object.entries(variables).filter(([, value]) => value !== undefined && value !== ''),
  );
  const environment = plainToInstance(Environment, given, { exposeDefaultValues: true });
  const mistakes = [...fieldMistakes(environment), ...ruleMistakes(environment)];
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  return new Config(environment);
}

function processEnvironment(): NodeJS.ProcessEnv {
  if (existsSync('.env')) process.loadEnvFile('.env');
  return process.env;
}

/** Never repeated in a report; a URL may hold a password. */
const SECRETS = new Set([
  'ANTHROPIC_API_KEY',
  'ANTHROPIC_BASE_URL',
  'API_KEY_PEPPER',
  'BOOTSTRAP_API_KEY',
  'DATABASE_URL',
  'REDIS_URL',
]);

function fieldMistakes(environment: Environment): string[] {
  return validateSync(environment, { forbidUnknownValues: false }).map(({ property, value, constraints }) => {
    const rules = [...new Set(Object.values(constraints ?? {}))].join(', ');
    return SECRETS.has(property) ? `${property} ${rules}` : `${property} ${rules}, not ${JSON.stringify(value)}`;
  });
}

function ruleMistakes(environment: Environment): string[] {
  const production = environment.NODE_ENV === 'production';
  const mistakes: string[] = [];
  if (environment.CLAUDE_MODE === 'live' && !environment.ANTHROPIC_API_KEY) {
    mistakes.push('ANTHROPIC_API_KEY must be set when CLAUDE_MODE is live');
  }
  if (production && environment.CLAUDE_MODE === 'auto' && !environment.ANTHROPIC_API_KEY) {
    mistakes.push('ANTHROPIC_API_KEY must be set in production; to run on simulated answers set CLAUDE_MODE=simulated');
  }
  if (production && environment.DATABASE_URL && !environment.API_KEY_PEPPER) {
    mistakes.push('API_KEY_PEPPER must be set in production with PostgreSQL, the same on every replica');
  }
  if (environment.CLAUDE_BACKOFF_MIN_MS > environment.CLAUDE_BACKOFF_MAX_MS) {
    mistakes.push('CLAUDE_BACKOFF_MIN_MS must not be above CLAUDE_BACKOFF_MAX_MS');
  }
  return mistakes;
}
