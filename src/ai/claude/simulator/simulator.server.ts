import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApiError } from './api-error.js';
import { BatchEndpoint } from './batches/batch.endpoint.js';
import { BatchProcessor } from './batches/batch.processor.js';
import { CallLog } from './faults/call-log.js';
import { FaultInjector } from './faults/fault-injector.js';
import { MessageEndpoint } from './http/message.endpoint.js';
import { RateLimits } from './http/rate-limits.js';
import { Reply } from './http/reply.js';
import { Router } from './http/routes.js';
import { SimulatedClaude } from './simulated-claude.js';
import { PromptCache } from './usage/prompt-cache.js';

/** How a simulated Claude behaves; by default as quickly as it can, and well. */
export interface SimulatorOptions {
  /** Port on 127.0.0.1; a free one by default. */
  port?: number;
  /** Milliseconds before the first byte of an answer; 0 by default. */
  firstTokenMs?: number;
  /** Milliseconds between two deltas of a stream; 0 by default. */
  deltaMs?: number;
  /** Whether `[[sim …]]` in a user's text brings about faults, and calls are logged. For tests only; off by default. */
  faults?: boolean;
}

/** A simulated Claude that takes calls. */
export interface RunningSimulator {
  /** Such as `http://127.0.0.1:40123`, without a slash at the end: the SDK's `baseURL`. */
  readonly baseUrl: string;
  /** Stops listening and destroys open connections. May be called more than once. */
  close(): Promise<void>;
}

/** Longer than any client keeps an idle connection, so that none is closed just as a request is sent on it. */
const KEEP_ALIVE_MS = 600_000;

/** Starts a simulated Claude on the loopback interface. Rejects when the port is taken. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<RunningSimulator> {
  const { port = 0, firstTokenMs = 0, deltaMs = 0, faults = false } = options;
  let baseUrl = '';
  const injector = faults ? new FaultInjector() : null;
  const claude = new SimulatedClaude(new PromptCache(), injector, { firstTokenMs, deltaMs });
  const batches = new BatchEndpoint(new BatchProcessor(claude), injector, () => baseUrl);
  const router = new Router(new MessageEndpoint(claude), batches, faults ? new CallLog() : null);
  const limits = new RateLimits();
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    void answer(router, request, response, limits);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    baseUrl,
    close: async () => {
      batches.close();
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(
  router: Router,
  request: IncomingMessage,
  response: ServerResponse,
  limits: RateLimits,
): Promise<void> {
  const reply = new Reply(response, limits);
  try {
    await router.answer(request, reply);
  } catch (error) {
    // Whoever has gone away needs no answer, and a stream that has begun can only be broken off.
    if (reply.closed.aborted || response.headersSent) response.destroy();
    else reply.error(error instanceof ApiError ? error : new ApiError(500, String(error)));
  }
}
