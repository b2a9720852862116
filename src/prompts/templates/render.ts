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

/** The texts for Claude, or why there are none: variables missing (or of another type), surplus, or the text unusable. */
export type Rendering =
  | {
      readonly ok: true;
      readonly system: string | null;
      readonly messages: readonly { readonly role: 'user'; readonly content: string }[];
    }
  | { readonly ok: false; readonly kind: 'missing' | 'surplus' | 'text'; readonly errors: readonly FieldIssue[] };

/** Fills a version's templates. Throws nothing for whatever values are given. */
export function renderPrompt({ template, system, definitions, variables }: RenderInput): Rendering {
  const binding = bindVariables(definitions, variables);
  if (!binding.ok) return binding;
  try {
    const content = compileTemplate(template).render(binding.values);
    const instructions = system === null ? '' : compileTemplate(system).render(binding.values);
    // Claude refuses a message of white space alone.
    if (content.trim() === '') return unusable('The rendered template is empty');
    return {
      ok: true,
      system: instructions.trim() === '' ? null : instructions,
      messages: [{ role: 'user', content }],
    };
  } catch (error) {
    if (error instanceof RenderedTooLargeError) return unusable(error.message);
    throw error;
  }
}

function unusable(detail: string): Rendering {
  return { ok: false, kind: 'text', errors: [{ pointer: '/variables', detail }] };
}
