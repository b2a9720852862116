import 'reflect-metadata';
import type { PipeTransform } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import fc from 'fast-check';
import { ValidationFailedError } from '../errors/platform.errors.js';
import { IdParam } from './id-param.js';

class Controller {
  get(@IdParam('version') version: number): number {
    return version;
  }
}

type Arguments = Record<string, { data: string; pipes: PipeTransform<string, number>[] }>;

describe('An id in a path', () => {
  const [argument] = Object.values(Reflect.getMetadata(ROUTE_ARGS_METADATA, Controller, 'get') as Arguments);
  const read = (text: string) => argument!.pipes[0]!.transform(text, { type: 'param' });

  it('is read from the parameter of its name', () => {
    expect(argument?.data).toBe('version');
  });

  it('is any positive integer in plain digits', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (id) => {
        expect(read(String(id))).toBe(id);
      }),
    );
  });

  it.each(['0', '-1', '01', '1.0', '1e3', ' 1', '1\n', '', 'abc', '１', '0x1', '9007199254740992', '9'.repeat(40)])(
    'is not %j',
    (text) => {
      expect(() => read(text)).toThrow(ValidationFailedError);
      expect(() => read(text)).toThrow('parameter version: must be a positive integer');
    },
  );
});
