import { Controller, Get, Param, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from './api-problems.decorator.js';
import { ProblemDefinitionResponse, ProblemListResponse } from './dto/problem.dto.js';
import { NotFoundError } from './platform.errors.js';
import { PROBLEMS, type ProblemSlug, problemDefinition, problemType } from './problems.js';

function isSlug(value: string): value is ProblemSlug {
  return Object.hasOwn(PROBLEMS, value);
}

function toResponse(slug: ProblemSlug): ProblemDefinitionResponse {
  const { status, title, meaning } = problemDefinition(slug);
  return { type: problemType(slug), slug, status, title, meaning };
}

/** What each error means: the pages that the `type` of every problem points to. */
@ApiTags('Problems')
@Controller({ path: 'problems', version: VERSION_NEUTRAL })
export class ProblemsController {
  @Get()
  @ApiOperation({ summary: 'List every problem', description: 'Every error that any operation can answer with.' })
  @ApiOkResponse({ type: ProblemListResponse })
  @ApiProblems()
  list(): ProblemListResponse {
    return { items: Object.keys(PROBLEMS).filter(isSlug).map(toResponse), next_cursor: null };
  }

  @Get(':slug')
  @ApiOperation({
    summary: 'Explain a problem',
    description: 'What one error means and what a caller can do about it.',
  })
  @ApiParam({ name: 'slug', description: "Last part of a problem's `type`", example: 'item-not-found' })
  @ApiOkResponse({ type: ProblemDefinitionResponse })
  @ApiProblems('not-found')
  get(@Param('slug') slug: string): ProblemDefinitionResponse {
    if (!isSlug(slug)) throw new NotFoundError('There is no problem of this name; GET /problems lists them all');
    return toResponse(slug);
  }
}
