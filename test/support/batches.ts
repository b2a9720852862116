import { type Api, dataOf, raw, type Schemas, type TestUser } from './client.js';
import { until } from './until.js';

export const BATCHES = '/api/v1/ai/batches';

export type Batch = Schemas['BatchResponse'];
export type Query = Schemas['BatchQueryRequest'];
export type Result = Schemas['BatchResultResponse'];

/** Parameters of an operation on one batch. */
export const at = (id: number): { params: { path: { id: number } } } => ({ params: { path: { id } } });

/** A batch that was just accepted. */
export async function accepted(api: Api, queries: Query[], mode?: Batch['mode']): Promise<Batch> {
  return dataOf(await api.POST(BATCHES, { body: { queries, ...(mode ? { mode } : {}) } }));
}

export async function readBatch(api: Api, id: number): Promise<Batch> {
  return dataOf(await api.GET('/api/v1/ai/batches/{id}', at(id)));
}

/** A batch once it is over. */
export function over(api: Api, id: number, timeoutMs = 30_000): Promise<Batch> {
  return until(
    `The end of batch ${id}`,
    async () => {
      const batch = await readBatch(api, id);
      return batch.finished_at !== null && batch;
    },
    timeoutMs,
  );
}

/** The results as they are streamed. */
export async function resultsOf({ key }: TestUser, id: number, baseUrl?: string): Promise<Result[]> {
  const request = baseUrl === undefined ? { key } : { key, baseUrl };
  const response = await raw(`${BATCHES}/${id}/results`, request);
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/x-ndjson; charset=utf-8']);
  return (await response.text())
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Result);
}
