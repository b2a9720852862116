import type { OpenAPIObject } from '@nestjs/swagger';

type Response = { description: string; headers?: object; content?: Readonly<Record<string, { schema?: object }>> };
type Operation = { responses: Record<string, Response> };

const BY_STATUS: Readonly<Record<string, string>> = {
  200: 'What was asked for',
  201: 'Created; it can be read at `Location`',
  202: 'Accepted: it goes on, and can be read at `Location`',
  204: 'Done; the answer has no body',
};
const BY_MEDIA_TYPE: Readonly<Record<string, string>> = {
  'text/event-stream': 'The events as they come; the answer ends with the last of them',
  'application/x-ndjson': 'Lines of JSON, each a value of its own',
};
const LIST = 'A page of the list; `next_cursor` continues it, and is null on the last page';
const RESOURCE = 'The resource as it now stands';

/** Gives each good answer that nobody has described a description: the OpenAPI document has to have one. */
export function withSuccessDescriptions(document: OpenAPIObject): OpenAPIObject {
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path) as Operation[]);
  for (const { responses } of operations) {
    for (const [status, response] of Object.entries(responses)) {
      if (status.startsWith('2')) response.description ||= describe(status, response, document);
    }
  }
  return document;
}

function describe(status: string, response: Response, document: OpenAPIObject): string {
  const [mediaType = '', media] = Object.entries(response.content ?? {})[0] ?? [];
  if (status !== '200') return BY_STATUS[status] ?? '';
  if (isList(media?.schema, document)) return LIST;
  if ('ETag' in (response.headers ?? {})) return RESOURCE;
  return BY_MEDIA_TYPE[mediaType] ?? BY_STATUS[status] ?? '';
}

function isList(schema: object | undefined, { components }: OpenAPIObject): boolean {
  const name = schema && '$ref' in schema ? String(schema.$ref).split('/').at(-1) : undefined;
  const target = components?.schemas?.[name ?? ''];
  return target !== undefined && 'properties' in target && 'next_cursor' in (target.properties ?? {});
}
