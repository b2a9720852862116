import { applyDecorators, Param, type PipeTransform } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import { ValidationFailedError } from '../errors/platform.errors.js';

/** Reads a path parameter that is a positive integer, as every id and version number is. */
class PositiveIntegerPipe implements PipeTransform<string, number> {
  constructor(private readonly name: string) {}

  transform(value: string): number {
    const id = /^[1-9]\d{0,15}$/.test(value) ? Number(value) : Number.NaN;
    if (!Number.isSafeInteger(id)) {
      throw new ValidationFailedError([{ parameter: this.name, detail: 'must be a positive integer' }]);
    }
    return id;
  }
}

/** The path parameter `name` as a number. Anything but a positive integer is refused with `validation-failed`. */
export function IdParam(name = 'id'): ParameterDecorator {
  return Param(name, new PositiveIntegerPipe(name));
}

/** Documents the path parameter `name` as a positive integer. */
export function ApiIdParam(name = 'id', description = 'Id of the resource'): MethodDecorator & ClassDecorator {
  return applyDecorators(ApiParam({ name, description, schema: { type: 'integer', minimum: 1 }, example: 1 }));
}
