import { once } from 'node:events';
import { connect } from 'node:net';

/** Where developers and CI have a Redis. */
export const REDIS = { host: '127.0.0.1', port: 6379 };

/** A database of Redis for this process alone, so that no other server counts the same user ids. */
const DATABASE = 1 + (process.pid % 15);

/** Whether a Redis answers at 127.0.0.1:6379. Without one there is nothing to share, and suites skip that part by name. */
export const withRedis = await new Promise<boolean>((resolve) => {
  const socket = connect(REDIS.port, REDIS.host, () => resolve(true)).on('error', () => resolve(false));
  socket.on('connect', () => socket.destroy());
});

/** The URL of this process's database of Redis; `through` puts a proxy in between. */
export function redisUrl(through: (url: string) => string = (url) => url): string {
  return `${through(`redis://${REDIS.host}:${REDIS.port}`).replace(/\/$/, '')}/${DATABASE}`;
}

/** Empties this process's database of Redis. */
export async function forgetCounts(): Promise<void> {
  const socket = connect(REDIS.port, REDIS.host);
  socket.end(`SELECT ${DATABASE}\r\nFLUSHDB\r\n`);
  socket.resume();
  await once(socket, 'close');
}
