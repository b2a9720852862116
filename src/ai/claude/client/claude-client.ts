import type Anthropic from '@anthropic-ai/sdk';
import { Injectable } from '@nestjs/common';
import { abortCauseOf, CallAborted, EndOfStream } from '../claude-failure.js';
import type { AnswerStart, ClaudeAnswer, ClaudeRequest } from '../claude.types.js';
import { AnswerAccumulator } from './answer-accumulator.js';
import { ClaudeConnection } from './claude-connection.js';
import { toCreateParams } from './create-params.js';
import { soundCount, soundText } from './upstream-values.js';

const MAX_REQUEST_ID = 100;
/**
 * An answer is whole at its `message_stop`, and its response nearly always ends with it, which leaves the connection for the next
 * call. One that some proxy keeps open is not waited for.
 */
const LINGER_MS = 100;

/** One attempt at Claude. Every call is streamed, whoever waits: that is how a stall is seen and text is kept. */
@Injectable()
export class ClaudeClient {
  constructor(private readonly connection: ClaudeConnection) {}

  /**
   * Asks Claude and reads the answer to its end.
   * @param onText is told each piece of text as it comes, and what was known before it.
   * @throws ClaudeApiError for every way this can fail, CallAborted when `signal` ends it.
   */
  async stream(
    request: ClaudeRequest,
    onText: (text: string, start: AnswerStart) => void,
    signal: AbortSignal,
  ): Promise<ClaudeAnswer> {
    const accumulator = new AnswerAccumulator(onText);
    let linger: NodeJS.Timeout | undefined;
    try {
      const sdk = await this.connection.sdk();
      const call = sdk.messages.create({ ...toCreateParams(request), stream: true }, { signal });
      const { data: events, response, request_id: requestId } = await call.withResponse();
      accumulator.statusCode = response.status;
      accumulator.requestId = soundText(requestId, MAX_REQUEST_ID);
      for await (const event of events) {
        accumulator.accept(event);
        if (accumulator.complete) linger ??= setTimeout(() => events.controller.abort(), LINGER_MS);
      }
      if (!accumulator.complete) throw new EndOfStream();
      return accumulator.answer();
    } catch (error) {
      // Whatever comes behind the end of an answer takes nothing from it.
      if (accumulator.complete) return accumulator.answer();
      if (signal.aborted) {
        throw new CallAborted(abortCauseOf(signal), accumulator.answer(), accumulator.statusCode);
      }
      throw await this.connection.failure(error, accumulator);
    } finally {
      clearTimeout(linger);
    }
  }

  /** Resolves once a call can go out without a wait of its own. */
  ready(): Promise<void> {
    return this.connection.ready();
  }

  /** @throws ClaudeApiError when Claude refuses or cannot be reached, or answers with what is no count. */
  async countTokens(request: ClaudeRequest): Promise<number> {
    try {
      const sdk = await this.connection.sdk();
      const { model, messages, system, output_config, tools } = toCreateParams(request);
      const body = {
        model,
        messages,
        ...(system ? { system } : {}),
        ...(output_config ? { output_config } : {}),
        ...(tools ? { tools } : {}),
      };
      const { input_tokens } = await sdk.messages.countTokens(body as Anthropic.MessageCountTokensParams);
      return soundCount(input_tokens);
    } catch (error) {
      throw await this.connection.failure(error);
    }
  }
}
