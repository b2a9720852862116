import { dataOf, newUser, raw, type TestUser } from '../support/client.js';
import { TestServer } from '../support/server.js';
import { liveAgainst, sharedStack } from '../support/shared-stack.js';

/** Statements that the database got, by the server's own count. */
const COUNTER = /^dossier_database_queries_total (\d+)$/m;
const QUIET_TRIES = 12;

describe('the statements that a request costs', () => {
  let server: TestServer;
  let user: TestUser;
  let itemId: number;
  let runId: number;

  async function total(): Promise<number> {
    const text = await (await raw('/metrics', { key: null, baseUrl: server.baseUrl })).text();
    return Number(COUNTER.exec(text)?.[1]);
  }

  /** The least over several tries: the queue's poll and the leases' heartbeat may fall into one. */
  async function costOf(act: () => Promise<Response>): Promise<number> {
    await (await act()).text();
    let least = Infinity;
    for (let tries = 0; tries < QUIET_TRIES; tries += 1) {
      const before = await total();
      const response = await act();
      expect(response.ok).toBe(true);
      await response.text();
      least = Math.min(least, (await total()) - before);
    }
    return least;
  }

  const call = (path: string, method = 'GET', json?: unknown): Promise<Response> =>
    raw(`/api/v1${path}`, { method, key: user.key, baseUrl: server.baseUrl, json });

  beforeAll(async () => {
    const { folder, template, simulatorUrl } = sharedStack();
    server = await TestServer.start({ folder, template, env: liveAgainst(simulatorUrl) });
    user = await newUser(server.baseUrl);
    itemId = dataOf(await user.api.POST('/api/v1/research-items', { body: { title: 'Tides' } })).id;
    for (let count = 0; count < 5; count += 1) {
      await user.api.POST('/api/v1/research-items', { body: { title: 'More' } });
      const params = { path: { id: itemId } };
      const body = { name: `Prompt ${count}`, template: 'x' };
      await user.api.POST('/api/v1/research-items/{id}/prompts', { params, body });
    }
    runId = dataOf(await user.api.POST('/api/v1/ai/runs', { body: { input: 'x' } })).id;
  });
  afterAll(() => server.dispose());

  it('are counted, and asking for the count is none', async () => {
    expect(await costOf(() => raw('/metrics', { key: null, baseUrl: server.baseUrl }))).toBe(0);
    expect(await costOf(() => raw('/health/ready', { key: null, baseUrl: server.baseUrl }))).toBe(1);
  });

  it('are one for an item, with the key looked up before', async () => {
    expect(await costOf(() => call(`/research-items/${itemId}`))).toBe(1);
  });

  it('are one for a list of items, and one more with their prompts, however many', async () => {
    expect(await costOf(() => call('/research-items'))).toBe(1);
    expect(await costOf(() => call('/research-items?q=tides'))).toBe(1);
    expect(await costOf(() => call('/research-items?include=prompts'))).toBe(2);
    expect(await costOf(() => call(`/research-items/${itemId}?include=prompts`))).toBe(2);
  });

  it('are one to create an item', async () => {
    expect(await costOf(() => call('/research-items', 'POST', { title: 'New' }))).toBe(1);
  });

  it('are one for a list of runs, and at most three for a run', async () => {
    expect(await costOf(() => call('/ai/runs'))).toBe(1);
    expect(await costOf(() => call(`/ai/runs/${runId}`))).toBeLessThanOrEqual(3);
  });

  it('are one for usage, by whatever', async () => {
    for (const group of ['day', 'model', 'research_item']) {
      expect(await costOf(() => call(`/ai/usage?group_by=${group}`))).toBe(1);
    }
  });

  it("are at most three for a run of one's own text: accept, text, end", async () => {
    expect(await costOf(() => call('/ai/runs', 'POST', { input: 'x' }))).toBeLessThanOrEqual(3);
  });
});
