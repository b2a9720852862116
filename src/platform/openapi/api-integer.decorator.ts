import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';

/** Documents a whole number; Swagger's plugin would call it `number`. */
export function ApiInteger(options: ApiPropertyOptions & { nullable?: boolean } = {}): PropertyDecorator {
  return ApiProperty({ ...options, type: 'integer' } as ApiPropertyOptions);
}
