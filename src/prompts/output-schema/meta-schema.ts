/** Keywords of JSON Schema (2020-12, and `definitions` of before) by what stands under them. */
export const SUBSCHEMA_MAPS = ['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas'] as const;
export const SUBSCHEMA_LISTS = ['allOf', 'anyOf', 'oneOf', 'prefixItems'] as const;
export const SUBSCHEMAS = [
  'items',
  'contains',
  'additionalProperties',
  'propertyNames',
  'unevaluatedItems',
  'unevaluatedProperties',
  'not',
  'if',
  'then',
  'else',
] as const;

/** Where a `$ref` may lead: to a definition at the top of the same schema. */
export const LOCAL_REF = /^#\/(\$defs|definitions)\/([^/~%]+)$/;

const TYPES = { enum: ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'] };
const SCHEMA = { $ref: '#/$defs/schema' };
const TEXT = { type: 'string' };
const TEXTS = { type: 'array', items: TEXT, uniqueItems: true };
const SIZE = { type: 'integer', minimum: 0 };
const NUMBER = { type: 'number' };

function each<T>(keywords: readonly string[], under: T): Record<string, T> {
  return Object.fromEntries(keywords.map((keyword) => [keyword, under]));
}

/**
 * What a JSON Schema looks like, as a JSON Schema. Not the official one: that is six documents, joined by dynamic references
 * which not every validator follows. Keywords that it does not know are left to Claude.
 */
export const META_SCHEMA = {
  ...SCHEMA,
  $defs: {
    schema: {
      type: ['object', 'boolean'],
      properties: {
        type: { anyOf: [TYPES, { type: 'array', items: TYPES, minItems: 1, uniqueItems: true }] },
        $ref: { type: 'string', pattern: LOCAL_REF.source },
        enum: { type: 'array', minItems: 1 },
        required: TEXTS,
        dependentRequired: { type: 'object', additionalProperties: TEXTS },
        format: { type: 'string', pattern: '^[a-z][a-z-]{0,39}$' },
        multipleOf: { type: 'number', exclusiveMinimum: 0 },
        uniqueItems: { type: 'boolean' },
        ...each(SUBSCHEMA_MAPS, { type: 'object', additionalProperties: SCHEMA }),
        ...each(SUBSCHEMA_LISTS, { type: 'array', items: SCHEMA, minItems: 1 }),
        ...each(SUBSCHEMAS, SCHEMA),
        ...each(['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'], NUMBER),
        ...each(['minLength', 'maxLength', 'minItems', 'maxItems', 'minContains', 'maxContains'], SIZE),
        ...each(['minProperties', 'maxProperties'], SIZE),
        ...each(['title', 'description', '$schema', '$comment', 'pattern'], TEXT),
        // Names by which one part of a schema could be another: with them, references lead anywhere.
        ...each(['$id', 'id', '$anchor', '$dynamicRef', '$dynamicAnchor', '$recursiveRef', '$recursiveAnchor'], false),
      },
    },
  },
};
