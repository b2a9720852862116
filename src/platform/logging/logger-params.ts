import type { Params } from 'nestjs-pino';
import type { Config } from '../config/config.js';
import { logContext } from './log-context.js';

/**
 * JSON lines on stdout. Every line within a request carries its id, and its user's once known; a request itself is one line
 * (`request-log.ts`), by path and without the query string: never a prompt, an answer, a key or an Authorization header.
 *
 * nestjs-pino's own middleware (a child logger for each request) is left out: a mixin gives the same fields for less.
 */
export function loggerParams({ logLevel }: Pick<Config, 'logLevel'>): Params {
  return {
    forRoutes: [],
    pinoHttp: {
      level: logLevel,
      base: undefined,
      mixin: () => ({ ...logContext() }),
      formatters: { level: (label: string) => ({ level: label }) },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
    },
  };
}
