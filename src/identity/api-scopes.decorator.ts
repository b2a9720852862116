import { ApiProperty } from '@nestjs/swagger';
import { SCOPES } from './scope.js';

/** Documents a list of scopes. */
export function ApiScopes({ required = true }: { required?: boolean } = {}): PropertyDecorator {
  return ApiProperty({
    enum: SCOPES,
    enumName: 'Scope',
    enumSchema: { description: 'read: every GET; write: changes; run: spending money on Claude; admin: the users' },
    isArray: true,
    minItems: 1,
    uniqueItems: true,
    required,
  });
}
