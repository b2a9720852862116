import { toRunResponse } from '../ai/runs/dto/run.response.js';
import type { UserId } from '../identity/user-id.js';
import { toVersionResponse } from '../prompts/dto/prompt-version.dto.js';
import { toLabelMoveResponse, toLabelResponse } from '../prompts/labels/dto/label.dto.js';
import type { Label } from '../prompts/labels/labels.repository.js';
import { toItemResponse } from '../research/dto/research-item.dto.js';
import type { ItemDetails } from '../research/research-items.types.js';
import type { DossierSource } from './dossier-source.js';
import type { ExportedPrompt } from './exports.repository.js';

/** The item with everything that belongs to it as one JSON document (an `ExportResponse`), piece by piece. */
export async function* jsonExport(source: DossierSource, owner: UserId, item: ItemDetails): AsyncGenerator<string> {
  yield `{"exported_at":${JSON.stringify(new Date())},\n"item":${JSON.stringify(toItemResponse(item))},\n"prompts":[`;
  let separator = '\n';
  for await (const prompt of source.promptsOf(owner, item.id)) {
    yield separator;
    yield* promptJson(source, owner, prompt);
    separator = ',\n';
  }
  yield '],\n"runs":';
  yield* list(source.answersWithoutPrompt(owner, item.id), toRunResponse);
  await source.checkItem(owner, item.id);
  yield '}\n';
}

async function* promptJson(source: DossierSource, owner: UserId, prompt: ExportedPrompt): AsyncGenerator<string> {
  const { id, name, version, createdAt, updatedAt } = prompt;
  const head = { id, name, version, created_at: createdAt, updated_at: updatedAt };
  yield `${JSON.stringify(head).slice(0, -1)},\n"versions":`;
  yield* list(source.versionsOf(owner, prompt), toVersionResponse);
  yield ',\n"labels":[';
  let separator = '\n';
  for await (const label of source.labelsOf(owner, id)) {
    yield separator;
    yield* labelJson(source, owner, label);
    separator = ',\n';
  }
  yield '],\n"runs":';
  yield* list(source.answersOf(owner, id), toRunResponse);
  await source.checkPrompt(owner, id);
  yield '}';
}

async function* labelJson(source: DossierSource, owner: UserId, label: Label): AsyncGenerator<string> {
  yield `${JSON.stringify(toLabelResponse(label)).slice(0, -1)},"history":`;
  yield* list(source.historyOf(owner, label), toLabelMoveResponse);
  yield '}';
}

/** A JSON array, one row a line. */
async function* list<Row>(rows: AsyncIterable<Row>, toResponse: (row: Row) => unknown): AsyncGenerator<string> {
  let separator = '[\n';
  for await (const row of rows) {
    yield `${separator}${JSON.stringify(toResponse(row))}`;
    separator = ',\n';
  }
  yield separator === '[\n' ? '[]' : ']';
}
