import type { Run } from '../../ai/runs/run.types.js';
import { usdText } from '../../platform/money/money.js';
import { answerLines } from './answer-text.js';
import { codeBlock, codeSpan, inline, link, paragraphs, quotation } from './plain-text.js';

const MAX_HEADING = 100;
const MINUTES = 'YYYY-MM-DDTHH:MM'.length;

/** A moment as the dossier shows it, to the minute. */
export function moment(date: Date): string {
  return `${date.toISOString().slice(0, MINUTES).replace('T', ' ')} UTC`;
}

/** Lines as a text, with an empty line behind. */
export function block(...lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${lines.join('\n')}\n\n`;
}

/** One question and its answer, under a heading of this level. */
export function answer(run: Run, level: number): string {
  return [
    block(`${'#'.repeat(level)} ${headingOf(run)}`),
    block(facts(run)),
    // A prompt's own system prompt stands with its version.
    run.promptId === null && run.system !== null ? block('**System**', '', ...codeBlock(run.system, 'text')) : '',
    block('**Question**'),
    ...run.messages.map(({ content }) => block(...paragraphs(content))),
    block('**Answer**'),
    block(...quotedAnswer(run.outputText ?? '')),
    sources(run),
  ].join('');
}

/** What tells one answer from the others: the values of its variables, or the beginning of its question. */
function headingOf(run: Run): string {
  const values = Object.entries(run.variables ?? {}).map(([name, value]) => `${name}: ${valueText(value)}`);
  const [first] = (run.messages[0]?.content ?? '').trim().split(/\r|\n/);
  return inline(shortened(values.length > 0 ? values.join(', ') : (first ?? ''))) || `Run ${run.id}`;
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.map(valueText).join('; ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function shortened(text: string): string {
  const characters = [
    ...text
      .slice(0, 4 * MAX_HEADING)
      .replace(/\s+/gu, ' ')
      .trim(),
  ];
  return characters.length <= MAX_HEADING
    ? characters.join('')
    : `${characters.slice(0, MAX_HEADING).join('').trim()}…`;
}

function quotedAnswer(text: string): string[] {
  const lines = answerLines(text);
  return lines.length > 0 ? quotation(lines) : ['*No text.*'];
}

function facts(run: Run): string {
  return [
    codeSpan(run.model),
    ...(run.promptVersion === null
      ? []
      : [`version ${run.promptVersion}${run.promptId === null ? ' of a deleted prompt' : ''}`]),
    moment(run.finishedAt ?? run.createdAt),
    run.costNanoUsd === null ? 'cost unknown' : `$${usdText(run.costNanoUsd)}`,
    ...(run.stopReason === null || run.stopReason === 'end_turn' ? [] : [`stopped by ${codeSpan(run.stopReason)}`]),
    `run ${run.id}`,
    ...(run.simulated ? ['simulated'] : []),
  ].join(' · ');
}

function sources({ sources: cited }: Run): string {
  if (cited.length === 0) return '';
  const entries = cited.map(({ title, url, cited_text }, index) => {
    const number = `${index + 1}. `;
    const quoted = quotation(paragraphs(cited_text)).map((line) => `${' '.repeat(number.length)}${line}`);
    return block(`${number}${link(title ?? url, url)}`) + block(...quoted);
  });
  return block('**Sources**') + entries.join('');
}
