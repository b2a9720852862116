import { composeAnswer } from './answers/answer.composer.js';
import { withoutDirectives } from './faults/fault-directives.js';
import type { FaultInjector, FaultTarget } from './faults/fault-injector.js';
import type { FaultPlan } from './faults/fault-plan.js';
import { newId } from './http/reply.js';
import type { Message, MessageRequest, RequestMessage, TokenCountRequest, Usage } from './simulator.types.js';
import type { PromptCache } from './usage/prompt-cache.js';
import { billCall } from './usage/usage.js';

function textOf({ content }: RequestMessage): string {
  if (typeof content === 'string') return content;
  return content.flatMap((block) => (block.type === 'text' ? (block.text ?? '') : [])).join('\n');
}

/** Pace of answers in milliseconds: before the first byte, and between text deltas. */
export interface Pace {
  firstTokenMs: number;
  deltaMs: number;
}

/** What answers a validated request, alone or in a batch. Without an injector, directives are ordinary text. */
export class SimulatedClaude {
  constructor(
    private readonly cache: PromptCache,
    private readonly faults: FaultInjector | null,
    readonly pace: Pace,
  ) {}

  /** What the directives in the user's texts, if any, make of this call. Throws a 400 for malformed ones. */
  planCall({ messages }: TokenCountRequest, target: FaultTarget): FaultPlan {
    if (!this.faults) return {};
    const text = messages.filter(({ role }) => role === 'user').map(textOf);
    return this.faults.planCall(text.join('\n'), target);
  }

  /** The whole message with its bill. The content depends on the request alone, the id and the cache counts do not. */
  answer(request: MessageRequest, plan: FaultPlan, serviceTier: Usage['service_tier']): Message {
    const asked = textOf(request.messages.findLast(({ role }) => role === 'user') ?? { role: 'user', content: '' });
    const answer = composeAnswer(request, this.faults ? withoutDirectives(asked) : asked, plan);
    const usage = billCall(request, answer.content, this.cache, serviceTier);
    const message: Partial<Message> = {
      id: newId('msg'),
      type: 'message',
      role: 'assistant',
      model: request.model,
      container: null,
      diagnostics: null,
      ...answer,
      ...(plan.noUsage ? {} : { usage }),
    };
    return message as Message;
  }
}
