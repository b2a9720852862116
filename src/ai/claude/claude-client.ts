import type Anthropic from '@anthropic-ai/sdk';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Agent } from 'undici';
import { Config } from '../../platform/config/config.js';
import { AnswerAccumulator } from './answer-accumulator.js';
import type { ClaudeAnswer, ClaudeRequest } from './claude.types.js';
import { abortCauseOf, CallAborted, type ClaudeApiError, EndOfStream } from './claude-failure.js';
import { ClaudeEndpoint } from './claude-endpoint.js';
import { connectorWithin, fetchThrough } from './claude-fetch.js';
import { soundText } from './upstream-values.js';

type Create = Anthropic.MessageCreateParamsStreaming;

const MAX_REQUEST_ID = 100;
/** From this many characters a system prompt is marked for Claude's cache: shorter ones are below its minimum. */
const CACHED_SYSTEM_CHARACTERS = 4096;
/** A connection is made within this time, or within half of what an attempt has to its first byte. */
const MAX_CONNECT_MS = 10_000;

/**
 * One attempt at Claude, through the SDK with its own retries off. Every call is streamed, whoever waits: that is how a
 * stall is seen and text is kept. The requests go through undici itself, since Node's own fetch gives up at 300 s and has no
 * idle timeout.
 */
@Injectable()
export class ClaudeClient implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly dispatcher: Agent;
  private sdk: Promise<Anthropic> | null = null;

  constructor(
    private readonly config: Config,
    private readonly endpoint: ClaudeEndpoint,
  ) {
    this.dispatcher = new Agent({
      headersTimeout: 0,
      bodyTimeout: config.claude.idleTimeoutMs,
      connect: connectorWithin(Math.min(MAX_CONNECT_MS, config.claude.timeoutMs / 2)),
      connections: config.claude.maxConcurrency,
    });
  }

  /**
   * Asks Claude and reads the answer to its end.
   * @param onText is told each piece of text as it comes.
   * @throws ClaudeApiError for every way this can fail, CallAborted when `signal` ends it.
   */
  async stream(request: ClaudeRequest, onText: (text: string) => void, signal: AbortSignal): Promise<ClaudeAnswer> {
    const accumulator = new AnswerAccumulator(onText);
    try {
      const sdk = await this.connect();
      const call = sdk.messages.create(toCreateParams(request), { signal });
      const { data: events, response, request_id: requestId } = await call.withResponse();
      accumulator.statusCode = response.status;
      accumulator.requestId = soundText(requestId, MAX_REQUEST_ID);
      for await (const event of events) accumulator.accept(event);
      if (!accumulator.complete) throw new EndOfStream();
      return accumulator.answer();
    } catch (error) {
      // Whatever comes behind the end of an answer takes nothing from it.
      if (accumulator.complete) return accumulator.answer();
      if (signal.aborted) {
        throw new CallAborted(abortCauseOf(signal), accumulator.answer(), accumulator.statusCode);
      }
      throw await this.failure(error, accumulator);
    }
  }

  /** @throws ClaudeApiError when Claude refuses or cannot be reached. */
  async countTokens(request: ClaudeRequest): Promise<number> {
    try {
      const sdk = await this.connect();
      const { model, messages, system, output_config, tools } = toCreateParams(request);
      const body = {
        model,
        messages,
        ...(system ? { system } : {}),
        ...(output_config ? { output_config } : {}),
        ...(tools ? { tools } : {}),
      };
      const { input_tokens } = await sdk.messages.countTokens(body as Anthropic.MessageCountTokensParams);
      return input_tokens;
    } catch (error) {
      throw await this.failure(error, new AnswerAccumulator(() => undefined));
    }
  }

  private async failure(error: unknown, seen: AnswerAccumulator): Promise<ClaudeApiError> {
    const { toClaudeApiError } = await this.sdkModule();
    return toClaudeApiError(error, seen, (await this.endpoint.resolve()).apiKey);
  }

  onApplicationBootstrap(): void {
    // Not awaited: the start should not wait for the SDK. If it fails, the first call tells.
    setImmediate(() => void this.ready());
  }

  /** Resolves once the SDK is loaded and the endpoint known, or has turned out not to be: then the call tells why. */
  async ready(): Promise<void> {
    await Promise.allSettled([this.connect()]);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.dispatcher.destroy();
  }

  private connect(): Promise<Anthropic> {
    this.sdk ??= this.open().catch((error: unknown) => {
      this.sdk = null;
      throw error;
    });
    return this.sdk;
  }

  private sdkModule(): Promise<typeof import('./sdk.js')> {
    return import('./sdk.js');
  }

  private async open(): Promise<Anthropic> {
    const { Anthropic } = await this.sdkModule();
    const { baseUrl, apiKey } = await this.endpoint.resolve();
    return new Anthropic({
      apiKey,
      authToken: null,
      baseURL: baseUrl,
      maxRetries: 0,
      timeout: this.config.claude.timeoutMs,
      logLevel: 'off',
      fetch: fetchThrough(this.dispatcher),
    });
  }
}

function toCreateParams(request: ClaudeRequest): Create {
  const format = request.outputSchema ? { type: 'json_schema' as const, schema: { ...request.outputSchema } } : null;
  const outputConfig = {
    ...(request.effort ? { effort: request.effort } : {}),
    ...(format ? { format } : {}),
  };
  return {
    model: request.model,
    max_tokens: request.maxTokens,
    messages: toMessages(request),
    stream: true,
    ...(request.system ? { system: systemBlocks(request.system) } : {}),
    ...(request.stopSequences?.length ? { stop_sequences: [...request.stopSequences] } : {}),
    ...(Object.keys(outputConfig).length > 0 ? { output_config: outputConfig } : {}),
    ...(request.webSearch ? { tools: [{ type: 'web_search_20250305' as const, name: 'web_search' as const }] } : {}),
  };
}

function toMessages({ messages, assistantSoFar }: ClaudeRequest): Create['messages'] {
  const turns: Create['messages'] = messages.map(({ role, content }) => ({ role, content }));
  if (!assistantSoFar?.length) return turns;
  return [...turns, { role: 'assistant', content: assistantSoFar as unknown as Anthropic.ContentBlockParam[] }];
}

function systemBlocks(system: string): Create['system'] {
  if (system.length < CACHED_SYSTEM_CHARACTERS) return system;
  return [{ type: 'text', text: system, cache_control: { type: 'ephemeral' } }];
}
