import type { IncomingMessage } from 'node:http';
import { ApiError } from '../api-error.js';
import type { BatchEndpoint } from '../batches/batch.endpoint.js';
import type { CallLog } from '../faults/call-log.js';
import { getModel, listModels, modelInfo } from '../model-list.js';
import type { MessageEndpoint } from './message.endpoint.js';
import { page } from './paging.js';
import type { Reply } from './reply.js';
import { parseJson, readBody } from './request-body.js';

const MEGABYTE = 1024 * 1024;
const MAX_MESSAGE_BYTES = 32 * MEGABYTE;
const MAX_BATCH_BYTES = 256 * MEGABYTE;

interface Call {
  reply: Reply;
  /** The variable part of the path. */
  id: string;
  query: URLSearchParams;
  body: unknown;
}

interface Route {
  handle: (call: Call) => Promise<void> | void;
  maxBytes?: number;
}

type RouteTable = readonly (readonly [RegExp, Readonly<Record<string, Route>>])[];

function routeTable(messages: MessageEndpoint, batches: BatchEndpoint): RouteTable {
  const create: Route = { maxBytes: MAX_MESSAGE_BYTES, handle: ({ body, reply }) => messages.create(body, reply) };
  const count: Route = { maxBytes: MAX_MESSAGE_BYTES, handle: ({ body, reply }) => messages.countTokens(body, reply) };
  const createBatch: Route = { maxBytes: MAX_BATCH_BYTES, handle: ({ body, reply }) => batches.create(body, reply) };
  return [
    [/^\/v1\/messages$/, { POST: create }],
    [/^\/v1\/messages\/count_tokens$/, { POST: count }],
    [
      /^\/v1\/messages\/batches$/,
      { POST: createBatch, GET: { handle: ({ query, reply }) => reply.json(200, batches.list(query)) } },
    ],
    [
      /^\/v1\/messages\/batches\/([^/]+)$/,
      {
        GET: { handle: ({ id, reply }) => reply.json(200, batches.get(id)) },
        DELETE: { handle: ({ id, reply }) => reply.json(200, batches.delete(id)) },
      },
    ],
    [
      /^\/v1\/messages\/batches\/([^/]+)\/cancel$/,
      { POST: { handle: ({ id, reply }) => reply.json(200, batches.cancel(id)) } },
    ],
    [
      /^\/v1\/messages\/batches\/([^/]+)\/results$/,
      { GET: { handle: ({ id, reply }) => reply.text(200, 'application/x-jsonl', batches.results(id)) } },
    ],
    [
      /^\/v1\/models$/,
      { GET: { handle: ({ query, reply }) => reply.json(200, page(listModels(lifecycles(query)), query)) } },
    ],
    [/^\/v1\/models\/([^/]+)$/, { GET: { handle: ({ id, reply }) => reply.json(200, modelInfo(getModel(id))) } }],
  ];
}

function lifecycles(query: URLSearchParams): string[] {
  return [...query.getAll('lifecycle'), ...query.getAll('lifecycle[]')].flatMap((value) => value.split(','));
}

function authenticate({ headers }: IncomingMessage): void {
  if (!headers['x-api-key'] && !headers.authorization) throw new ApiError(401, 'x-api-key header is required');
  if (!headers['anthropic-version']) throw new ApiError(400, 'anthropic-version: header is required');
}

/** Finds what answers a request, in the API's order of refusals: 404, 405, 401, 413, 400. */
export class Router {
  private readonly table: RouteTable;

  /** With a call log, calls are taken down and `GET /__calls` shows them. */
  constructor(
    messages: MessageEndpoint,
    batches: BatchEndpoint,
    private readonly log: CallLog | null,
  ) {
    this.table = routeTable(messages, batches);
  }

  /** Answers a request. Throws an `ApiError` for what is to be refused. */
  async answer(request: IncomingMessage, reply: Reply): Promise<void> {
    const [pathname = '/', search = ''] = (request.url ?? '/').split('?', 2);
    const query = new URLSearchParams(search);
    if (this.log && pathname === '/__calls') {
      return reply.json(200, this.log.find(query.get('contains'), query.get('path')));
    }
    const { route, id } = this.find(request.method ?? '', pathname);
    authenticate(request);
    const text = await readBody(request, route.maxBytes ?? MEGABYTE);
    const body = route.maxBytes ? parseJson(text) : undefined;
    const stream = typeof body === 'object' && body !== null && 'stream' in body && body.stream === true;
    reply.call = this.log?.record(pathname, text, stream);
    await route.handle({ reply, id, query, body });
  }

  private find(method: string, pathname: string): { route: Route; id: string } {
    for (const [pattern, methods] of this.table) {
      const match = pattern.exec(pathname);
      if (!match) continue;
      const route = methods[method];
      if (!route) {
        throw new ApiError(405, 'Method Not Allowed', undefined, { allow: Object.keys(methods).join(', ') });
      }
      return { route, id: match[1] ?? '' };
    }
    throw new ApiError(404, 'Not found');
  }
}
