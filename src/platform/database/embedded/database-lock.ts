import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OperatorError } from '../../errors/operator.error.js';

const LOCK_NAME = /^lock-\d{13}-(\d+)-[0-9a-f]{8}\.sock$/;
/** Longest name of a lock's file, in bytes. */
export const LOCK_NAME_BYTES = 44;
/** How long one of two processes that start at once waits for the other to give way. */
const PATIENCE_MS = 1000;
const POLL_MS = 25;

/** Another process has the embedded database open. The message is one line for the operator. */
export class EmbeddedDatabaseLockedError extends OperatorError {
  override readonly name = 'EmbeddedDatabaseLockedError';

  constructor(
    readonly dataDir: string,
    readonly holderPid: number,
  ) {
    super(
      `The embedded database in ${dataDir} is in use by process ${holderPid}. ` +
        'Stop that process, set another DATA_DIR, or set DATABASE_URL to share a PostgreSQL server.',
    );
  }
}

/**
 * Holds a data directory for this process alone until it ends, however it ends; answers how to let go.
 *
 * The lock is a bound socket, which the kernel closes with its process, kill -9 and containers included, where a file with a
 * PID misleads. Every process binds a name of its own before it looks for others, so that of two at least one sees the other;
 * a name is never used twice, so that what nobody listens on may be removed for ever. Of two that start at once the one with
 * the earlier name stays.
 * @param socketDir where the locks of this data directory are
 * @throws EmbeddedDatabaseLockedError naming the holder's PID (as the holder sees it)
 */
export async function lockDataDir(dataDir: string, socketDir: string): Promise<() => Promise<void>> {
  const name = `lock-${Date.now()}-${process.pid}-${randomBytes(4).toString('hex')}.sock`;
  const server = await listen(join(socketDir, name));
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const [earliest] = await livingOthers(socketDir, name);
    if (earliest === undefined) return () => close(server);
    if (earliest < name || Date.now() > deadline) {
      await close(server);
      throw new EmbeddedDatabaseLockedError(dataDir, Number(LOCK_NAME.exec(earliest)?.[1]));
    }
    await sleep(POLL_MS);
  }
}

async function livingOthers(directory: string, own: string): Promise<string[]> {
  const living: string[] = [];
  for (const name of readdirSync(directory).toSorted()) {
    if (name === own || !LOCK_NAME.test(name)) continue;
    const path = join(directory, name);
    if (await isAlive(path)) living.push(name);
    else rmSync(path, { force: true });
  }
  return living;
}

/** Whether a process listens. Whatever is not a clear no counts as yes, such as a socket of another user. */
function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT');
    });
  });
}

async function listen(path: string): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  server.listen(path);
  await once(server, 'listening'); // Rejects on 'error'.
  return server.unref();
}

async function close(server: Server): Promise<void> {
  await new Promise((resolve) => server.close(resolve));
}
