import type { CompiledTemplate } from './template.js';
import { isVariableName } from './template-parser.js';
import type { VariableValue, VariableValues } from './template.types.js';

/** Types that a variable can have; a list holds texts, numbers and booleans. */
export const VARIABLE_TYPES = ['string', 'number', 'boolean', 'list'] as const;

export type VariableType = (typeof VARIABLE_TYPES)[number];

/** Variables of one version. */
export const MAX_VARIABLES = 100;

/** What a prompt's author says of one variable. */
export interface VariableDefinition {
  readonly name: string;
  readonly type: VariableType;
  /** True unless said otherwise. */
  readonly required?: boolean;
  readonly default?: VariableValue;
  readonly description?: string;
}

/** A mistake with its JSON Pointer. */
export interface FieldIssue {
  readonly pointer: string;
  readonly detail: string;
}

/** Values for every variable, or what is wrong with those that were given. What is missing is told first. */
export type Binding =
  | { readonly ok: true; readonly values: VariableValues }
  | { readonly ok: false; readonly kind: 'missing' | 'surplus'; readonly errors: readonly FieldIssue[] };

const DESCRIPTIONS: Record<VariableType, string> = {
  string: 'a text',
  number: 'a number',
  boolean: 'true or false',
  list: 'a list of texts, numbers or booleans',
};

function isScalar(value: unknown): value is string | number | boolean {
  return (
    typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))
  );
}

/** Whether a value is of a type as it stands: nothing is ever converted. */
function isOfType(value: unknown, type: VariableType): value is VariableValue {
  if (type === 'list') return Array.isArray(value) && value.every(isScalar);
  return isScalar(value) && typeof value === type;
}

/** Without definitions, each name in the templates is a required text. */
export function effectiveDefinitions(
  definitions: readonly VariableDefinition[] | null,
  names: Iterable<string>,
): readonly VariableDefinition[] {
  return definitions ?? [...names].map((name) => ({ name, type: 'string' as const, required: true }));
}

/**
 * The mistakes in a version's definitions: names, doublets, defaults, and names in the templates that nobody declares; without
 * definitions, more names than could be declared.
 */
export function checkDefinitions(
  definitions: readonly VariableDefinition[] | null,
  template: CompiledTemplate,
  system: CompiledTemplate | null,
): FieldIssue[] {
  if (definitions === null) return tooManyNames(template, system);
  const declared = new Set(definitions.map(({ name }) => name));
  return [
    ...definitions.flatMap((definition, index) => definitionIssues(definition, index, definitions)),
    ...undeclared(template, declared, '/template'),
    ...(system ? undeclared(system, declared, '/system') : []),
  ];
}

/** A version's variables can be sent back as they are told: as many as a declared list may hold. */
function tooManyNames(template: CompiledTemplate, system: CompiledTemplate | null): FieldIssue[] {
  const { size } = new Set([...template.names, ...(system?.names ?? [])]);
  if (size <= MAX_VARIABLES) return [];
  const most = `a version has at most ${MAX_VARIABLES}`;
  return template.names.size > MAX_VARIABLES
    ? [{ pointer: '/template', detail: `names ${template.names.size} variables: ${most}` }]
    : [{ pointer: '/system', detail: `names variables that make ${size} with those of the template: ${most}` }];
}

function definitionIssues(
  definition: VariableDefinition,
  index: number,
  all: readonly VariableDefinition[],
): FieldIssue[] {
  const { name, type, default: fallback } = definition;
  const pointer = `/variables/${index}`;
  const issues: FieldIssue[] = [];
  if (!isVariableName(name)) {
    issues.push({
      pointer: `${pointer}/name`,
      detail:
        'must be up to 64 letters, digits and underscores, no digit first, and no reserved name such as constructor',
    });
  } else if (all.findIndex((other) => other.name === name) < index) {
    issues.push({ pointer: `${pointer}/name`, detail: 'is declared twice' });
  }
  if (fallback !== undefined && !isOfType(fallback, type)) {
    issues.push({ pointer: `${pointer}/default`, detail: `must be ${DESCRIPTIONS[type]}` });
  }
  return issues;
}

function undeclared(template: CompiledTemplate, declared: ReadonlySet<string>, pointer: string): FieldIssue[] {
  const names = [...template.names].filter((name) => !declared.has(name));
  return names.map((name) => ({ pointer, detail: `names the variable "${name}", which is not declared in variables` }));
}

/**
 * Matches the given values with the definitions; nothing is converted, and null is no value. Missing and wrongly typed
 * variables are reported before surplus ones. An optional variable without a default stays without a value.
 */
export function bindVariables(
  definitions: readonly VariableDefinition[],
  given: Readonly<Record<string, unknown>>,
): Binding {
  const declared = new Set(definitions.map(({ name }) => name));
  const values: Record<string, VariableValue> = {};
  const missing: FieldIssue[] = [];
  for (const { name, type, required, default: fallback } of definitions) {
    const value = Object.hasOwn(given, name) ? given[name] : fallback;
    if (value === undefined) {
      if (required !== false) missing.push({ pointer: pointerTo(name), detail: `is required: ${DESCRIPTIONS[type]}` });
    } else if (isOfType(value, type)) values[name] = value;
    else missing.push({ pointer: pointerTo(name), detail: `must be ${DESCRIPTIONS[type]}` });
  }
  if (missing.length > 0) return { ok: false, kind: 'missing', errors: missing };
  const surplus = Object.keys(given).filter((name) => !declared.has(name));
  if (surplus.length === 0) return { ok: true, values };
  const errors = surplus.map((name) => ({
    pointer: pointerTo(name),
    detail: 'is not a variable of this prompt version',
  }));
  return { ok: false, kind: 'surplus', errors };
}

function pointerTo(name: string): string {
  return `/variables/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
