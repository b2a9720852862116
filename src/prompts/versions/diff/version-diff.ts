import type { PromptVersionSnapshot, VersionContent } from '../../prompts.types.js';
import type { VariableDefinition } from '../../templates/variables.js';
import { diffTexts, type Hunk } from './text-diff.js';

/** A value that has become another. */
interface Changed<Value> {
  readonly name: string;
  readonly from: Value;
  readonly to: Value;
}

/** What differs between two sets of named values. */
interface NamedDiff<Listed, Value> {
  readonly added: readonly Listed[];
  readonly removed: readonly Listed[];
  readonly changed: readonly Changed<Value>[];
}

/** A setting that one of two versions has. */
interface Setting {
  readonly name: string;
  readonly value: unknown;
}

/** What differs between two versions of a prompt. */
export interface VersionDiff {
  readonly template: readonly Hunk[];
  readonly system: readonly Hunk[];
  readonly variables: NamedDiff<VariableDefinition, VariableDefinition>;
  readonly settings: NamedDiff<Setting, unknown>;
}

/** What has to be done to one version to make it the other. */
export function diffVersions(from: PromptVersionSnapshot, to: PromptVersionSnapshot): VersionDiff {
  return {
    template: diffTexts(from.template, to.template),
    system: diffTexts(from.system, to.system),
    variables: diffNamed(variablesOf(from), variablesOf(to), (_, definition) => definition),
    settings: diffNamed(settingsOf(from), settingsOf(to), (name, value) => ({ name, value })),
  };
}

function variablesOf({ variables }: VersionContent): Map<string, VariableDefinition> {
  return new Map(variables.map((definition) => [definition.name, definition]));
}

function settingsOf({ settings }: VersionContent): Map<string, unknown> {
  return new Map(Object.entries(settings));
}

function diffNamed<Value, Listed>(
  from: ReadonlyMap<string, Value>,
  to: ReadonlyMap<string, Value>,
  toListed: (name: string, value: Value) => Listed,
): NamedDiff<Listed, Value> {
  const onlyIn = (these: ReadonlyMap<string, Value>, those: ReadonlyMap<string, Value>): Listed[] =>
    [...these].filter(([name]) => !those.has(name)).map(([name, value]) => toListed(name, value));
  const changed = [...from].flatMap(([name, value]) => {
    const other = to.get(name);
    // As text, since the order of an output schema's properties means something.
    if (other === undefined || JSON.stringify(other) === JSON.stringify(value)) return [];
    return [{ name, from: value, to: other }];
  });
  return { added: onlyIn(to, from), removed: onlyIn(from, to), changed };
}
