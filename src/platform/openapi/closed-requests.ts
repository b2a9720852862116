import type { OpenAPIObject } from '@nestjs/swagger';

type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;
type Operation = NonNullable<OpenAPIObject['paths'][string]['post']>;

/**
 * Says of each object that requests are made of that it has no other fields: validation refuses them. Free-form objects, which
 * name no fields, stay open, and so does all that answers are made of, which may grow.
 */
export function withClosedRequests(document: OpenAPIObject): OpenAPIObject {
  const schemas = document.components?.schemas ?? {};
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path) as Operation[]);
  const answered = namesUnder(
    operations.map(({ responses }) => responses),
    schemas,
  );
  const requested = namesUnder(
    operations.map(({ requestBody }) => requestBody),
    schemas,
  );
  for (const name of requested) {
    const schema = schemas[name];
    if (schema && 'properties' in schema && !answered.has(name)) schema.additionalProperties ??= false;
  }
  return document;
}

/** The schemas that a part of the document refers to, also through others. */
function namesUnder(part: unknown, schemas: Schemas): ReadonlySet<string> {
  const names = new Set(namesIn(part));
  // A set that grows is walked to its new end.
  for (const name of names) for (const inner of namesIn(schemas[name])) names.add(inner);
  return names;
}

function namesIn(part: unknown): string[] {
  const references = (JSON.stringify(part) ?? '').matchAll(/"#\/components\/schemas\/([^"]+)"/g);
  return [...references].map(([, name = '']) => name);
}
