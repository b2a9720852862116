import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeTemplate, type ServerTemplate } from './server-storage.js';
import { MAIN, TestServer } from './server.js';
import { Simulator } from './simulator.js';

const VARIABLE = 'DOSSIER_E2E';

/** What all suites share: a server that talks to a simulated Claude with faults, and what own servers are made from. */
export interface SharedStack {
  readonly baseUrl: string;
  readonly simulatorUrl: string;
  /** File with all the shared server has printed. */
  readonly logFile: string;
  /** Folder of this test run, removed at its end. */
  readonly folder: string;
  readonly template: ServerTemplate;
}

/**
 * Waits between attempts short enough for tests, and limits that no answer reaches on a busy machine: the policy is the same
 * as with the defaults. Suites about limits set their own.
 */
export const QUICK_CLAUDE = {
  CLAUDE_BACKOFF_MIN_MS: '10',
  CLAUDE_BACKOFF_MAX_MS: '30',
  CLAUDE_TIMEOUT_MS: '10000',
  CLAUDE_IDLE_TIMEOUT_MS: '10000',
  CLAUDE_DEADLINE_MS: '30000',
  CLAUDE_RETRY_AFTER_MAX_MS: '2000',
} as const;

/** Over those: for calls that a test lets take their time. */
export const PATIENT_CLAUDE = {
  CLAUDE_TIMEOUT_MS: '60000',
  CLAUDE_IDLE_TIMEOUT_MS: '60000',
  CLAUDE_DEADLINE_MS: '120000',
} as const;

/** A server whose Claude is a simulator in another process, as if it were Anthropic's API. */
export function liveAgainst(simulatorUrl: string): Record<string, string> {
  return {
    CLAUDE_MODE: 'live',
    ANTHROPIC_API_KEY: 'test-key-of-the-upstream',
    ANTHROPIC_BASE_URL: simulatorUrl,
    ...QUICK_CLAUDE,
  };
}

/** The stack that the global setup of Jest has started. */
export function sharedStack(): SharedStack {
  const text = process.env[VARIABLE];
  if (text === undefined) throw new Error('The e2e suites run under Jest with the global setup of jest.config.js');
  return JSON.parse(text) as SharedStack;
}

/**
 * Starts the shared stack and announces it to the suites' processes. Call what it answers to stop everything again; that
 * rejects if the shared server has logged a defect meanwhile.
 */
export async function startSharedStack(): Promise<() => Promise<void>> {
  if (!existsSync(MAIN)) throw new Error('The e2e suites test dist/: run `npm run build` first');
  const folder = mkdtempSync(join(tmpdir(), 'dossier-e2e-'));
  const simulator = await Simulator.start(folder);
  const template = await makeTemplate(folder, async (storage) => {
    const server = await TestServer.start({ folder, storage, keep: true });
    await server.stop();
  });
  const server = await TestServer.start({ folder, template, env: liveAgainst(simulator.baseUrl) });
  const stack: SharedStack = {
    baseUrl: server.baseUrl,
    simulatorUrl: simulator.baseUrl,
    logFile: server.logFile,
    folder,
    template,
  };
  process.env[VARIABLE] = JSON.stringify(stack);
  return async () => {
    try {
      await server.dispose();
    } finally {
      await simulator.stop();
      await template.remove();
      rmSync(folder, { recursive: true, force: true });
    }
  };
}
