import 'reflect-metadata';
import { constants } from 'node:os';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { PinoLogger } from 'nestjs-pino';
import { loadConfig } from './platform/config/config.js';
import { openEmbeddedDatabase } from './platform/database/embedded/embedded-database.js';
import { OperatorError } from './platform/errors/operator.error.js';
import { keepHeapSmall } from './platform/process/keep-heap-small.js';

/** What a signal to stop does at this moment. */
let onStop: (signal: NodeJS.Signals) => void = callOff;

async function boot(): Promise<void> {
  // From the start on: Node as process 1 of a container is sent only those signals for which it has a handler.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => onStop(signal));
  keepHeapSmall();
  const config = loadConfig();
  // The worker of the embedded database starts beside the imports below, which take longer than it does.
  if (config.database.url === undefined) openEmbeddedDatabase(config.dataDir).catch(() => undefined);
  const { createApp } = await import('./app.setup.js');
  const app = await createApp(config);
  const logger = await app.resolve<PinoLogger>(PinoLogger);
  const listening = app.listen(config.http.port, config.http.host);
  // Runs of the queue may have been begun before it listens: from here on the end is in order.
  onStop = stopping(app, logger, listening);
  await listening;
  logger.info({ event: 'listening', url: await app.getUrl() }, 'Dossier is ready; Swagger UI is at /docs');
  // A defect in work that nobody waits for must not take everybody else's work with it.
  process.on('unhandledRejection', (error) => {
    logger.error({ event: 'unhandled_rejection', err: error }, 'A promise was rejected and nobody looked');
  });
}

/**
 * Ends a start that has begun no work: nobody has been answered, PostgreSQL undoes half a migration, and the embedded database
 * bears any end. The exit code is that of a process that died of the signal, as it would outside of a container: 0 would say
 * that the start had come to its end.
 */
function callOff(signal: NodeJS.Signals): void {
  process.stderr.write(`The start was called off by ${signal}.\n`);
  process.exit(128 + constants.signals[signal]);
}

/** Shuts down in order, once the start has ended. One that fails by itself ends by `boot`, which says why. */
function stopping(
  app: NestFastifyApplication,
  logger: PinoLogger,
  listening: Promise<unknown>,
): (signal: NodeJS.Signals) => void {
  const close = (): Promise<void> =>
    app.close().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ event: 'shutdown_failed', err: error }, 'The shutdown failed');
        process.exit(1);
      },
    );
  return (signal) => {
    onStop = () => undefined;
    logger.info({ event: 'stopping', signal }, 'Shutting down');
    listening.then(close, () => undefined);
  };
}

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
  if (error instanceof OperatorError) return error.message;
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
