import { Transform } from 'class-transformer';
import {
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  IsUrl,
  Matches,
  Max,
  Min,
  MinLength,
  type ValidationOptions,
} from 'class-validator';

const MAX_TIMER_MS = 2_147_483_647;

/** A whole number in plain decimal digits; anything else is left as it is, for the range check to refuse. */
function WholeNumber(min: number, max: number): PropertyDecorator {
  return (target, property) => {
    const message = `must be a whole number from ${min} to ${max}`;
    const options: ValidationOptions = { message };
    Transform(({ value }) => (typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value))(
      target,
      property,
    );
    IsInt(options)(target, property);
    Min(min, options)(target, property);
    Max(max, options)(target, property);
  };
}

function Flag(): PropertyDecorator {
  return (target, property) => {
    Transform(({ value }) => (value === 'true' ? true : value === 'false' ? false : value))(target, property);
    IsBoolean({ message: 'must be true or false' })(target, property);
  };
}

/**
 * The environment as an operator writes it, one field a variable (README lists them). Strings are turned into numbers and
 * flags; an empty value counts as unset. Rules between variables are in `loadConfig`.
 */
export class Environment {
  @IsString()
  @MinLength(1, { message: 'must be a host name or an IP address' })
  HOST: string = '127.0.0.1';

  @WholeNumber(0, 65_535)
  PORT: number = 3000;

  @IsOptional()
  @Matches(/^postgres(ql)?:\/\/\S+$/, { message: 'must look like postgres://user:password@host:5432/database' })
  DATABASE_URL?: string;

  @IsString()
  @MinLength(1)
  DATA_DIR: string = '.data';

  @WholeNumber(1, 1000)
  DATABASE_POOL_SIZE: number = 10;

  @Flag()
  RUN_MIGRATIONS: boolean = true;

  @IsOptional()
  @Matches(/^rediss?:\/\/\S+$/, { message: 'must look like redis://host:6379' })
  REDIS_URL?: string;

  @IsOptional()
  @Matches(/^[\x21-\x7e]+$/, { message: 'must be visible ASCII characters without spaces' })
  ANTHROPIC_API_KEY?: string;

  @IsOptional()
  @IsUrl(
    { protocols: ['http', 'https'], require_protocol: true, require_tld: false },
    { message: 'must be an http or https URL' },
  )
  ANTHROPIC_BASE_URL?: string;

  @IsIn(['auto', 'live', 'simulated'], { message: 'must be auto, live or simulated' })
  CLAUDE_MODE: 'auto' | 'live' | 'simulated' = 'auto';

  @Matches(/^[A-Za-z0-9._:@-]{1,100}$/, { message: 'must be a model id such as claude-sonnet-5-5' })
  CLAUDE_DEFAULT_MODEL: string = 'claude-sonnet-5-5';

  @WholeNumber(1, 128_000)
  CLAUDE_DEFAULT_MAX_TOKENS: number = 4096;

  @WholeNumber(1, MAX_TIMER_MS)
  CLAUDE_TIMEOUT_MS: number = 60_000;

  @WholeNumber(1, MAX_TIMER_MS)
  CLAUDE_IDLE_TIMEOUT_MS: number = 30_000;

  @WholeNumber(1, MAX_TIMER_MS)
  CLAUDE_DEADLINE_MS: number = 300_000;

  @WholeNumber(1, 100)
  CLAUDE_MAX_ATTEMPTS: number = 3;

  @WholeNumber(0, MAX_TIMER_MS)
  CLAUDE_BACKOFF_MIN_MS: number = 2000;

  @WholeNumber(0, MAX_TIMER_MS)
  CLAUDE_BACKOFF_MAX_MS: number = 10_000;

  @WholeNumber(0, MAX_TIMER_MS)
  CLAUDE_RETRY_AFTER_MAX_MS: number = 60_000;

  @WholeNumber(1, 10_000)
  CLAUDE_MAX_CONCURRENCY: number = 50;

  @IsOptional()
  @Matches(/^[\x21-\x7e]{32,500}$/, { message: 'must be 32 to 500 visible ASCII characters without spaces' })
  BOOTSTRAP_API_KEY?: string;

  @IsOptional()
  @MinLength(16, { message: 'must have at least 16 characters' })
  API_KEY_PEPPER?: string;

  @WholeNumber(0, 1_000_000_000)
  RATE_LIMIT_PER_MINUTE: number = 600;

  @WholeNumber(0, 31_536_000)
  STATISTICS_TTL_SECONDS: number = 3600;

  @IsIn(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    message: 'must be fatal, error, warn, info, debug, trace or silent',
  })
  LOG_LEVEL: string = 'info';

  @IsOptional()
  @IsString()
  NODE_ENV?: string;
}
