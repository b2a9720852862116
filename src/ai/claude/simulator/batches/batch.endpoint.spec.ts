import { setTimeout as sleep } from 'node:timers/promises';
import Anthropic from '@anthropic-ai/sdk';
import { startSimulator, type RunningSimulator } from '../simulator.server.js';

type Batch = Anthropic.Messages.MessageBatch;

function request(custom_id: string, content: string): Anthropic.Messages.BatchCreateParams.Request {
  return { custom_id, params: { model: 'claude-haiku-5-5', max_tokens: 100, messages: [{ role: 'user', content }] } };
}

describe('simulated Message Batches', () => {
  let simulator: RunningSimulator;
  let batches: Anthropic.Messages.Batches;

  beforeAll(async () => {
    simulator = await startSimulator({ faults: true });
    batches = new Anthropic({ apiKey: 'none', baseURL: simulator.baseUrl, maxRetries: 0 }).messages.batches;
  });
  afterAll(() => simulator.close());

  async function ended(id: string): Promise<Batch> {
    for (;;) {
      const batch = await batches.retrieve(id);
      if (batch.processing_status === 'ended') return batch;
      await sleep(5);
    }
  }

  async function results(id: string): Promise<Map<string, Anthropic.Messages.MessageBatchResult>> {
    const found = new Map<string, Anthropic.Messages.MessageBatchResult>();
    for await (const row of await batches.results(id)) found.set(row.custom_id, row.result);
    return found;
  }

  it('answers every request, each with its own result, in no promised order', async () => {
    const batch = await batches.create({
      requests: [
        request('good', 'Hello'),
        request('bad', '[[sim status=529]] Hello'),
        request('late', '[[sim expired]] Hello'),
        { custom_id: 'wrong', params: { ...request('', 'Hello').params, max_tokens: -1 } },
      ],
    });
    expect(batch).toMatchObject({ processing_status: 'in_progress', results_url: null });
    expect(batch.request_counts).toEqual({ processing: 4, succeeded: 0, errored: 0, canceled: 0, expired: 0 });
    const counts = { processing: 0, succeeded: 1, errored: 2, canceled: 0, expired: 1 };
    expect((await ended(batch.id)).request_counts).toEqual(counts);
    const found = await results(batch.id);
    expect([...found.keys()]).not.toEqual(['good', 'bad', 'late', 'wrong']);
    expect(found.get('good')).toMatchObject({ type: 'succeeded', message: { usage: { service_tier: 'batch' } } });
    expect(found.get('bad')).toMatchObject({ type: 'errored', error: { error: { type: 'overloaded_error' } } });
    expect(found.get('late')).toEqual({ type: 'expired' });
    expect(found.get('wrong')).toMatchObject({ type: 'errored', error: { error: { type: 'invalid_request_error' } } });
  });

  it('cancels what is not done yet', async () => {
    const batch = await batches.create({ requests: [request('a', 'Hello'), request('b', '[[sim hang]]')] });
    await expect(batches.results(batch.id)).rejects.toThrow();
    await expect(batches.delete(batch.id)).rejects.toMatchObject({ status: 400 });
    // Counts are told when all is over: until then nothing says that the first is answered.
    await sleep(100);
    expect(await batches.cancel(batch.id)).toMatchObject({ processing_status: 'canceling' });
    expect((await ended(batch.id)).request_counts).toMatchObject({ succeeded: 1, canceled: 1 });
    expect((await results(batch.id)).get('b')).toEqual({ type: 'canceled' });
  });

  it('lists batches newest first and deletes one', async () => {
    const older = await batches.create({ requests: [request('a', 'Hello')] });
    const newer = await batches.create({ requests: [request('a', 'Hello')] });
    await Promise.all([ended(older.id), ended(newer.id)]);
    const page = await batches.list({ limit: 2 });
    expect(page.data.map(({ id }) => id)).toEqual([newer.id, older.id]);
    expect(await batches.delete(older.id)).toEqual({ id: older.id, type: 'message_batch_deleted' });
    await expect(batches.retrieve(older.id)).rejects.toMatchObject({ status: 404, type: 'not_found_error' });
  });

  it('refuses a batch that is none, and fails one as its directive wants', async () => {
    await expect(batches.create({ requests: [] })).rejects.toMatchObject({ status: 400 });
    const twice = { requests: [request('a', 'Hello'), request('a', 'Hello')] };
    await expect(batches.create(twice)).rejects.toMatchObject({
      status: 400,
      apiMessage: expect.stringContaining("'a'"),
    });
    const failing = { requests: [request('a', '[[sim on=batches status=503]]')] };
    await expect(batches.create(failing)).rejects.toMatchObject({ status: 503 });
  });
});
