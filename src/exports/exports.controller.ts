import type { Readable } from 'node:stream';
import { Controller, Get, Query, Res } from '@nestjs/common';
import { ApiExtraModels, ApiOkResponse, ApiOperation, ApiTags, getSchemaPath } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Authorized } from '../identity/authorized.decorator.js';
import { type AuthenticatedUser, CurrentUser } from '../identity/current-user.decorator.js';
import { ApiIdParam, IdParam } from '../platform/http/id-param.js';
import type { ResearchItemId } from '../prompts/parent-item.js';
import { ExportQuery, ExportResponse } from './dto/export.dto.js';
import { ExportsService } from './exports.service.js';
import { ANSWERS_PER_VERSION } from './markdown/markdown-export.js';

const EXAMPLE = `# Tidal power

What it costs, and where it is built.

Tags: \`energy\`, \`sea\`

Research item 1 · begun 2026-11-23 09:30 UTC · exported 2026-11-25 14:05 UTC · amounts in US dollars

## Facts

Prompt 3 · latest version 2 · \`production\` is version 2

### Version 2

…

### Answers

#### topic: tides

\`claude-sonnet-5-5\` · version 2 · 2026-11-25 14:05 UTC · $0.001364 · run 17

**Question**

Write three facts about tides.

**Answer**

> Tides come from the pull of the moon.

---

*1 prompt, 1 answer, $0.001364 in all. End of the dossier.*
`;

const DISPOSITION = {
  'Content-Disposition': {
    description: 'The name of the file, after the title of the item',
    schema: { type: 'string' as const },
    example: `attachment; filename="tidal-power.md"; filename*=UTF-8''Tidal%20power.md`,
  },
};

/** Exports: what to take along. */
@ApiTags('Research items')
@ApiExtraModels(ExportResponse)
@Controller('research-items/:id/export')
export class ExportsController {
  constructor(private readonly service: ExportsService) {}

  @Get()
  @ApiIdParam('id', 'Id of the research item')
  @Authorized('read', 'item-not-found', 'validation-failed')
  @ApiOperation({
    summary: 'Export a research item',
    description: `The whole item as a file. \`markdown\` (what you get without \`format\`) is a dossier to read: of each prompt the latest version, and those with answers or labels; of each version its latest ${ANSWERS_PER_VERSION} answers, with what was asked, model, date, cost and sources. \`json\` is complete: every version and label with its history, and every succeeded run. Both have the succeeded runs that belong to no prompt. It is streamed while it is read: if the item or one of its prompts is deleted meanwhile, or anything else fails, the connection breaks before the end.`,
  })
  @ApiOkResponse({
    description: 'The file',
    headers: DISPOSITION,
    content: {
      'text/markdown': { schema: { type: 'string' }, example: EXAMPLE },
      'application/json': { schema: { $ref: getSchemaPath(ExportResponse) } },
    },
  })
  async export(
    @CurrentUser() user: AuthenticatedUser,
    @IdParam() id: ResearchItemId,
    @Query() { format = 'markdown' }: ExportQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Readable> {
    const { contentType, disposition, content } = await this.service.open(user.id, id, format);
    void reply.headers({
      'content-type': contentType,
      'content-disposition': disposition,
      'cache-control': 'no-store',
    });
    return content;
  }
}
