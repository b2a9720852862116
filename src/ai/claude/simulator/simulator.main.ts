import { parseArgs } from 'node:util';
import { startSimulator } from './simulator.server.js';

const USAGE = 'options: --faults --port <n> --first-token-ms <n> --delta-ms <n>';

function integer(value: string | undefined, name: string): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d{1,9}$/.test(value)) throw new Error(`--${name} ${value} is no integer; ${USAGE}`);
  return Number(value);
}

/** Runs a simulated Claude as a process of its own. Its first line on stdout is `{"baseUrl": …}`; SIGTERM ends it. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      faults: { type: 'boolean' },
      port: { type: 'string' },
      'first-token-ms': { type: 'string' },
      'delta-ms': { type: 'string' },
    },
  });
  const simulator = await startSimulator({
    faults: values.faults,
    port: integer(values.port, 'port'),
    firstTokenMs: integer(values['first-token-ms'], 'first-token-ms'),
    deltaMs: integer(values['delta-ms'], 'delta-ms'),
  });
  process.stdout.write(`${JSON.stringify({ baseUrl: simulator.baseUrl })}\n`);
  const stop = (): void => void simulator.close();
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

await main();
