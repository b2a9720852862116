import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { clientFor, dataOf, newUser, raw } from '../support/client.js';
import { copiedStorage, emptyStorage, onPostgres, type ServerStorage } from '../support/server-storage.js';
import { ADMIN_KEY, failingBoot, MAIN, serverEnvironment, TestServer } from '../support/server.js';
import { sharedStack } from '../support/shared-stack.js';
import { until } from '../support/until.js';

const { folder, template } = sharedStack();

describe('a boot that cannot succeed', () => {
  const dataDir = (): string => mkdtempSync(join(folder, 'boot-'));
  const boot = (env: Record<string, string>, dir = dataDir()) =>
    failingBoot(serverEnvironment({ dataDir: dir, databaseUrl: undefined }, env), dir);

  it('says in one line that the port is taken', async () => {
    const squatter = createServer().listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    const { port } = squatter.address() as AddressInfo;
    const { dataDir: dir, databaseUrl, remove } = await copiedStorage(folder, template);
    const { code, stderr } = await failingBoot(
      serverEnvironment({ dataDir: dir, databaseUrl }, { PORT: String(port) }),
      dir,
    );
    squatter.close();
    await remove();
    expect(stderr.trim().split('\n')).toEqual([expect.stringContaining(`Port ${port}`) as string]);
    expect(stderr).toMatch(/PORT/);
    expect(code).toBe(1);
  });

  it('lists every mistake in the configuration, a line for each, and no secret', async () => {
    const { code, stderr, stdout } = await boot({
      PORT: '99999',
      CLAUDE_MODE: 'dead',
      DATABASE_URL: 'mysql://me:hunter2@db/x',
      BOOTSTRAP_API_KEY: 'too-short',
      LOG_LEVEL: 'loud',
      CLAUDE_TIMEOUT_MS: '1m',
      RUN_MIGRATIONS: 'maybe',
    });
    const lines = stderr.trim().split('\n').slice(1);
    const names = lines.map((line) => /- ([A-Z_]+) /.exec(line)?.[1] ?? line);
    expect(names.sort()).toEqual([
      'BOOTSTRAP_API_KEY',
      'CLAUDE_MODE',
      'CLAUDE_TIMEOUT_MS',
      'DATABASE_URL',
      'LOG_LEVEL',
      'PORT',
      'RUN_MIGRATIONS',
    ]);
    expect(stderr + stdout).not.toMatch(/hunter2|too-short/);
    expect(code).toBe(1);
  });

  it.each([
    [{ NODE_ENV: 'production', CLAUDE_MODE: 'auto' }, 'ANTHROPIC_API_KEY'],
    [{ CLAUDE_MODE: 'live' }, 'ANTHROPIC_API_KEY'],
    [{ NODE_ENV: 'production', DATABASE_URL: 'postgres://x@127.0.0.1:1/x' }, 'API_KEY_PEPPER'],
    [{ CLAUDE_BACKOFF_MIN_MS: '5', CLAUDE_BACKOFF_MAX_MS: '4' }, 'CLAUDE_BACKOFF_MIN_MS'],
  ])('says what to set for %j', async (env, name) => {
    const { code, stderr } = await boot(env as Record<string, string>);
    expect([code, stderr]).toEqual([1, expect.stringContaining(`- ${name} must`)]);
    expect(stderr.trim().split('\n')).toHaveLength(2);
  });

  it.each([
    ['a file', (dir: string) => writeFileSync(join(dir, 'data'), ''), 'data', /ENOTDIR|EEXIST/],
    ['below a file', (dir: string) => writeFileSync(join(dir, 'data'), ''), 'data/deeper', /ENOTDIR/],
    ['where no folder can be made', () => undefined, '/proc/dossier', /ENOENT/],
  ])('says in one line that DATA_DIR is %s', async (_, prepare, path, reason) => {
    const dir = dataDir();
    prepare(dir);
    const { code, stderr } = await boot({ DATA_DIR: resolve(dir, path) }, dir);
    const said = new RegExp(`^DATA_DIR cannot be used, .*(${reason.source})`);
    expect([code, stderr.trim().split('\n')]).toEqual([1, [expect.stringMatching(said)]]);
  });

  it('says in one line that the database lacks migrations which it is not to run, before it does anything', async () => {
    const { dataDir: dir, databaseUrl, remove } = await emptyStorage(folder);
    const env = serverEnvironment({ dataDir: dir, databaseUrl }, { RUN_MIGRATIONS: 'false' });
    const { code, stderr, stdout } = await failingBoot(env, dir);
    await remove();
    const said =
      /^The database lacks (\d+) of the \1 migrations of this build, the first of them Identity\d+: start once/;
    expect([code, stderr.trim().split('\n')]).toEqual([1, [expect.stringMatching(said)]]);
    expect(stdout).toBe('');
  });

  it.each([
    ['empty', '', 'is empty: restore its content, or delete it'],
    ['no key', 'garbage\n', 'holds no API key: restore its content, or delete it'],
  ])('says in one line that the file of the first admin key is %s', async (_, content, reason) => {
    const { dataDir: dir, databaseUrl, remove } = await emptyStorage(folder);
    writeFileSync(join(dir, 'admin-api-key'), content);
    const env = serverEnvironment({ dataDir: dir, databaseUrl }, { BOOTSTRAP_API_KEY: '' });
    const { code, stderr } = await failingBoot(env, dir);
    await remove();
    expect([code, stderr.trim().split('\n')]).toEqual([1, [expect.stringContaining(reason)]]);
  });

  it('says in one line that the pepper of the keys is gone, unless BOOTSTRAP_API_KEY lets somebody in', async () => {
    const storage = await copiedStorage(folder, template);
    rmSync(join(storage.dataDir, 'api-key-pepper'));
    const env = serverEnvironment(storage, { BOOTSTRAP_API_KEY: '' });
    for (let again = 0; again < 2; again += 1) {
      const { code, stderr } = await failingBoot(env, storage.dataDir);
      expect([code, stderr.trim().split('\n')]).toEqual([1, [expect.stringContaining('api-key-pepper')]]);
    }
    const server = await TestServer.start({ folder, storage });
    expect((await raw('/api/v1/me', { key: ADMIN_KEY, baseUrl: server.baseUrl })).status).toBe(200);
    await server.dispose();
  });

  (onPostgres ? it.skip : it)('says in one line that the embedded database is damaged', async () => {
    const { dataDir: dir, remove } = await copiedStorage(folder, template);
    rmSync(join(dir, 'database', 'global'), { recursive: true });
    const { code, stderr } = await boot({ DATA_DIR: dir }, dir);
    await remove();
    expect([code, stderr.trim().split('\n')]).toEqual([1, [expect.stringContaining('cannot be opened')]]);
  });

  (onPostgres ? it.skip : it)('names the process that has the data already', async () => {
    const server = await TestServer.start({ folder, template });
    const { code, stderr } = await boot({}, server.storage.dataDir);
    expect([code, stderr.trim().split('\n')]).toEqual([1, [expect.stringContaining(String(server.pid))]]);
    expect((await raw('/health/ready', { baseUrl: server.baseUrl })).status).toBe(200);
    await server.stop('SIGKILL');
    // The lock dies with its holder.
    await server.restart();
    await server.dispose();
  });
});

// A signal without a handler would end these processes too, but not process 1 of a container: so the exit code tells them apart.
describe('a start that is called off', () => {
  let child: ChildProcess;
  let output = '';

  function launch(storage: Pick<ServerStorage, 'dataDir' | 'databaseUrl'>): void {
    output = '';
    const env = serverEnvironment(storage, {});
    child = spawn(process.execPath, [MAIN], { cwd: storage.dataDir, env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += String(chunk)));
  }
  async function endBy(signal: NodeJS.Signals): Promise<number | null> {
    const closed = once(child, 'close') as Promise<[number | null]>;
    child.kill(signal);
    return (await closed)[0];
  }
  afterEach(() => child.kill('SIGKILL'));

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)(
    'by %s while the database is waited for ends at once, and does not claim success',
    async (signal, code) => {
      launch({ dataDir: mkdtempSync(join(folder, 'boot-')), databaseUrl: 'postgres://x@127.0.0.1:1/x' });
      await until('The wait for the database', () => output.includes('database_awaited'));
      const start = Date.now();
      expect(await endBy(signal)).toBe(code);
      expect(Date.now() - start).toBeLessThan(2000);
      expect(output).toContain(`The start was called off by ${signal}.`);
    },
  );

  (onPostgres ? it.skip : it).each([
    ['is made', 'database'],
    ['is being migrated', 'run/.s.PGSQL.5432'],
  ])('while the embedded database %s leaves one that the next start opens', async (_, file) => {
    const storage = await emptyStorage(folder);
    launch(storage);
    await until(file, () => existsSync(join(storage.dataDir, file)), 20_000);
    expect(await endBy('SIGTERM')).toBe(143);
    const server = await TestServer.start({ folder, storage });
    expect((await raw('/health/ready', { baseUrl: server.baseUrl })).status).toBe(200);
    await server.dispose();
  });
});

describe('the first start on an empty laptop', () => {
  let server: TestServer;
  const printedKeys = (): string[] => server.output().match(/^ {2}dsr_\S+$/gm) ?? [];

  beforeAll(async () => {
    // PostgreSQL's own port may be anybody's: taken here on purpose, unless it is already.
    const squatter = createServer();
    await new Promise<void>((resolve) => {
      squatter.once('listening', resolve).once('error', () => resolve());
      squatter.listen(5432, '127.0.0.1');
    });
    server = await TestServer.start({ folder, env: { BOOTSTRAP_API_KEY: '', CLAUDE_MODE: '' } });
    squatter.close();
  });
  afterAll(() => server.dispose());

  it('prints a working admin key, which only its owner can read in the file', async () => {
    const [key = ''] = printedKeys().map((line) => line.trim());
    const file = join(server.storage.dataDir, 'admin-api-key');
    expect(readFileSync(file, 'utf8').trim()).toBe(key);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const me = dataOf(await clientFor(key, server.baseUrl).GET('/api/v1/me'));
    expect(me.scopes).toEqual(['read', 'write', 'run', 'admin']);
    expect(server.log().some((line) => JSON.stringify(line).includes(key))).toBe(false);
  });

  it('runs on simulated answers, and says so loudly', async () => {
    const [key = ''] = printedKeys().map((line) => line.trim());
    const api = clientFor(key, server.baseUrl);
    const run = dataOf(await api.POST('/api/v1/ai/runs', { body: { input: 'Hello' } }));
    expect(run).toMatchObject({
      status: 'succeeded',
      simulated: true,
      output_text: expect.stringContaining('[simulated]') as string,
    });
    expect(run.cost_usd).toBeGreaterThan(0);
    expect(server.log('claude_simulated')).toMatchObject([
      { level: 'warn', msg: expect.stringContaining('SIMULATED') as string },
    ]);
  });

  it('keeps the key to itself at every later start', async () => {
    expect(printedKeys()).toHaveLength(1);
    expect(await server.stop()).toBe(0);
    await server.restart();
    expect(printedKeys()).toHaveLength(1);
    const [key = ''] = printedKeys().map((line) => line.trim());
    expect((await raw('/api/v1/me', { key, baseUrl: server.baseUrl })).status).toBe(200);
  });

  it('takes another admin key when it is told one, and the old one no longer', async () => {
    const [old = ''] = printedKeys().map((line) => line.trim());
    await server.stop();
    const key = 'another-admin-key-0123456789abcdefgh';
    await server.restart({ BOOTSTRAP_API_KEY: key });
    expect((await raw('/api/v1/me', { key, baseUrl: server.baseUrl })).status).toBe(200);
    expect((await raw('/api/v1/me', { key: old, baseUrl: server.baseUrl })).status).toBe(401);
  });
});

describe('the log', () => {
  it('is JSON lines with the ids of request and user, by path without the query', async () => {
    const server = await TestServer.start({ folder, template });
    const user = await newUser(server.baseUrl);
    const headers = { 'x-request-id': 'find-me' };
    await raw('/api/v1/research-items?q=SECRET-QUERY', { key: user.key, baseUrl: server.baseUrl, headers });
    const line = await until('The line of the request', () =>
      server.log('request_completed').find(({ request_id }) => request_id === 'find-me'),
    );
    expect(line).toMatchObject({
      level: 'info',
      method: 'GET',
      path: '/api/v1/research-items',
      status_code: 200,
      user_id: user.id,
    });
    expect(server.output()).not.toContain('SECRET-QUERY');
    expect(server.output()).not.toContain(user.key);
    await server.dispose();
  });
});
