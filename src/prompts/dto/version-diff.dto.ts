import { ApiProperty } from '@nestjs/swagger';
import { ApiInteger } from '../../platform/openapi/api-integer.decorator.js';
import type { PromptVersionSnapshot } from '../prompts.types.js';
import type { Hunk } from '../versions/diff/text-diff.js';
import type { VersionDiff } from '../versions/diff/version-diff.js';
import { VariableResponse } from './variable.dto.js';

const OPS = ['equal', 'delete', 'insert'] as const;
const ANY_VALUE = {
  anyOf: [
    { type: 'string' },
    { type: 'number' },
    { type: 'boolean' },
    { type: 'array', items: {} },
    { type: 'object' },
  ],
};

/** A piece of a changed line. */
export class LinePartResponse {
  /** @example "three" */
  text: string;

  /**
   * Whether it differs from the line that this one replaces, or is replaced by.
   * @example true
   */
  changed: boolean;
}

/** One line of a hunk. */
export class HunkLineResponse {
  /** @example "delete" */
  @ApiProperty({ enum: OPS, enumName: 'DiffOp' })
  op: (typeof OPS)[number];

  /**
   * The line, without its line break.
   * @example "Write three facts about {{topic}}."
   */
  text: string;

  /**
   * The same line in pieces, where it was compared word by word with its counterpart.
   * @example [{ "text": "Write ", "changed": false }, { "text": "three", "changed": true }, { "text": " facts about {{topic}}.", "changed": false }]
   */
  @ApiProperty({ type: [LinePartResponse], required: false })
  parts?: LinePartResponse[];
}

/** A stretch of lines that differ, with up to three equal ones before and behind. */
export class HunkResponse {
  /** Its first line in the old text, counted from 1; where it has none there, the line that it stands before. */
  @ApiInteger({ example: 1 })
  old_start: number;

  /** How many lines of the old text it spans. */
  @ApiInteger({ example: 1 })
  old_lines: number;

  @ApiInteger({ example: 1 })
  new_start: number;

  @ApiInteger({ example: 1 })
  new_lines: number;

  /**
   * @example [{ "op": "delete", "text": "Write three facts about {{topic}}." }, { "op": "insert", "text": "Write five facts about {{topic}}." }]
   */
  @ApiProperty({ type: [HunkLineResponse] })
  lines: HunkLineResponse[];
}

/** What differs between two texts. */
export class TextDiffResponse {
  /** None where the texts are the same. A text that is not there has no line, an empty one has an empty line. */
  hunks: HunkResponse[];
}

/** A variable that was declared otherwise. */
export class ChangedVariableResponse {
  /** @example "topic" */
  name: string;

  from: VariableResponse;

  to: VariableResponse;
}

/** What differs between two lists of variables, whatever their order. */
export class VariablesDiffResponse {
  added: VariableResponse[];

  removed: VariableResponse[];

  changed: ChangedVariableResponse[];
}

/** A setting that one version alone has. */
export class SettingResponse {
  /** @example "max_tokens" */
  name: string;

  @ApiProperty({ ...ANY_VALUE, example: 1024 })
  value: unknown;
}

/** A setting with another value. */
export class ChangedSettingResponse {
  /** @example "max_tokens" */
  name: string;

  @ApiProperty({ ...ANY_VALUE, example: 1024 })
  from: unknown;

  @ApiProperty({ ...ANY_VALUE, example: 2048 })
  to: unknown;
}

/** What differs between the settings of two versions. */
export class SettingsDiffResponse {
  added: SettingResponse[];

  removed: SettingResponse[];

  changed: ChangedSettingResponse[];
}

/** What has to be done to one version of a prompt to make it another. */
export class VersionDiffResponse {
  /** @example 3 */
  @ApiInteger()
  prompt_id: number;

  /** The old version. */
  @ApiInteger({ example: 1 })
  from: number;

  /** The new version. */
  @ApiInteger({ example: 2 })
  to: number;

  template: TextDiffResponse;

  system: TextDiffResponse;

  variables: VariablesDiffResponse;

  settings: SettingsDiffResponse;
}

/** A comparison of versions as the API shows it. */
export function toVersionDiffResponse(
  from: PromptVersionSnapshot,
  to: PromptVersionSnapshot,
  { template, system, variables, settings }: VersionDiff,
): VersionDiffResponse {
  return {
    prompt_id: from.promptId,
    from: from.version,
    to: to.version,
    template: toTextDiffResponse(template),
    system: toTextDiffResponse(system),
    variables: variables as VariablesDiffResponse,
    settings: settings as SettingsDiffResponse,
  };
}

function toTextDiffResponse(hunks: readonly Hunk[]): TextDiffResponse {
  return { hunks: hunks as HunkResponse[] };
}
