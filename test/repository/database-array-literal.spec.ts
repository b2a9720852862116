import fc from 'fast-check';
import { arrayLiteral } from '../../src/platform/database/array-literal.js';
import { freshDatabase, type TestDatabase } from '../support/database.js';

describe('a list as a literal', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await freshDatabase();
  });
  afterAll(() => database.close());

  const read = async (type: string, values: Parameters<typeof arrayLiteral>[0]): Promise<unknown> => {
    const text = `select to_json($1::${type}[]) as list`;
    const [row] = await database.transaction.sql<{ list: unknown }>(text, [arrayLiteral(values)]);
    return row?.list;
  };

  it('is read by PostgreSQL as the same texts, whatever is in them', async () => {
    const special = fc.constantFrom(
      '',
      ' ',
      'NULL',
      'null',
      '"',
      '\\',
      '{}',
      ',',
      '\n',
      "'",
      '{"a":"\\n"}',
      '\u2028',
      '🦊',
      'a\n"\\',
      '\t"',
      '\u0085"',
    );
    const text = fc.oneof(
      special,
      fc.string({ unit: 'grapheme' }).map((value) => value.replaceAll('\0', '')),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.option(text)), async (values) => {
        expect(await read('text', values)).toEqual(values);
      }),
    );
  });

  it('is read as the same numbers and truths', async () => {
    expect(await read('bigint', [1, null, -5, Number.MAX_SAFE_INTEGER])).toEqual([
      1,
      null,
      -5,
      Number.MAX_SAFE_INTEGER,
    ]);
    expect(await read('boolean', [true, null, false])).toEqual([true, null, false]);
  });
});
