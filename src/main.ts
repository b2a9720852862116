import 'reflect-metadata';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { PinoLogger } from 'nestjs-pino';
import { ConfigError, loadConfig } from './platform/config/config.js';
import { EmbeddedDatabaseBrokenError, openEmbeddedDatabase } from './platform/database/embedded/embedded-database.js';
import { EmbeddedDatabaseLockedError } from './platform/database/embedded/database-lock.js';
import { keepHeapSmall } from './platform/health/keep-heap-small.js';

async function boot(): Promise<void> {
  keepHeapSmall();
  const config = loadConfig();
  // The worker of the embedded database starts beside the imports below, which take longer than it does.
  if (config.database.url === undefined) openEmbeddedDatabase(config.dataDir).catch(() => undefined);
  const { createApp } = await import('./app.setup.js');
  const app = await createApp(config);
  await app.listen(config.http.port, config.http.host);
  const logger = await app.resolve<PinoLogger>(PinoLogger);
  logger.info({ event: 'listening', url: await app.getUrl() }, 'Dossier is ready; Swagger UI is at /docs');
  stopOnSignals(app, logger);
}

function stopOnSignals(app: NestFastifyApplication, logger: PinoLogger): void {
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) return;
    stopping = true;
    logger.info({ event: 'stopping', signal }, 'Shutting down');
    app.close().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ event: 'shutdown_failed', err: error }, 'The shutdown failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // A defect in work that nobody waits for must not take everybody else's work with it.
  process.on('unhandledRejection', (error) => {
    logger.error({ event: 'unhandled_rejection', err: error }, 'A promise was rejected and nobody looked');
  });
}

/** Errors whose message is written for the operator. */
const FOR_OPERATORS = [ConfigError, EmbeddedDatabaseLockedError, EmbeddedDatabaseBrokenError];
/** Codes of the system for what only the operator can mend, such as a DATA_DIR that is a file. */
const FILE_CODES = new Set([
  'EACCES',
  'EPERM',
  'EROFS',
  'EEXIST',
  'ENOTDIR',
  'ENOENT',
  'ENOSPC',
  'EDQUOT',
  'ENAMETOOLONG',
]);

/** One readable line (for the configuration, one a mistake) on why the boot failed; the stack only where it is a defect. */
function explain(error: unknown): string {
  if (FOR_OPERATORS.some((type) => error instanceof type)) return (error as Error).message;
  if (!(error instanceof Error)) return String(error);
  const { code, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  if (code === 'EADDRINUSE') {
    return `Port ${port} on ${address} is taken: stop what listens there, or set PORT to another.`;
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return `HOST is not an address of this machine: ${error.message}`;
  if (code !== undefined && FILE_CODES.has(code)) return `A file, folder or port may not be used: ${error.message}`;
  return error.name === 'DatabaseUnavailableError' ? unreachable(error) : (error.stack ?? error.message);
}

function unreachable(error: Error): string {
  const cause = error.cause instanceof Error ? error.cause.message : error.message;
  return `PostgreSQL at DATABASE_URL cannot be reached: ${cause}`;
}

boot().catch((error: unknown) => {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(1);
});
