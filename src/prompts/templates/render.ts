import { RenderedTooLargeError } from './template.errors.js';
import { compileTemplate } from './template.js';
import { bindVariables, type FieldIssue, type VariableDefinition } from './variables.js';

/** A version's templates and what they are filled with. */
export interface RenderInput {
  readonly template: string;
  readonly system: string | null;
  /** Every variable there is. */
  readonly definitions: readonly VariableDefinition[];
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Why there is no text: variables missing (or of another type), variables surplus, or a text that is of no use. */
export type RenderingFailure = 'missing' | 'surplus' | 'empty' | 'too-large';

/** The texts for Claude, or why there are none. */
export type Rendering =
  | {
      readonly ok: true;
      readonly system: string | null;
      readonly messages: readonly { readonly role: 'user'; readonly content: string }[];
    }
  | { readonly ok: false; readonly kind: RenderingFailure; readonly errors: readonly FieldIssue[] };

/**
 * Fills a version's templates. A system prompt that turns out empty is none. Throws nothing for whatever values are given.
 * @throws TemplateSyntaxError for templates that were never compiled before they were kept
 */
export function renderPrompt({ template, system, definitions, variables }: RenderInput): Rendering {
  const binding = bindVariables(definitions, variables);
  if (!binding.ok) return binding;
  try {
    const content = compileTemplate(template).render(binding.values);
    const instructions = system === null ? '' : compileTemplate(system).render(binding.values);
    // Claude refuses a message of white space alone.
    if (content.trim() === '') return unusable('empty', 'The rendered template is empty');
    return {
      ok: true,
      system: instructions.trim() === '' ? null : instructions,
      messages: [{ role: 'user', content }],
    };
  } catch (error) {
    if (error instanceof RenderedTooLargeError) return unusable('too-large', error.message);
    throw error;
  }
}

/** It points at the variables: they are in the body of the request, the template is not. */
function unusable(kind: RenderingFailure, detail: string): Rendering {
  return { ok: false, kind, errors: [{ pointer: '/variables', detail }] };
}
