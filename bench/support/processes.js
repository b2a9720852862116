import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const pathOf = (relative) => fileURLToPath(new URL(`../../${relative}`, import.meta.url));

/** The admin key of every Dossier that is measured. */
export const KEY = 'bench-admin-key-0123456789abcdefghijklmn';

const READY_TIMEOUT_MS = 60_000;
const running = new Set();

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

function launch(args, options) {
  const child = spawn(process.execPath, args, options);
  const ended = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
    running.delete(stop);
  };
  running.add(stop);
  return { child, stop };
}

/** Ends whatever is still running. */
export async function stopAll() {
  await Promise.all([...running].map((stop) => stop()));
}

/**
 * Starts Dossier's build with nothing of the caller's environment, and waits until it is ready.
 * @param folder its DATA_DIR and working directory
 * @param env further variables, such as DATABASE_URL
 * @returns its URL and process id, how long it took in ms, and `stop`
 */
export async function startDossier(folder, env = {}) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const begun = performance.now();
  const { child, stop } = launch([pathOf('dist/main.js')], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      PORT: String(port),
      DATA_DIR: folder,
      BOOTSTRAP_API_KEY: KEY,
      CLAUDE_MODE: 'simulated',
      RATE_LIMIT_PER_MINUTE: '0',
      ...env,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  while (!(await isReady(url))) {
    if (child.exitCode !== null) throw new Error(`Dossier ended at its start with ${child.exitCode}`);
    if (performance.now() - begun > READY_TIMEOUT_MS) throw new Error('Dossier was not ready in time');
    await sleep(5);
  }
  return { url, pid: child.pid, readyMs: performance.now() - begun, stop };
}

async function isReady(url) {
  try {
    return (await fetch(`${url}/health/ready`)).ok;
  } catch {
    return false; // Nothing listens yet.
  }
}

/** Starts a program that prints `{"baseUrl": …}` when it listens. */
async function startPrinting(script, args, env = {}) {
  const options = { env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', 'pipe', 'inherit'] };
  const { child, stop } = launch([pathOf(script), ...args], options);
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  return { url: JSON.parse(line).baseUrl, stop };
}

/** A simulated Claude in a process of its own, which answers as fast as it can; `--faults` lets a question set its pace. */
export const startSimulator = (...flags) => startPrinting('dist/ai/claude/simulator/simulator.main.js', flags);

/** The least that could do the same: see bare-server.js. */
export const startBareServer = (databaseUrl) =>
  startPrinting('bench/support/bare-server.js', [], { DATABASE_URL: databaseUrl });

/** A figure of `/metrics`. */
export async function metric(url, name) {
  const text = await (await fetch(`${url}/metrics`)).text();
  const [, value] = new RegExp(`^${name} (\\S+)$`, 'm').exec(text) ?? [];
  if (value === undefined) throw new Error(`/metrics has no ${name}`);
  return Number(value);
}

/** Calls Dossier's API with the admin key and answers the body. */
export async function api(url, path, body, headers = {}) {
  const response = await fetch(`${url}/api/v1${path}`, {
    method: body ? 'POST' : 'GET',
    headers: { authorization: `Bearer ${KEY}`, ...(body && { 'content-type': 'application/json' }), ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  return response.json();
}
