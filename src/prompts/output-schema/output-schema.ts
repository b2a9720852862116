import { Validator } from '@cfworker/json-schema';
import { LOCAL_REF, META_SCHEMA, SUBSCHEMA_LISTS, SUBSCHEMA_MAPS, SUBSCHEMAS } from './meta-schema.js';

const MAX_CHARACTERS = 50_000;
const MAX_DEPTH = 32;
/** Subschemas with every reference followed: so many may have to be looked at for each value of an answer. */
const MAX_SUBSCHEMAS = 1000;

type Schema = Readonly<Record<string, unknown>>;

const meta = new Validator(META_SCHEMA as ConstructorParameters<typeof Validator>[0], '2020-12');

/**
 * Why a value cannot be the JSON Schema of an answer, or null when it can. Claude has the last word on the keywords that it
 * takes; here what is no schema is refused, and what would take too long to hold an answer against.
 */
export function badOutputSchema(value: unknown): string | null {
  if (!isSchema(value)) return 'must be a JSON Schema object';
  if (!('type' in value)) return 'must be a JSON Schema with a "type"';
  if (JSON.stringify(value).length > MAX_CHARACTERS) return `must have at most ${MAX_CHARACTERS} characters as JSON`;
  if (depth(value) > MAX_DEPTH) return `must not be nested deeper than ${MAX_DEPTH} levels`;
  const { valid, errors } = meta.validate(value);
  if (!valid) return `is no JSON Schema at ${errors.at(-1)?.instanceLocation.replace(/^#/, '') || 'its root'}`;
  return new References(value).mistake();
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function depth(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depth));
}

class BadReference extends Error {}

/** Follows the references of one schema. */
class References {
  /** Sizes of definitions by reference; null while one is being measured. */
  private readonly sizes = new Map<string, number | null>();

  constructor(private readonly root: Schema) {}

  /** What is wrong with them, or null. */
  mistake(): string | null {
    try {
      const size = this.sizeOf(this.root);
      return size > MAX_SUBSCHEMAS ? `must have at most ${MAX_SUBSCHEMAS} subschemas, references followed` : null;
    } catch (error) {
      if (error instanceof BadReference) return error.message;
      throw error;
    }
  }

  private sizeOf(schema: unknown): number {
    if (!isSchema(schema)) return 1;
    const inner = subschemasOf(schema).reduce((sum: number, each) => sum + this.sizeOf(each), 1);
    return typeof schema['$ref'] === 'string' ? inner + this.sizeBehind(schema['$ref']) : inner;
  }

  private sizeBehind(reference: string): number {
    const known = this.sizes.get(reference);
    if (known === null) throw new BadReference(`must not refer to itself (${reference})`);
    if (known !== undefined) return known;
    const [, place = '', name = ''] = LOCAL_REF.exec(reference) ?? [];
    const definitions = this.root[place];
    if (!isSchema(definitions) || !Object.hasOwn(definitions, name)) {
      throw new BadReference(`refers to a definition that it has not (${reference})`);
    }
    this.sizes.set(reference, null);
    const size = this.sizeOf(definitions[name]);
    this.sizes.set(reference, size);
    return size;
  }
}

/** The subschemas directly below a schema. Definitions count where they are referred to. */
function subschemasOf(schema: Schema): unknown[] {
  const maps = SUBSCHEMA_MAPS.filter((keyword) => keyword !== '$defs' && keyword !== 'definitions');
  return [
    ...SUBSCHEMAS.filter((keyword) => keyword in schema).map((keyword) => schema[keyword]),
    ...SUBSCHEMA_LISTS.flatMap((keyword) => (schema[keyword] ?? []) as unknown[]),
    ...maps.flatMap((keyword) => Object.values((schema[keyword] ?? {}) as Schema)),
  ];
}
