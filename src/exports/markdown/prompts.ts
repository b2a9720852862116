import type { PromptVersionSnapshot } from '../../prompts/prompts.types.js';
import type { ExportedPrompt } from '../exports.repository.js';
import { block, moment } from './answers.js';
import { codeBlock, codeSpan, inline } from './plain-text.js';

/** A prompt's name and where its labels stand. */
export function promptHead({ id, name, version, labels }: ExportedPrompt): string {
  const standing = Object.entries(labels).map(([label, number]) => `${codeSpan(label)} is version ${number}`);
  const facts = [`Prompt ${id}`, `latest version ${version}`, ...standing];
  return block(`## ${inline(name) || `Prompt ${id}`}`) + block(facts.join(' · '));
}

/** A version with its settings, variables and texts. */
export function promptVersion(version: PromptVersionSnapshot): string {
  const { output_schema: schema, ...settings } = version.settings;
  const set = Object.entries(settings).map(
    ([name, value]) => `- ${codeSpan(name)}: ${codeSpan(JSON.stringify(value))}`,
  );
  return [
    block(`### Version ${version.version}`),
    block(`Made ${moment(version.createdAt)}.`),
    set.length > 0 ? block('**Settings**') + block(...set) : '',
    schema === undefined
      ? ''
      : block('**Output schema**') + block(...codeBlock(JSON.stringify(schema, null, 2), 'json')),
    variables(version),
    version.system === null ? '' : block('**System**') + block(...codeBlock(version.system, 'text')),
    block('**Template**') + block(...codeBlock(version.template, 'text')),
  ].join('');
}

function variables({ variables: definitions }: PromptVersionSnapshot): string {
  if (definitions.length === 0) return '';
  const entries = definitions.map(({ name, type, required, default: fallback, description }) => {
    const facts = [type, ...(required === false ? ['optional'] : [])];
    if (fallback !== undefined) facts.push(`else ${codeSpan(JSON.stringify(fallback))}`);
    const meaning = description === undefined ? '' : `: ${inline(description)}`;
    return `- ${codeSpan(name)} (${facts.join(', ')})${meaning}`;
  });
  return block('**Variables**') + block(...entries);
}
