import { ApiError, invalidRequest } from '../api-error.js';
import { getModel } from '../model-list.js';
import type { MessageRequest, RequestBlock, TokenCountRequest } from '../simulator.types.js';
import { countInputTokens } from '../usage/tokens.js';
import * as content from './content.checks.js';
import {
  aBoolean,
  anInteger,
  anObject,
  anything,
  arrayOf,
  aString,
  cacheControl,
  fields,
  nullable,
  oneOf,
  type Check,
} from './field-checks.js';

const MAX_CACHE_BREAKPOINTS = 4;

const stopSequence: Check = (value, path) => {
  aString(value, path);
  if ((value as string).trim() === '') throw invalidRequest(path, 'each stop sequence must contain non-whitespace');
};

const thinking: Check = (value, path) => {
  fields(
    {
      type: oneOf('enabled', 'disabled', 'between_tools', 'adaptive'),
      budget_tokens: anInteger(1024),
      display: anything,
    },
    ['type'],
  )(value, path);
};

const counted: Readonly<Record<string, Check>> = {
  model: aString,
  messages: content.messages,
  system: content.system,
  tools: arrayOf(content.tool),
  tool_choice: anObject,
  thinking,
  speed: nullable(oneOf('standard', 'fast')),
  cache_control: cacheControl,
  output_config: fields({
    effort: nullable(oneOf('low', 'medium', 'high', 'xhigh', 'max')),
    format: nullable(fields({ type: oneOf('json_schema'), schema: anObject }, ['type', 'schema'])),
  }),
};

const countRequest = fields(counted, ['model', 'messages']);

/** `temperature`, `top_p` and `top_k` are no fields of the API any more, so they are refused as any stranger is. */
const messageRequest = fields(
  {
    ...counted,
    max_tokens: anInteger(1),
    stop_sequences: arrayOf(stopSequence),
    stream: aBoolean,
    metadata: fields({ user_id: nullable(aString) }),
    service_tier: oneOf('auto', 'standard_only'),
    inference_geo: nullable(aString),
    container: nullable(anything),
    diagnostics: nullable(anObject),
  },
  ['model', 'messages', 'max_tokens'],
);

/** Validates a `count_tokens` body. Throws the API's 400, or its 404 for an unknown model. */
export function validateCountRequest(body: unknown): TokenCountRequest {
  countRequest(body, '');
  const request = body as TokenCountRequest;
  getModel(request.model);
  return request;
}

/** Validates a `POST /v1/messages` body. Throws the API's 400, or its 404 for an unknown model. */
export function validateMessageRequest(body: unknown): MessageRequest {
  messageRequest(body, '');
  const request = body as MessageRequest;
  const model = getModel(request.model);
  if (request.max_tokens > model.maxTokens) {
    throw invalidRequest(
      'max_tokens',
      `${request.max_tokens} > ${model.maxTokens}, which is the maximum allowed number of output tokens for ${request.model}`,
    );
  }
  const budget = request.thinking?.budget_tokens;
  if (budget !== undefined && budget >= request.max_tokens) {
    throw invalidRequest('thinking.budget_tokens', '`max_tokens` must be greater than `thinking.budget_tokens`');
  }
  refusePrefill(request);
  refuseTooManyBreakpoints(request);
  refuseTooLong(request, model.maxInputTokens);
  return request;
}

/** An assistant turn may stand last only to continue a paused one, which is known by the server tool it was using. */
function refusePrefill({ messages }: MessageRequest): void {
  const last = messages.at(-1);
  if (last?.role !== 'assistant') return;
  const paused = Array.isArray(last.content) && last.content.some((block) => block.type === 'server_tool_use');
  if (!paused) {
    const problem =
      'This model does not support assistant message prefill. The conversation must end with a user message.';
    throw new ApiError(400, problem);
  }
}

function refuseTooManyBreakpoints({ system, messages, tools }: MessageRequest): void {
  const blocks: Pick<RequestBlock, 'cache_control'>[] = [...(tools ?? []), ...(Array.isArray(system) ? system : [])];
  for (const message of messages) if (Array.isArray(message.content)) blocks.push(...message.content);
  const found = blocks.filter((block) => block.cache_control).length;
  if (found > MAX_CACHE_BREAKPOINTS) {
    throw new ApiError(
      400,
      `A maximum of ${MAX_CACHE_BREAKPOINTS} blocks with cache_control may be provided. Found ${found}.`,
    );
  }
}

function refuseTooLong(request: MessageRequest, maximum: number): void {
  const tokens = countInputTokens(request);
  if (tokens > maximum) throw new ApiError(400, `prompt is too long: ${tokens} tokens > ${maximum} maximum`);
}
