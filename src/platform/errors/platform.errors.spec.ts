import { MAX_FIELD_ERRORS, ValidationFailedError } from './platform.errors.js';

describe('A summary of mistakes', () => {
  it.each([
    [[], 'The request is not valid'],
    [[{ pointer: '/a', detail: 'is bad' }], '/a: is bad'],
    [[{ pointer: '', detail: 'is bad' }], 'the body: is bad'],
    [
      [
        { parameter: 'q', detail: 'is bad' },
        { parameter: 'r', detail: 'too' },
      ],
      'parameter q: is bad (and 1 more)',
    ],
  ])('of %j is %j', (errors, detail) => {
    expect(new ValidationFailedError(errors).detail).toBe(detail);
  });

  it('names the first hundred', () => {
    const errors = Array.from({ length: 101 }, (_, n) => ({ pointer: `/${n}`, detail: 'is bad' }));
    const { detail, extras } = new ValidationFailedError(errors);
    expect(detail).toBe('/0: is bad (and 99 more)');
    expect(extras.errors).toEqual(errors.slice(0, MAX_FIELD_ERRORS));
  });
});
