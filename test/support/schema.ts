/** What the suites read of a JSON Schema in openapi.json. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

/** An operation of openapi.json. */
export interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: Schema }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
}

/** The parts of openapi.json that are read here. */
export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** A place in a body: keys and indexes from the top. */
export type Place = readonly (string | number)[];

/** The schema itself, where it is a reference to one. */
export function resolved(document: Document, schema: Schema): Schema {
  const reference = schema.$ref ?? (schema.allOf?.length === 1 ? schema.allOf[0]?.$ref : undefined);
  const target = reference === undefined ? schema : document.components.schemas[reference.split('/').at(-1) ?? ''];
  if (!target) throw new Error(`The document refers to ${reference}, which it does not have`);
  return target;
}

/** Every place that the schema gives a name to; of a list, its first item. */
export function placesIn(
  document: Document,
  schema: Schema,
  base: Place = [],
): { place: Place; schema: Schema; required: boolean }[] {
  const own = resolved(document, schema);
  const fields = Object.entries(own.properties ?? {}).flatMap(([name, property]) => {
    const place = [...base, name];
    const required = own.required?.includes(name) ?? false;
    return [{ place, schema: resolved(document, property), required }, ...placesIn(document, property, place)];
  });
  return own.items ? placesIn(document, own.items, [...base, 0]) : fields;
}

/** Whether a value is one that the schema admits. Formats, and rules between fields, are beyond it. */
export function admits(document: Document, given: Schema, value: unknown): boolean {
  const schema = resolved(document, given);
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives) return alternatives.some((alternative) => admits(document, alternative, value));
  if (schema.enum) return schema.enum.includes(value);
  return hasType(schema, value) && withinBounds(document, schema, value);
}

function hasType({ type }: Schema, value: unknown): boolean {
  if (type === undefined) return true;
  const types = [type].flat();
  if (value === null) return types.includes('null');
  if (Array.isArray(value)) return types.includes('array');
  if (Number.isSafeInteger(value) && types.includes('integer')) return true;
  return types.includes(typeof value);
}

function withinBounds(document: Document, schema: Schema, value: unknown): boolean {
  const { minLength = 0, maxLength = Infinity, minimum = -Infinity, maximum = Infinity, maxItems = Infinity } = schema;
  if (typeof value === 'number') return value >= minimum && value <= maximum;
  if (typeof value === 'string') {
    const length = Array.from(value).length;
    const storable = value.isWellFormed() && !value.includes('\0');
    return storable && length >= minLength && length <= maxLength && new RegExp(schema.pattern ?? '').test(value);
  }
  if (Array.isArray(value)) {
    const { items } = schema;
    return value.length <= maxItems && (!items || value.every((item) => admits(document, items, item)));
  }
  if (typeof value !== 'object' || value === null || !schema.properties) return true;
  return Object.entries(value).every(([name, inner]) => {
    const property = schema.properties?.[name];
    return property !== undefined && admits(document, property, inner);
  });
}

/** A copy of a body with the value at a place replaced; undefined takes the field out. */
export function replacedAt(body: unknown, [key, ...rest]: Place, value: unknown): unknown {
  if (key === undefined) return value;
  const copy = (Array.isArray(body) ? [...(body as unknown[])] : { ...(body as object) }) as Record<
    string | number,
    unknown
  >;
  copy[key] = replacedAt(copy[key], rest, value);
  return copy;
}
