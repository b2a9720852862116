import { createHash, randomBytes } from 'node:crypto';
import { linkSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A Unix socket's path may have 107 bytes on Linux and 103 on macOS. */
const MAX_SOCKET_PATH_BYTES = 100;
const PROBE_TIMEOUT_MS = 2000;
const MAX_TAKEOVERS = 10;

/** Another process has the embedded database open. */
export class EmbeddedDatabaseLockedError extends Error {
  constructor(
    readonly dataDir: string,
    readonly holderPid: string,
  ) {
    super(
      `The embedded database in ${dataDir} is in use by process ${holderPid}. Stop that process, set another DATA_DIR, or set DATABASE_URL to share a PostgreSQL server.`,
    );
    this.name = 'EmbeddedDatabaseLockedError';
  }
}

/** Where a socket with this name goes: into the folder itself, or for a long path under a short name derived from it. */
export function socketPath(directory: string, name: string): string {
  const path = join(directory, name);
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES) return path;
  const hash = createHash('sha256').update(realpathSync(directory)).digest('hex').slice(0, 16);
  return join(tmpdir(), `dossier-${hash}-${name}`);
}

/**
 * Holds a folder for this process alone until it ends, however it ends: the lock is a bound socket, which the kernel closes
 * with its process. (A file with a PID misleads: in a container every process may have the same.)
 * @throws EmbeddedDatabaseLockedError naming the holder's PID
 */
export async function lockDirectory(directory: string): Promise<Server> {
  const path = socketPath(directory, 'lock.sock');
  for (let takeover = 0; takeover < MAX_TAKEOVERS; takeover += 1) {
    const server = await bind(path);
    if (server) return server;
    const holder = await askHolder(path);
    if (holder !== null) throw new EmbeddedDatabaseLockedError(directory, holder);
    await removeStale(path);
  }
  throw new EmbeddedDatabaseLockedError(directory, 'unknown');
}

/** Binds the socket; null when the path is taken, by a living holder or by what a killed one left behind. */
function bind(path: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined); // A caller that goes away before it has read the PID.
      socket.end(`${process.pid}\n`);
    });
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(null) : reject(error),
    );
    server.listen(path, () => {
      server.unref();
      resolve(server);
    });
  });
}

/** PID of the living holder; null when nobody listens. */
function askHolder(path: string): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect(path);
    let answer = '';
    socket.setTimeout(PROBE_TIMEOUT_MS, () => socket.destroy());
    socket.on('data', (data) => (answer += data.toString()));
    socket.once('connect', () => socket.once('close', () => resolve(answer.trim() || 'unknown')));
    socket.once('error', () => resolve(null));
  });
}

/** Renames before it removes: between the question and the removal another process may have bound the path anew. */
async function removeStale(path: string): Promise<void> {
  const aside = `${path}.${randomBytes(3).toString('hex')}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if ((await askHolder(aside)) !== null) linkSync(aside, path);
  rmSync(aside, { force: true });
}
