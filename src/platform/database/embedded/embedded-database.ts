import { chmodSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { LOCK_NAME_BYTES, lockDataDir } from './database-lock.js';
import { EmbeddedWorker } from './embedded-worker.js';
import { ensureDataDirectory } from '../../config/directories.js';
import { OperatorError } from '../../errors/operator.error.js';

/** `pg` looks for `<host>/.s.PGSQL.<port>`; nothing listens on TCP. */
const SOCKET_PORT = 5432;
/** A Unix socket's path may have 107 bytes on Linux and 103 on macOS. */
const MAX_SOCKET_PATH_BYTES = 100;

/** How to reach a running embedded database with `pg`. */
export interface EmbeddedDatabase {
  /** A directory: pg's `host` for a Unix socket. */
  readonly host: string;
  readonly port: number;
  /** Writes everything out, ends the thread and lets go of the directory. */
  close(): Promise<void>;
}

/** The directory cannot be opened: damaged, or of another version. The message is one line for the operator. */
export class EmbeddedDatabaseBrokenError extends OperatorError {
  override readonly name = 'EmbeddedDatabaseBrokenError';

  constructor(dataDir: string, options: ErrorOptions) {
    const reason = options.cause instanceof Error ? options.cause.message : String(options.cause);
    super(
      `The embedded database in ${join(dataDir, 'database')} cannot be opened (${reason.split('\n', 1)[0]}): ` +
        'restore it from a copy, or move it away to begin with an empty one.',
      options,
    );
  }
}

const opened = new Map<string, Promise<EmbeddedDatabase>>();

/**
 * Opens the embedded database of a data directory, or gives the one that this process has open. `main.ts` calls it before the
 * heavy imports, so that the database starts beside them; a failure is told to whoever awaits it.
 * @throws EmbeddedDatabaseLockedError when another process has it, EmbeddedDatabaseBrokenError
 */
export function openEmbeddedDatabase(dataDir: string): Promise<EmbeddedDatabase> {
  const directory = resolve(dataDir);
  const known = opened.get(directory);
  if (known) return known;
  const opening = open(directory);
  opened.set(directory, opening);
  opening.catch(() => opened.delete(directory));
  return opening;
}

async function open(dataDir: string): Promise<EmbeddedDatabase> {
  const sockets = socketDirectory(dataDir);
  try {
    const unlock = await lockDataDir(dataDir, sockets.path);
    const socketPath = join(sockets.path, `.s.PGSQL.${SOCKET_PORT}`);
    const worker = new EmbeddedWorker({ databaseDir: join(dataDir, 'database'), socketPath });
    const close = async (): Promise<void> => {
      await worker.stop();
      await unlock();
      sockets.dispose();
      opened.delete(dataDir);
    };
    await worker.start().catch(async (error: unknown) => {
      await close();
      throw new EmbeddedDatabaseBrokenError(dataDir, { cause: error });
    });
    return { host: sockets.path, port: SOCKET_PORT, close };
  } catch (error) {
    sockets.dispose();
    throw error;
  }
}

/** Where the sockets go: a private directory beside the data, under a short name when its own is too long for a socket. */
function socketDirectory(dataDir: string): { readonly path: string; dispose(): void } {
  const directory = join(dataDir, 'run');
  ensureDataDirectory(directory);
  chmodSync(directory, 0o700);
  if (Buffer.byteLength(directory) + 1 + LOCK_NAME_BYTES <= MAX_SOCKET_PATH_BYTES) {
    return { path: directory, dispose: () => undefined };
  }
  const folder = mkdtempSync(join(tmpdir(), 'dossier-'));
  const link = join(folder, 'run');
  symlinkSync(directory, link);
  return { path: link, dispose: () => rmSync(folder, { recursive: true, force: true }) };
}
