import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/**
 * `npm run demo`: plays Dossier's main job against a fresh instance on an embedded database, and prints it. Nothing is left
 * behind. Answers are simulated, and cost nothing, unless CLAUDE_MODE=live says otherwise.
 */
const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const WIDTH = 100;

const say = (text = '') => process.stdout.write(`${text}\n`);
const heading = (text) => say(process.stdout.isTTY ? `\n\u001B[1m${text}\u001B[0m` : `\n${text}`);
const usd = (amount) => `${amount} USD`;

/** Folds a text at `WIDTH` and sets it in. */
function quote(text) {
  const lines = text.split('\n').flatMap((line) => line.match(new RegExp(`.{1,${WIDTH}}(?:\\s|$)`, 'g')) ?? ['']);
  say(lines.map((line) => `  | ${line.trimEnd()}`).join('\n'));
}

/** Starts Dossier in `folder` on a free port; resolves when it listens. */
async function start(folder) {
  const { DATABASE_URL: _database, BOOTSTRAP_API_KEY: _key, NODE_ENV: _mode, ...environment } = process.env;
  const child = spawn(process.execPath, [MAIN], {
    cwd: folder, // Elsewhere than the repository, so that no developer's .env is read.
    env: { CLAUDE_MODE: 'simulated', ...environment, DATA_DIR: folder, HOST: '127.0.0.1', PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  // Without its server the demo fails, and cleans up on that way.
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => child.kill(signal));
  const printed = [];
  createInterface({ input: child.stderr }).on('line', (line) => printed.push(line));
  for await (const line of createInterface({ input: child.stdout })) {
    printed.push(line);
    if (!line.includes('"event":"listening"')) continue;
    child.stdout.resume(); // What is logged from now on is nobody's business, but must not fill the pipe.
    return {
      url: `${JSON.parse(line).url}/api/v1`,
      key: readFileSync(join(folder, 'admin-api-key'), 'utf8').trim(),
      stop,
    };
  }
  throw new Error(`Dossier did not start:\n${printed.join('\n')}`);
}

/** Calls the API; rejects with the problem when it answers one. */
async function call({ url, key }, path, { method, body, accept = 'application/json' } = {}) {
  const response = await fetch(`${url}${path}`, {
    method: method ?? (body ? 'POST' : 'GET'),
    headers: { authorization: `Bearer ${key}`, accept, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  return accept === 'application/json' ? response.json() : response.body;
}

/** The events of a stream, one after the other. */
async function* events(stream) {
  let text = '';
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const blocks = text.split('\n\n');
    text = blocks.pop();
    for (const block of blocks) {
      const [, name] = /^event: (.*)$/m.exec(block) ?? [];
      const [, data] = /^data: (.*)$/m.exec(block) ?? [];
      if (name) yield { name, data: JSON.parse(data) };
    }
  }
}

/** Streams a run, its text appearing as it comes. Resolves to the finished run. */
async function stream(dossier, body) {
  for await (const { name, data } of events(await call(dossier, '/ai/runs', { body, accept: 'text/event-stream' }))) {
    if (name === 'run') process.stdout.write(`  run ${data.id} is ${data.status}\n\n`);
    else if (name === 'delta') process.stdout.write(data.text);
    else if (name !== 'usage') {
      process.stdout.write('\n');
      return data;
    }
  }
  throw new Error('The stream ended without a last event');
}

async function play(dossier) {
  heading('A research item, and a prompt on it');
  const item = await call(dossier, '/research-items', { body: { title: 'Solid-state batteries', tags: ['energy'] } });
  const prompt = await call(dossier, `/research-items/${item.id}/prompts`, {
    body: {
      name: 'summary',
      system: 'You are a careful research assistant.',
      template: 'Summarise what is known about {{topic}} in {{sentences}} sentences.',
      variables: [
        { name: 'topic', type: 'string' },
        { name: 'sentences', type: 'number', default: 3 },
      ],
    },
  });
  say(`  item ${item.id} "${item.title}", prompt ${prompt.id} "${prompt.name}", version ${prompt.version}`);
  quote(prompt.template);

  heading('What it will send, and the most it can cost');
  const variables = { topic: 'dendrites' };
  const rendered = await call(dossier, `/prompts/${prompt.id}/render`, { body: { variables } });
  quote(rendered.messages[0].content);
  say(`  ${rendered.input_tokens} input tokens, at most ${usd(rendered.max_cost_usd)}`);

  heading('The run, streamed');
  const { id } = await stream(dossier, { prompt_id: prompt.id, variables });

  heading('The same run, read back: what it cost and where it came from');
  const run = await call(dossier, `/ai/runs/${id}`);
  const { input_tokens: input, output_tokens: output } = run.usage;
  say(`  status      ${run.status}, ${run.stop_reason}${run.simulated ? ' (simulated: no call went to Claude)' : ''}`);
  say(`  cost        ${usd(run.cost_usd)}, ${run.billing.state}: ${input} tokens in, ${output} out`);
  say(
    `  provenance  prompt ${run.prompt_id}, version ${run.prompt_version}, ${JSON.stringify(run.variables)}, ${run.model}`,
  );
  for (const { number, status_code, duration_ms, claude_request_id } of run.attempts) {
    say(`  attempt ${number}   ${status_code} after ${duration_ms} ms, Claude's request id ${claude_request_id}`);
  }
}

const folder = mkdtempSync(join(tmpdir(), 'dossier-demo-'));
let dossier = null;
try {
  say('Starting Dossier on an empty embedded database …');
  const begun = performance.now();
  dossier = await start(folder);
  say(`Ready after ${Math.round(performance.now() - begun)} ms.`);
  await play(dossier);
} catch (error) {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
} finally {
  await dossier?.stop();
  rmSync(folder, { recursive: true, force: true });
}
