import type { Run } from '../../ai/runs/run.types.js';
import type { UserId } from '../../identity/user-id.js';
import { usdText, nanoUsd } from '../../platform/money/money.js';
import type { ItemDetails } from '../../research/research-items.types.js';
import type { DossierSource } from '../dossier-source.js';
import type { ExportedPrompt, LatestAnswer } from '../exports.repository.js';
import { answer, block, moment } from './answers.js';
import { codeSpan, inline, paragraphs } from './plain-text.js';
import { promptHead, promptVersion } from './prompts.js';

/** Answers of each version that a dossier shows; the JSON export has all. */
export const ANSWERS_PER_VERSION = 100;

/** The item as a dossier to read, in Markdown, piece by piece. */
export async function* markdownExport(source: DossierSource, owner: UserId, item: ItemDetails): AsyncGenerator<string> {
  const tally = new Tally();
  yield itemHead(item);
  for await (const prompt of source.promptsOf(owner, item.id)) {
    tally.prompts += 1;
    yield* promptSection(source, owner, prompt, tally);
    await source.checkPrompt(owner, prompt.id);
  }
  yield* withoutPrompt(source.answersWithoutPrompt(owner, item.id), tally);
  await source.checkItem(owner, item.id);
  yield block('---') + tally.line();
}

function itemHead({ id, title, description, tags, createdAt }: ItemDetails): string {
  return [
    block(`# ${inline(title) || `Research item ${id}`}`),
    block(...paragraphs(description ?? '')),
    tags.length > 0 ? block(`Tags: ${tags.map(codeSpan).join(', ')}`) : '',
    block(`Research item ${id} · begun ${moment(createdAt)} · exported ${moment(new Date())} · amounts in US dollars`),
  ].join('');
}

async function* promptSection(
  source: DossierSource,
  owner: UserId,
  prompt: ExportedPrompt,
  tally: Tally,
): AsyncGenerator<string> {
  yield promptHead(prompt);
  const latest = await source.latestAnswers(owner, prompt.id, ANSWERS_PER_VERSION);
  // Of the versions those that still mean something: the latest, what labels stand for, and what was answered.
  const versions = new Set([prompt.version, ...Object.values(prompt.labels), ...latest.map(({ version }) => version)]);
  for await (const version of source.versionsOf(owner, prompt, [...versions])) yield promptVersion(version);
  if (latest.length === 0) {
    yield block('No answers yet.');
    return;
  }
  yield block('### Answers');
  for await (const run of source.read(owner, idsOf(latest))) yield tally.count(run, 4);
  yield* leftOut(prompt, latest);
}

function idsOf(answers: readonly LatestAnswer[]): LatestAnswer['id'][] {
  return answers.map(({ id }) => id);
}

function* leftOut({ id }: ExportedPrompt, latest: readonly LatestAnswer[]): Generator<string> {
  const totals = new Map(latest.map(({ version, total }) => [version, total]));
  for (const [version, total] of totals) {
    const earlier = total - ANSWERS_PER_VERSION;
    if (earlier <= 0) continue;
    yield block(
      `*Version ${version} has ${earlier} earlier ${earlier === 1 ? 'answer' : 'answers'}: in the export as JSON, and at* ${codeSpan(`GET /ai/runs?prompt_id=${id}&status=succeeded`)}`,
    );
  }
}

async function* withoutPrompt(runs: AsyncIterable<Run>, tally: Tally): AsyncGenerator<string> {
  let begun = false;
  for await (const run of runs) {
    if (!begun) yield block('## Questions without a prompt');
    begun = true;
    yield tally.count(run, 3);
  }
}

/** Counts what a dossier shows. */
class Tally {
  prompts = 0;
  private answers = 0;
  private cost = 0n;

  count(run: Run, level: number): string {
    this.answers += 1;
    this.cost += BigInt(run.costNanoUsd ?? 0);
    return answer(run, level);
  }

  line(): string {
    const of = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
    const cost = `$${usdText(nanoUsd(this.cost))}`;
    return `*${of(this.prompts, 'prompt')}, ${of(this.answers, 'answer')}, ${cost} in all. End of the dossier.*\n`;
  }
}
