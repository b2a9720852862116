import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { ROOT } from './planted-project.js';

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

/** The instructions of a Dockerfile, comments dropped and continued lines joined. */
function instructions(dockerfile: string): string[] {
  const text = dockerfile.replace(/^#.*\n/gm, '').replace(/\\\n\s*/g, '');
  return text.split('\n').filter((line) => line !== '');
}

/** The block of a compose service: its lines until the next name at the same depth. */
function service(compose: string, name: string): string {
  const block = new RegExp(`^  ${name}:\\n((?: {4}.*\\n|\\n)+)`, 'm').exec(compose)?.[1];
  if (block === undefined) throw new Error(`compose.yaml has no service ${name}`);
  return block;
}

describe('the image', () => {
  const all = instructions(read('Dockerfile'));
  const final = all.slice(all.findLastIndex((line) => line.startsWith('FROM ')));
  const bases = all.filter((line) => line.startsWith('FROM ')).map((line) => line.split(' ')[1]);

  it('is built on one slim Node, of a major that the README names and package.json admits', () => {
    expect(new Set(bases).size).toBe(1);
    const major = /^node:(\d+)-slim$/.exec(bases[0] ?? '')?.[1];
    const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } };
    expect(Number(major)).toBeGreaterThanOrEqual(Number(/^>=(\d+)/.exec(engines.node)?.[1]));
    expect(read('README.md')).toMatch(new RegExp(`\\bNode\\b[^\\n]*\\b${major}\\b`));
  });

  it('has the production dependencies alone, from the lock file', () => {
    expect(all).toContainEqual(expect.stringMatching(/^RUN npm ci --omit=dev\b/));
    expect(final.filter((line) => line.includes('node_modules'))).toEqual([
      'COPY --from=dependencies /app/node_modules ./node_modules',
    ]);
    expect(final.filter((line) => /^RUN .*npm/.test(line))).toEqual([]);
  });

  it('has no source maps', () => {
    const { compilerOptions } = JSON.parse(read('tsconfig.build.json')) as { compilerOptions: Record<string, unknown> };
    expect(compilerOptions.sourceMap).toBe(false);
  });

  it('runs as a user who is not root and who owns the data volume', () => {
    const [owner, user, volume] = ['RUN mkdir /data && chown node:node /data', 'USER node', 'VOLUME /data'].map(
      (line) => final.indexOf(line),
    );
    expect(owner).toBeGreaterThan(0);
    expect(user).toBeGreaterThan(owner ?? Infinity);
    expect(volume).toBeGreaterThan(owner ?? Infinity);
    expect(final.filter((line) => line.startsWith('USER '))).toEqual(['USER node']);
  });

  it('listens on every interface, in production, with its data in the volume', () => {
    const env = final.find((line) => line.startsWith('ENV '));
    for (const pair of ['NODE_ENV=production', 'HOST=0.0.0.0', 'DATA_DIR=/data', 'PORT=3000'])
      expect(env).toContain(pair);
    expect(final).toContain('EXPOSE 3000');
  });

  it('makes Node process 1, which gets the signals', () => {
    expect(final.at(-1)).toBe('CMD ["node", "dist/main.js"]');
    expect(final.some((line) => line.startsWith('ENTRYPOINT'))).toBe(false);
  });

  it('holds itself healthy exactly while /health/live answers well', async () => {
    const check = final.find((line) => line.startsWith('HEALTHCHECK '));
    const [program, ...args] = JSON.parse(check?.replace(/^.*? CMD /, '') ?? '') as string[];
    expect(program).toBe('node');

    let status = 200;
    const asked: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url);
      response.writeHead(status).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const env = { PATH: process.env.PATH, PORT: String((server.address() as AddressInfo).port) };
    const exitCode = async () => (await once(spawn(process.execPath, args, { env }), 'exit'))[0] as number;

    expect(await exitCode()).toBe(0);
    status = 503;
    expect(await exitCode()).toBe(1);
    server.close();
    await once(server, 'close');
    expect(await exitCode()).toBe(1);
    expect(asked).toEqual(['/health/live', '/health/live']);
  });
});

describe('the build context', () => {
  const patterns = read('.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));

  it('is a list of what goes in, closed by what never does', () => {
    const lastAdmission = patterns.findLastIndex((line) => line.startsWith('!'));
    expect(patterns[0]).toBe('*');
    for (const secret of ['.git', '**/.env', '**/.env.*', '**/.data', '**/node_modules', '**/dist']) {
      expect(patterns.indexOf(secret)).toBeGreaterThan(lastAdmission);
    }
  });

  it('admits everything that the Dockerfile copies', () => {
    const copied = instructions(read('Dockerfile'))
      .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
      .flatMap((line) => line.split(' ').slice(1, -1));
    expect(copied.length).toBeGreaterThan(0);
    for (const name of copied) expect(patterns).toContain(`!${name.replace('./', '')}`);
  });
});

describe('the composition', () => {
  const compose = read('compose.yaml');
  const dossier = service(compose, 'dossier');
  const environment = [...dossier.matchAll(/^ {6}([A-Z_]+): '(.*)'$/gm)].map(([, name = '', value = '']) => ({
    name,
    value,
  }));

  it('runs replicas behind a balancer that waits for their health', () => {
    expect(dossier).toMatch(/replicas: [2-9]\n/);
    expect(dossier).not.toContain('ports:');
    expect(service(compose, 'balancer')).toMatch(/dossier:\n\s+condition: service_healthy/);
    expect(service(compose, 'balancer')).toContain('./deploy/nginx.conf:');
  });

  it('gives a replica longer to stop than its running calls get', () => {
    expect(Number(/stop_grace_period: (\d+)s/.exec(dossier)?.[1])).toBeGreaterThan(20);
  });

  it('sets only variables that the configuration knows', () => {
    const known = read('src/platform/config/environment.ts');
    expect(environment.length).toBeGreaterThan(0);
    for (const { name } of environment) expect(known).toMatch(new RegExp(`^ {2}${name}[?:!]`, 'm'));
  });

  it('holds no secret, and refuses to start without those that have no safe default', () => {
    const lines = [...compose.matchAll(/^ +([A-Z_]*(?:KEY|PEPPER|PASSWORD|URL)[A-Z_]*): (.*)$/gm)];
    expect(lines.length).toBeGreaterThan(0);
    for (const [, name, value] of lines) expect(`${name}: ${value}`).toMatch(/\$\{|redis:\/\/redis:6379/);
    for (const name of ['API_KEY_PEPPER', 'BOOTSTRAP_API_KEY', 'POSTGRES_PASSWORD']) {
      expect(compose).toContain(`\${${name}:?`);
      expect(compose).not.toMatch(new RegExp(`\\$\\{${name}(?!:\\?)`));
    }
  });

  it('waits for the health of PostgreSQL and Redis, and keeps what PostgreSQL holds', () => {
    for (const name of ['postgres', 'redis']) {
      expect(service(compose, name)).toContain('healthcheck:');
      expect(dossier).toMatch(new RegExp(`${name}:\\n\\s+condition: service_healthy`));
    }
    expect(service(compose, 'postgres')).toMatch(/- postgres:\/var\/lib\/postgresql\/data\n/);
  });
});

describe('the load balancer', () => {
  const config = read('deploy/nginx.conf');

  it('passes streams on as they come and waits longer than a run may take', () => {
    expect(config).toContain('proxy_buffering off;');
    expect(config).toContain('proxy_read_timeout 1h;');
  });

  it('leaves the limit on bodies to Dossier', () => {
    expect(Number(/client_max_body_size (\d+)m;/.exec(config)?.[1])).toBeGreaterThan(32);
  });

  it('logs no query strings', () => {
    expect(config).not.toMatch(/\$(request|request_uri|args|query_string)\b/);
  });
});
