import { Param, type PipeTransform } from '@nestjs/common';
import { ApiParam, ApiPropertyOptional } from '@nestjs/swagger';
import { registerDecorator } from 'class-validator';
import { ValidationFailedError } from '../../platform/errors/platform.errors.js';

const PATTERN = /^[a-z0-9][a-z0-9-]{0,49}$/;
const RULE =
  'must match [a-z0-9][a-z0-9-]{0,49} and not be "latest", which is what leaving label and version out means';

/** Whether a text can be a label. */
export function isLabelName(value: unknown): value is string {
  return typeof value === 'string' && PATTERN.test(value) && value !== 'latest';
}

class LabelPipe implements PipeTransform<string, string> {
  transform(value: string): string {
    if (!isLabelName(value)) throw new ValidationFailedError([{ parameter: 'label', detail: RULE }]);
    return value;
  }
}

/** The path parameter `label`. Anything that can be no label is refused with `validation-failed`. */
export function LabelParam(): ParameterDecorator {
  return Param('label', new LabelPipe());
}

/** Documents the path parameter `label`. */
export function ApiLabelParam(): MethodDecorator & ClassDecorator {
  return ApiParam({
    name: 'label',
    description: 'Name of the label; `latest` is none',
    schema: { type: 'string', pattern: PATTERN.source },
    example: 'production',
  });
}

/** An optional body field that names a label. */
export function LabelName(): PropertyDecorator {
  return (target, property) => {
    registerDecorator({
      name: 'labelName',
      target: target.constructor,
      propertyName: String(property),
      validator: { validate: isLabelName, defaultMessage: () => RULE },
    });
    ApiPropertyOptional({ pattern: PATTERN.source })(target, property);
  };
}
