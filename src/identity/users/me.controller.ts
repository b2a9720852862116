import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Etagged } from '../../platform/http/etag.interceptor.js';
import { Authorized } from '../authorized.decorator.js';
import { type AuthenticatedUser, CurrentUser } from '../current-user.decorator.js';
import { MeResponse, toMeResponse } from './dto/user.dto.js';
import { UsersService } from './users.service.js';

/** The user behind the API key. */
@ApiTags('Identity')
@Controller('me')
export class MeController {
  constructor(private readonly service: UsersService) {}

  @Get()
  @Etagged()
  @Authorized('read')
  @ApiOperation({
    summary: 'Who am I?',
    description: 'The user behind the API key, what the key may do, and what is spent and left of the budget.',
  })
  @ApiOkResponse({ type: MeResponse })
  async get(@CurrentUser() { id, scopes }: AuthenticatedUser): Promise<MeResponse> {
    return toMeResponse(await this.service.get(id), scopes);
  }
}
