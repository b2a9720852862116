import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Authorized } from '../../identity/authorized.decorator.js';
import { listModels } from './catalog.js';
import { ModelListResponse } from './dto/model.dto.js';

/** The models that runs can be asked of. */
@ApiTags('Runs')
@Controller('ai/models')
export class ModelsController {
  @Get()
  @Authorized('read')
  @ApiOperation({
    summary: 'List models',
    description: 'Known models with their limits, prices and the date of the prices.',
  })
  @ApiOkResponse({ type: ModelListResponse })
  list(): ModelListResponse {
    return { items: listModels().map((model) => ({ ...model, prices: [...model.prices] })), next_cursor: null };
  }
}
