import { ApiProperty } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { RunResponse } from '../../ai/runs/dto/run.dto.js';
import { Optional } from '../../platform/http/validation/decorators.js';
import { ApiInteger } from '../../platform/openapi/api-integer.decorator.js';
import { PromptVersionResponse } from '../../prompts/dto/prompt-version.dto.js';
import { LabelMoveResponse, LabelResponse } from '../../prompts/labels/dto/label.dto.js';
import { ItemResponse } from '../../research/dto/research-item.dto.js';

/** Formats of an export. */
const EXPORT_FORMATS = ['markdown', 'json'] as const;

export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** Query parameters of an export. */
export class ExportQuery {
  /** `markdown`: a dossier to read; `json`: everything there is. */
  @Optional()
  @IsIn(EXPORT_FORMATS, { message: `must be one of ${EXPORT_FORMATS.join(', ')}` })
  @ApiProperty({ enum: EXPORT_FORMATS, enumName: 'ExportFormat', default: 'markdown', required: false })
  format?: ExportFormat;
}

/** A label with every version that it has stood for. */
export class ExportedLabelResponse extends LabelResponse {
  /** Newest first. */
  history: LabelMoveResponse[];
}

/** A prompt with everything that belongs to it. */
export class ExportedPromptResponse {
  /** @example 3 */
  @ApiInteger()
  id: number;

  /** @example "Facts" */
  name: string;

  /**
   * Number of the latest version.
   * @example 2
   */
  @ApiInteger()
  version: number;

  /** @example "2026-11-23T09:30:00.000Z" */
  @ApiProperty({ format: 'date-time' })
  created_at: string;

  /** @example "2026-11-23T09:30:00.000Z" */
  @ApiProperty({ format: 'date-time' })
  updated_at: string;

  /** All of them, newest first. */
  versions: PromptVersionResponse[];

  /** All of them, newest first. */
  labels: ExportedLabelResponse[];

  /** Its succeeded runs of all versions, newest first. */
  runs: RunResponse[];
}

/** A research item with everything that belongs to it. */
export class ExportResponse {
  /** @example "2026-11-25T14:05:00.000Z" */
  @ApiProperty({ format: 'date-time' })
  exported_at: string;

  item: ItemResponse;

  /** In the order in which they were made. */
  prompts: ExportedPromptResponse[];

  /** The item's succeeded runs of no prompt, and of prompts that were deleted since; newest first. */
  runs: RunResponse[];
}
