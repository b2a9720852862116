import { ValidationFailedError } from '../platform/errors/platform.errors.js';
import type { CreateVersionRequest } from './dto/prompt-version.dto.js';
import type { VariableRequest } from './dto/variable.dto.js';
import { MissingVariablesError } from './prompts.errors.js';
import type { RenderedPrompt, VersionContent } from './prompts.types.js';
import { renderPrompt } from './templates/render.js';
import { TemplateSyntaxError } from './templates/template.errors.js';
import { type CompiledTemplate, compileTemplate } from './templates/template.js';
import {
  checkDefinitions,
  effectiveDefinitions,
  type FieldIssue,
  type VariableDefinition,
} from './templates/variables.js';

/** Mistakes listed in one answer: a text of nothing but mistakes must not make a larger answer than itself. */
const MAX_ERRORS = 100;

/**
 * The content of a version as it is kept: with every variable spelled out, also those that its author left to the template.
 * @throws ValidationFailedError for templates that do not parse or can never be rendered, and for variables that do not fit them
 */
export function versionContent(request: CreateVersionRequest): VersionContent {
  const system = request.system ?? null;
  const issues: FieldIssue[] = [];
  const compiled = compile(request.template, '/template', issues);
  const compiledSystem = system === null ? null : compile(system, '/system', issues);
  // Which names a text has is known only when it parses.
  if (!compiled || compiledSystem === undefined) throw new ValidationFailedError(issues);
  if (compiled.blank) issues.push({ pointer: '/template', detail: 'must make more than white space' });
  const given = request.variables?.map(toDefinition) ?? null;
  issues.push(...checkDefinitions(given, compiled, compiledSystem));
  if (issues.length > 0) throw new ValidationFailedError(issues.slice(0, MAX_ERRORS));
  const names = new Set([...compiled.names, ...(compiledSystem?.names ?? [])]);
  return {
    template: request.template,
    system,
    variables: effectiveDefinitions(given, names),
    settings: { ...request.settings },
  };
}

/**
 * What Claude is asked.
 * @throws MissingVariablesError for variables that are not given or of another type
 * @throws ValidationFailedError for surplus ones, and for a result that is empty or too long
 */
export function renderVersion(version: VersionContent, variables: Readonly<Record<string, unknown>>): RenderedPrompt {
  const { template, system, variables: definitions } = version;
  const rendering = renderPrompt({ template, system, definitions, variables });
  if (rendering.ok) return { system: rendering.system, messages: rendering.messages };
  const errors = rendering.errors.slice(0, MAX_ERRORS);
  throw rendering.kind === 'missing' ? new MissingVariablesError(errors) : new ValidationFailedError(errors);
}

function compile(source: string, pointer: string, issues: FieldIssue[]): CompiledTemplate | undefined {
  try {
    return compileTemplate(source);
  } catch (error) {
    if (!(error instanceof TemplateSyntaxError)) throw error;
    issues.push({ pointer, detail: error.message });
    return undefined;
  }
}

function toDefinition({ name, type, required, default: fallback, description }: VariableRequest): VariableDefinition {
  return {
    name,
    type,
    required: required ?? fallback === undefined,
    // Its type is the next thing to be checked.
    ...(fallback === undefined ? {} : { default: fallback as NonNullable<VariableDefinition['default']> }),
    ...(description === undefined ? {} : { description }),
  };
}
