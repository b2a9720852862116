import { jest } from '@jest/globals';
import { getMetadataStorage, IsInt, IsString, ValidateNested, validateSync } from 'class-validator';
import { rememberRules } from './remember-rules.js';

class Inner {
  @IsString()
  text: unknown = 1;
}

class Named {
  @IsString()
  name: unknown = 'a';
}

class Counted extends Named {
  @IsInt({ groups: ['strict'] })
  count: unknown = 'many';
}

class Outer {
  @ValidateNested()
  inner = new Inner();
}

describe('the remembered rules of classes', () => {
  const storage = getMetadataStorage();
  const gather = jest.fn(storage.getTargetValidationMetadatas.bind(storage));
  storage.getTargetValidationMetadatas = gather;
  rememberRules(storage);

  const wrong = (object: object, groups?: string[]): string[] =>
    validateSync(object, groups ? { groups } : {}).map(({ property }) => property);

  it('are those of each class, inherited ones included, and gathered once', () => {
    const nameless = Object.assign(new Counted(), { name: 1 });
    expect([wrong(new Named()), wrong(nameless), wrong(nameless), wrong(new Counted())]).toEqual([
      [],
      ['count', 'name'],
      ['count', 'name'],
      ['count'],
    ]);
    expect(gather.mock.calls.map(([type]) => type)).toEqual([Named, Counted]);
  });

  it('are gathered once for nested objects too', () => {
    gather.mockClear();
    expect([wrong(new Outer()), wrong(new Outer()), wrong(new Inner())]).toEqual([['inner'], ['inner'], ['text']]);
    expect(gather.mock.calls.map(([type]) => type)).toEqual([Outer, Inner]);
  });

  it('are none for an object whose constructor is a field of its own', () => {
    expect(wrong(Object.assign(new Named(), { constructor: 'x' }))).toEqual([]);
  });

  it('are not taken for those of a group', () => {
    expect(wrong(Object.assign(new Counted(), { name: 1 }), ['strict'])).toEqual(['count']);
    expect(wrong(Object.assign(new Counted(), { name: 1 }))).toEqual(['count', 'name']);
  });
});
