import type { INestApplication } from '@nestjs/common';
import { problemExamples } from '../errors/api-problems.decorator.js';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { withClosedRequests } from './closed-requests.js';
import { withSuccessDescriptions } from './success-descriptions.js';

type PathItemObject = OpenAPIObject['paths'][string];
type ResponseObject = { headers?: object };
type OperationObject = NonNullable<PathItemObject['get']>;

/** Name of the bearer scheme in the OpenAPI document. */
export const API_KEY_SCHEME = 'api-key';

const DESCRIPTION = `Keep **research items**, hang versioned **prompts** on them, and **run** the prompts on Claude: one, streamed, or
thousands in a batch. Every answer is kept with where it came from and what it cost.

- Errors are \`application/problem+json\` (RFC 9457); \`type\` leads to an explanation under \`/problems\`.
- Lists are newest first; \`next_cursor\` continues them.
- Single resources carry a strong \`ETag\`; \`If-Match\` guards changes.
- Every answer carries \`X-Request-Id\`.`;

/** Builds the OpenAPI 3.1 document of the application. */
export function openApiDocument(app: INestApplication, version: string): OpenAPIObject {
  const settings = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Dossier')
    .setDescription(DESCRIPTION)
    .setVersion(version)
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addTag('Research items', 'The topics that a user keeps')
    .addTag('Prompts', 'Templates that hang on an item')
    .addTag('Prompt versions', 'What a prompt said at a time; never changed')
    .addTag('Prompt labels', 'Names such as `production` that point to a version')
    .addTag('Runs', 'Questions to Claude and their answers')
    .addTag('Batches', 'Many questions at once')
    .addTag('Statistics', 'What a user has, and what it cost')
    .addTag('Search', 'Finding things again')
    .addTag('Identity', 'Who the caller is, and the keys of the caller')
    .addTag('Users', 'For admins')
    .addTag('Operations', 'Probes and figures')
    .addTag('Problems', 'What each error means')
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', bearerFormat: 'dsr_<id>_<secret>_<crc32>', description: 'An API key' },
      API_KEY_SCHEME,
    )
    .build();
  const document = SwaggerModule.createDocument(app, settings, {
    operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '')}_${method}`,
  });
  return withSuccessDescriptions(withClosedRequests(withComponents(withHeaders(document))));
}

const text = (description: string) => ({ description, schema: { type: 'string' as const } });
const wholeNumber = (description: string) => ({ description, schema: { type: 'integer' as const } });
const RATE_LIMIT_HEADERS = {
  'RateLimit-Policy': text('Requests that a user has (`q`) in a window of seconds (`w`)'),
  RateLimit: text('Requests that are left (`r`), and the seconds until the window begins anew (`t`)'),
  'RateLimit-Limit': wholeNumber('For older clients: requests that a user has in a window'),
  'RateLimit-Remaining': wholeNumber('For older clients: requests that are left'),
  'RateLimit-Reset': wholeNumber('For older clients: seconds until the window begins anew'),
};
const RATE_LIMIT_REFS = Object.fromEntries(
  Object.keys(RATE_LIMIT_HEADERS).map((name) => [name, { $ref: `#/components/headers/${name}` }]),
);
const REPLAYED = text('`true`: given again, without effect');
const ETAG = text('Strong; for `If-None-Match` and `If-Match`');
const REQUEST_ID = text('Names the request in the log');

/** `If-None-Match` and 304 belong to reading alone, though the operations that change a resource answer its ETag too. */
function withConditionalRequests(path: PathItemObject): void {
  for (const [method, operation] of Object.entries(path) as [string, OperationObject][]) {
    const parameters = operation.parameters ?? [];
    const isCondition = (parameter: object): boolean => 'name' in parameter && parameter.name === 'If-None-Match';
    if (!parameters.some(isCondition)) continue;
    if (method === 'get') operation.responses['304'] = { description: 'Unchanged: you have it already' };
    else operation.parameters = parameters.filter((parameter) => !isCondition(parameter));
    for (const [status, response] of Object.entries(operation.responses) as [string, ResponseObject][]) {
      if (/^[23]/.test(status)) response.headers = { ETag: ETAG, ...response.headers };
    }
  }
}

/** Operations under an `Idempotency-Key` say so when they give an answer again. */
function withReplays(path: PathItemObject): void {
  for (const operation of Object.values(path) as OperationObject[]) {
    if (!operation.parameters?.some((parameter) => 'name' in parameter && parameter.name === 'Idempotency-Key'))
      continue;
    for (const [status, response] of Object.entries(operation.responses) as [string, ResponseObject][]) {
      if (status.startsWith('2')) response.headers = { 'Idempotency-Replayed': REPLAYED, ...response.headers };
    }
  }
}

/** Every answer to a valid key tells how its user stands, in the headers of `RateLimits`. */
function withRateLimits(path: PathItemObject): void {
  for (const operation of Object.values(path) as OperationObject[]) {
    if (!operation.security) continue;
    for (const [status, response] of Object.entries(operation.responses) as [string, ResponseObject][]) {
      if (status !== '401') response.headers = { ...RATE_LIMIT_REFS, ...response.headers };
    }
  }
}

/** What operations refer to instead of repeating it. */
function withComponents(document: OpenAPIObject): OpenAPIObject {
  const headers = { 'X-Request-Id': REQUEST_ID, ...RATE_LIMIT_HEADERS };
  return { ...document, components: { ...document.components, headers, examples: problemExamples() } };
}

/** The headers of all answers, said once here instead of on every operation: `X-Request-Id`, and what depends on the operation. */
function withHeaders(document: OpenAPIObject): OpenAPIObject {
  for (const path of Object.values(document.paths)) {
    withConditionalRequests(path);
    withReplays(path);
    withRateLimits(path);
    for (const operation of Object.values(path) as { responses?: Record<string, { headers?: object }> }[]) {
      for (const response of Object.values(operation.responses ?? {})) {
        response.headers = { 'X-Request-Id': { $ref: '#/components/headers/X-Request-Id' }, ...response.headers };
      }
    }
  }
  return document;
}
