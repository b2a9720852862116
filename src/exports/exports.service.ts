import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import type { UserId } from '../identity/user-id.js';
import { Lifecycle } from '../platform/health/lifecycle.js';
import { textStream } from '../platform/http/text-stream.js';
import type { ResearchItemId } from '../prompts/parent-item.js';
import { ResearchItemsService } from '../research/research-items.service.js';
import { DossierSource } from './dossier-source.js';
import type { ExportFormat } from './dto/export.dto.js';
import { attachment } from './file-name.js';
import { jsonExport } from './json-export.js';
import { markdownExport } from './markdown/markdown-export.js';

/** A file that is made while it is sent. */
export interface ExportedFile {
  readonly contentType: string;
  readonly disposition: string;
  readonly content: Readable;
}

const FORMATS = {
  markdown: { contentType: 'text/markdown; charset=utf-8', extension: 'md', write: markdownExport },
  json: { contentType: 'application/json; charset=utf-8', extension: 'json', write: jsonExport },
} as const;

/** Writes research items as files to take along. */
@Injectable()
export class ExportsService {
  constructor(
    private readonly items: ResearchItemsService,
    private readonly source: DossierSource,
    private readonly lifecycle: Lifecycle,
  ) {}

  /**
   * The item with all that belongs to it. Its parts are read one after the other while they are sent, so that no more than
   * a page of them is ever held; when the item or one of its prompts is deleted meanwhile, or anything else fails, the
   * connection breaks, since what was sent is not the whole.
   * @throws ItemNotFoundError
   */
  async open(owner: UserId, id: ResearchItemId, format: ExportFormat): Promise<ExportedFile> {
    const item = await this.items.get(owner, id);
    const { contentType, extension, write } = FORMATS[format];
    const log = { event: 'export_broken_off', research_item_id: id } as const;
    return {
      contentType,
      disposition: attachment(item.title, extension, `research-item-${id}`),
      content: textStream(write(this.source, owner, item), this.lifecycle.signal, log),
    };
  }
}
