import { Injectable } from '@nestjs/common';
import type { Run, RunId } from '../ai/runs/run.types.js';
import { RunsRepository } from '../ai/runs/runs.repository.js';
import type { UserId } from '../identity/user-id.js';
import { everyRow } from '../platform/paging/every-row.js';
import type { PageRequest, Slice } from '../platform/paging/pager.js';
import type { Label, LabelMove } from '../prompts/labels/labels.repository.js';
import { LabelsService } from '../prompts/labels/labels.service.js';
import type { ResearchItemId } from '../prompts/parent-item.js';
import type { PromptId, PromptVersionSnapshot } from '../prompts/prompts.types.js';
import { PromptsService } from '../prompts/prompts.service.js';
import { type ExportedPrompt, ExportsRepository, type LatestAnswer } from './exports.repository.js';

/** Rows held at a time. Of versions and runs few, since each can hold some hundred kilobytes of text. */
const PROMPTS = 20;
const VERSIONS = 5;
const RUNS = 20;
const LABELS = 100;
/** Light rows that name what is to be read. */
const IDS = 1000;

/** Everything that belongs to a research item, one after the other, as it is when it is read. */
@Injectable()
export class DossierSource {
  constructor(
    private readonly repository: ExportsRepository,
    private readonly runs: RunsRepository,
    private readonly prompts: PromptsService,
    private readonly labels: LabelsService,
  ) {}

  /** The item's prompts, in the order in which they were made. */
  promptsOf(owner: UserId, item: ResearchItemId): AsyncGenerator<ExportedPrompt> {
    return everyRow(PROMPTS, (last) => this.repository.promptsAfter(owner, item, last?.id ?? 0, PROMPTS));
  }

  /** The prompt's versions, newest first; narrowed to some of them by `only`. */
  versionsOf(
    owner: UserId,
    prompt: ExportedPrompt,
    only: readonly number[] | null = null,
  ): AsyncGenerator<PromptVersionSnapshot> {
    return everyRow(VERSIONS, (last) => {
      const before = last?.version ?? prompt.version + 1;
      return this.repository.versionsBefore(owner, prompt.id, before, VERSIONS, only);
    });
  }

  /** The prompt's labels, newest first. */
  labelsOf(owner: UserId, prompt: PromptId): AsyncGenerator<Label> {
    return newestFirst((page) => this.labels.list(owner, prompt, page));
  }

  /** Where a label has stood, newest first. */
  historyOf(owner: UserId, { promptId, label }: Label): AsyncGenerator<LabelMove> {
    return newestFirst((page) => this.labels.history(owner, promptId, label, page));
  }

  /** All succeeded runs of the prompt, newest first. */
  answersOf(owner: UserId, prompt: PromptId): AsyncGenerator<Run> {
    return this.read(
      owner,
      beforeEach((before) => this.repository.answersBefore(owner, prompt, before, IDS)),
    );
  }

  /** All succeeded runs of the item that belong to no prompt, or to one that was deleted since, newest first. */
  answersWithoutPrompt(owner: UserId, item: ResearchItemId): AsyncGenerator<Run> {
    return this.read(
      owner,
      beforeEach((before) => this.repository.answersWithoutPromptBefore(owner, item, before, IDS)),
    );
  }

  /** The latest answers of every version of the prompt, newest first, as many of each version as `limit`. */
  latestAnswers(owner: UserId, prompt: PromptId, limit: number): Promise<LatestAnswer[]> {
    return this.repository.latestAnswers(owner, prompt, limit);
  }

  /** These runs, which come newest first. */
  async *read(owner: UserId, ids: AsyncIterable<RunId> | Iterable<RunId>): AsyncGenerator<Run> {
    let wanted: RunId[] = [];
    for await (const id of ids) {
      wanted.push(id);
      if (wanted.length < RUNS) continue;
      yield* await this.runs.findMany(owner, wanted);
      wanted = [];
    }
    if (wanted.length > 0) yield* await this.runs.findMany(owner, wanted);
  }

  /** Whether a prompt is still there after its parts were read; else they may not be all. @throws PromptNotFoundError */
  async checkPrompt(owner: UserId, prompt: PromptId): Promise<void> {
    await this.prompts.get(owner, prompt);
  }

  /** The same of the whole item. @throws ItemNotFoundError */
  async checkItem(owner: UserId, item: ResearchItemId): Promise<void> {
    await this.prompts.checkItem(owner, item);
  }
}

function beforeEach(readBefore: (before: number) => Promise<RunId[]>): AsyncGenerator<RunId> {
  return everyRow<RunId>(IDS, (last) => readBefore(last ?? Number.MAX_SAFE_INTEGER));
}

function newestFirst<Row extends { readonly id: number }>(
  read: (page: PageRequest) => Promise<Slice<Row>>,
): AsyncGenerator<Row> {
  return everyRow<Row>(LABELS, async (last) => {
    const { rows } = await read({ limit: LABELS, beforeId: last?.id ?? null, offset: 0 });
    return rows;
  });
}
