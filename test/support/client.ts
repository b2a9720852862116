import { randomBytes } from 'node:crypto';
import createClient, { type Client } from 'openapi-fetch';
import type { components, paths } from './api.js';
import { ADMIN_KEY } from './server.js';
import { sharedStack } from './shared-stack.js';

/** The API, typed by openapi.json: what compiles against it proves the document. */
export type Api = Client<paths, 'application/json'>;

/** The schemas of the document by name. */
export type Schemas = components['schemas'];

/** A user made for one test. */
export interface TestUser {
  readonly id: number;
  readonly key: string;
  readonly api: Api;
}

/** A client that sends `key`; without one, none. */
export function clientFor(key: string | null, baseUrl = sharedStack().baseUrl): Api {
  return createClient<paths, 'application/json'>({
    baseUrl,
    ...(key === null ? {} : { headers: { authorization: `Bearer ${key}` } }),
  });
}

/** A client with the first admin key. */
export function adminClient(baseUrl = sharedStack().baseUrl): Api {
  return clientFor(ADMIN_KEY, baseUrl);
}

/** Makes a user, whose key may read, write and run. */
export async function newUser(baseUrl = sharedStack().baseUrl, budgetUsd: number | null = null): Promise<TestUser> {
  const body = { name: unique('user'), budget_usd: budgetUsd };
  const user = dataOf(await adminClient(baseUrl).POST('/api/v1/users', { body }));
  const { key } = user.api_key;
  if (key === null) throw new Error('The answer to POST /users shows no key');
  return { id: user.id, key, api: clientFor(key, baseUrl) };
}

/** The body of an answer that has to be a success. */
export function dataOf<T>({ data, error, response }: { data?: T; error?: unknown; response: Response }): T {
  if (data === undefined) throw new Error(`${response.url} answered ${response.status}: ${JSON.stringify(error)}`);
  return data;
}

/** What may be asked of `raw` beside what `fetch` takes. */
export interface RawRequest extends Omit<RequestInit, 'headers'> {
  readonly key?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly baseUrl?: string;
  /** Sent as JSON. */
  readonly json?: unknown;
}

/** A request as the typed client would never make it. `key` defaults to the admin's; null sends none. */
export function raw(path: string, request: RawRequest = {}): Promise<Response> {
  const { key = ADMIN_KEY, headers = {}, baseUrl = sharedStack().baseUrl, json, ...rest } = request;
  const withBody = json === undefined ? rest : { ...rest, body: JSON.stringify(json) };
  const all = new Headers(headers);
  if (key !== null && !all.has('authorization')) all.set('authorization', `Bearer ${key}`);
  if (withBody.body && !all.has('content-type')) all.set('content-type', 'application/json');
  return fetch(`${baseUrl}${path}`, { ...withBody, headers: all });
}

/** A name that no other test uses. */
export function unique(prefix: string): string {
  return `${prefix}-${randomBytes(6).toString('hex')}`;
}
