import { Injectable } from '@nestjs/common';
import type { UserId } from '../../identity/user-id.js';
import { Config } from '../../platform/config/config.js';
import { ValidationFailedError } from '../../platform/errors/platform.errors.js';
import type { FieldError } from '../../platform/errors/research-platform.error.js';
import type { ResearchItemId } from '../../prompts/parent-item.js';
import { PromptsService } from '../../prompts/prompts.service.js';
import type { PromptId } from '../../prompts/prompts.types.js';
import { ClaudeEndpoint } from '../claude/client/claude-endpoint.js';
import type { RunRequest } from './dto/run-request.dto.js';
import type { RunQuestion, RunSettings } from './run.types.js';

/** Fields that only make sense together with `prompt_id`, and those that only do with `input`. */
const PROMPT_FIELDS = ['version', 'label', 'variables'] as const;
const INPUT_FIELDS = ['system', 'research_item_id'] as const;

type Settings = NonNullable<RunRequest['settings']>;

/** What drafting needs to know of prompts and items. */
export type PromptSource = Pick<PromptsService, 'resolve' | 'render' | 'checkItem'>;

/** Turns the body of a run into the question that Claude is asked: rendered, with every default filled in. */
@Injectable()
export class RunDrafts {
  constructor(
    private readonly config: Config,
    private readonly prompts: PromptsService,
    private readonly endpoint: ClaudeEndpoint,
  ) {}

  /**
   * @throws ValidationFailedError, MissingVariablesError, PromptNotFoundError, NotFoundError (version or label)
   */
  async draft(
    owner: UserId,
    request: RunRequest,
    source: Pick<PromptSource, 'resolve' | 'render'> = this.prompts,
  ): Promise<RunQuestion> {
    checkForm(request);
    return request.prompt_id === undefined ? this.fromInput(owner, request) : this.fromPrompt(owner, request, source);
  }

  /** As `draft`, for a question that is not going to be asked: also an item that it names has to be there. @throws ItemNotFoundError */
  async check(owner: UserId, request: RunRequest, source: PromptSource = this.prompts): Promise<RunQuestion> {
    const question = await this.draft(owner, request, source);
    // Of a run that is made the foreign key tells; a prompt's own item is there with it.
    if (question.promptId === null && question.researchItemId !== null) {
      await source.checkItem(owner, question.researchItemId);
    }
    return question;
  }

  /** The same question once more, to whichever Claude answers now. */
  again(question: RunQuestion): RunQuestion {
    const { userId, promptId, promptVersion, variables, researchItemId, batchId, model, settings, system, messages } =
      question;
    return {
      userId,
      promptId,
      promptVersion,
      variables,
      researchItemId,
      batchId,
      messageBatchId: null,
      model,
      settings,
      system,
      messages,
      simulated: this.endpoint.simulated,
    };
  }

  private async fromPrompt(
    owner: UserId,
    request: RunRequest,
    source: Pick<PromptSource, 'resolve' | 'render'>,
  ): Promise<RunQuestion> {
    const { version, label } = request;
    const resolved = await source.resolve(owner, request.prompt_id as PromptId, {
      ...(version === undefined ? {} : { version }),
      ...(label === undefined ? {} : { label }),
    });
    const variables = request.variables ?? {};
    const { system, messages } = source.render(resolved, variables);
    return {
      ...this.common(owner, { ...resolved.settings, ...request.settings }),
      promptId: resolved.promptId,
      promptVersion: resolved.version,
      variables,
      researchItemId: resolved.researchItemId,
      system,
      messages,
    };
  }

  private fromInput(owner: UserId, request: RunRequest): RunQuestion {
    return {
      ...this.common(owner, request.settings ?? {}),
      promptId: null,
      promptVersion: null,
      variables: null,
      researchItemId: (request.research_item_id ?? null) as ResearchItemId | null,
      system: request.system ?? null,
      messages: [{ role: 'user', content: request.input ?? '' }],
    };
  }

  private common(owner: UserId, settings: Settings) {
    const { model, max_tokens, effort, stop_sequences, output_schema, web_search } = settings;
    const complete: RunSettings = {
      max_tokens: max_tokens ?? this.config.claude.defaultMaxTokens,
      ...(effort === undefined ? {} : { effort }),
      ...(stop_sequences === undefined ? {} : { stop_sequences }),
      ...(output_schema === undefined ? {} : { output_schema }),
      ...(web_search === undefined ? {} : { web_search }),
    };
    return {
      userId: owner,
      batchId: null,
      messageBatchId: null,
      model: model ?? this.config.claude.defaultModel,
      settings: complete,
      simulated: this.endpoint.simulated,
    };
  }
}

function checkForm(request: RunRequest): void {
  const errors: FieldError[] = [];
  const refuse = (fields: readonly (keyof RunRequest)[], other: string): void => {
    for (const field of fields) {
      if (request[field] !== undefined)
        errors.push({ pointer: `/${field}`, detail: `does not go together with ${other}` });
    }
  };
  if (request.prompt_id !== undefined) refuse(['input', ...INPUT_FIELDS], 'prompt_id');
  else if (request.input !== undefined) refuse(PROMPT_FIELDS, 'input');
  else errors.push({ pointer: '', detail: 'needs either prompt_id or input' });
  if (request.version !== undefined && request.label !== undefined) {
    errors.push({ pointer: '/label', detail: 'does not go together with version' });
  }
  if (request.input !== undefined && request.input.trim() === '') {
    errors.push({ pointer: '/input', detail: 'must hold more than white space' });
  }
  if (errors.length > 0) throw new ValidationFailedError(errors);
}
