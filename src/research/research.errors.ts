import type { FieldError } from '../platform/errors/research-platform.error.js';
import { ValidationFailedError } from '../platform/errors/platform.errors.js';

/** Tags that an item is given more than once, with a pointer to each repetition. Slug `validation-failed`. */
export class RepeatedTagsError extends ValidationFailedError {
  constructor(positions: readonly number[]) {
    super(positions.map((index): FieldError => ({ pointer: `/tags/${index}`, detail: 'is given twice' })));
  }
}
