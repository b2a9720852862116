import { jest } from '@jest/globals';
import { getMetadataStorage, IsInt, IsString, validateSync } from 'class-validator';
import { rememberRules } from './remember-rules.js';

class Named {
  @IsString()
  name: unknown = 'a';
}

class Counted extends Named {
  @IsInt({ groups: ['strict'] })
  count: unknown = 'many';
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

  it('are not taken for those of a group', () => {
    expect(wrong(Object.assign(new Counted(), { name: 1 }), ['strict'])).toEqual(['count']);
    expect(wrong(Object.assign(new Counted(), { name: 1 }))).toEqual(['count', 'name']);
  });
});
