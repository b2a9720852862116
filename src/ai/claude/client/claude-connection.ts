import type Anthropic from '@anthropic-ai/sdk';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Agent } from 'undici';
import { Config } from '../../../platform/config/config.js';
import type { ClaudeApiError } from '../claude-failure.js';
import { AnswerAccumulator } from './answer-accumulator.js';
import { ClaudeEndpoint } from './claude-endpoint.js';
import { connectorWithin, fetchThrough } from './claude-fetch.js';

/** A connection is made within this time, or within half of what an attempt has to its first byte. */
const MAX_CONNECT_MS = 10_000;

/**
 * The SDK, made when it is first needed, with its own retries off. The requests go through undici itself, since Node's own
 * fetch gives up at 300 s and has no idle timeout.
 */
@Injectable()
export class ClaudeConnection implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly dispatcher: Agent;
  private opened: Promise<Anthropic> | null = null;

  constructor(
    private readonly config: Config,
    private readonly endpoint: ClaudeEndpoint,
  ) {
    // Without a limit of `connections`, since the gateway's places bound the streams. At a limit, calls without a place (token
    // counts, Message Batches) would wait behind streams, and streams behind them: unsent in undici, while timeouts run.
    this.dispatcher = new Agent({
      headersTimeout: 0,
      bodyTimeout: config.claude.idleTimeoutMs,
      connect: connectorWithin(Math.min(MAX_CONNECT_MS, config.claude.timeoutMs / 2)),
    });
  }

  /** The SDK; another call tries again where it could not be made. */
  sdk(): Promise<Anthropic> {
    this.opened ??= this.open().catch((error: unknown) => {
      this.opened = null;
      throw error;
    });
    return this.opened;
  }

  /**
   * The domain error for what a call threw.
   * @param seen what had come of an answer; nothing where the call is none that answers
   */
  async failure(error: unknown, seen = new AnswerAccumulator(() => undefined)): Promise<ClaudeApiError> {
    const { toClaudeApiError } = await import('./sdk.js');
    return toClaudeApiError(error, seen, (await this.endpoint.resolve()).apiKey);
  }

  onApplicationBootstrap(): void {
    // Not awaited: the start should not wait for the SDK. If it fails, the first call tells.
    setImmediate(() => void this.ready());
  }

  /** Resolves once the SDK is loaded and the endpoint known, or has turned out not to be: then the call tells why. */
  async ready(): Promise<void> {
    await Promise.allSettled([this.sdk()]);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.dispatcher.destroy();
  }

  private async open(): Promise<Anthropic> {
    const { Anthropic } = await import('./sdk.js');
    const { baseUrl, apiKey } = await this.endpoint.resolve();
    return new Anthropic({
      apiKey,
      authToken: null,
      baseURL: baseUrl,
      maxRetries: 0,
      timeout: this.config.claude.timeoutMs,
      logLevel: 'off',
      // Spans would be made for each call, also where nobody looks at them; our metrics and log lines tell of it.
      openTelemetry: false,
      fetch: fetchThrough(this.dispatcher),
    });
  }
}
