import pg from 'pg';

const INT8_OID = 20;

/**
 * bigint as a number: every id and amount is within 2^53, and what is not must not be rounded silently.
 * @throws RangeError beyond 2^53
 */
function safeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} is beyond the integers that a number can hold`);
  return value;
}

/** pg's parsers but for bigint; for one pool, where pg's own switch would be for the whole process and rounds. */
export const safeIntegerTypes: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text') =>
    oid === INT8_OID ? safeInteger : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
};
