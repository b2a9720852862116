import { BATCHES } from '../support/batches.js';
import { clientFor, dataOf, newUser, raw, type TestUser, unique } from '../support/client.js';
import type { TestServer } from '../support/server.js';
import { upstreamCalls } from '../support/simulator.js';
import { readEvents, type SseEvent } from '../support/sse.js';
import { until } from '../support/until.js';
import { readRun, type Run, summariesOf } from './audit.js';
import { HeldRows } from './held-rows.js';
import { type Answered, askPatiently } from './patient-client.js';

export const RUNS = '/api/v1/ai/runs';

/** What is left of a run, or of several of a kind, that a kill met at a step of its way. */
export interface Expected {
  readonly status: Run['status'];
  readonly billing: Run['billing']['state'];
  readonly attempts: number;
  readonly calls: number;
}

/** A server, and what goes on at it. */
export interface Scene {
  server: TestServer;
  readonly simulatorUrl: string;
}

/** A step at which the kill meets runs of one user. */
export class Step {
  readonly markers: string[] = [];
  /** What a reader was told of the only run before the kill. */
  seen: readonly SseEvent[] = [];
  /** The rows that keep it where it is. */
  rows: HeldRows | null = null;
  /** A client that asks until it is answered, across the kill. */
  answered: Promise<Answered> | null = null;

  private constructor(
    readonly scene: Scene,
    readonly user: TestUser,
  ) {}

  static async by(scene: Scene): Promise<Step> {
    return new Step(scene, await newUser(scene.server.baseUrl));
  }

  /** The input of one more run. */
  input(directives: string): string {
    const marker = unique('step');
    this.markers.push(marker);
    return `${directives} ${marker}`;
  }

  /** Sends a run whose client is lost with the server; `prefer` says how long it waits. */
  send(directives: string, prefer: string): Promise<void> {
    const json = { input: this.input(directives) };
    const { baseUrl } = this.scene.server;
    return raw(RUNS, { method: 'POST', key: this.user.key, baseUrl, json, headers: { prefer } }).then(
      () => undefined,
      () => undefined, // The kill takes the connection.
    );
  }

  /** Sends a run that is not waited for; it has been accepted when this resolves. */
  async accepted(directives: string, prefer: 'wait=0' | 'respond-async' = 'wait=0'): Promise<number> {
    await this.send(directives, prefer);
    return (await onlyRun(this)).id;
  }

  /** Sends a batch; it has been accepted when this resolves. */
  async batch(count: number): Promise<void> {
    const queries = Array.from({ length: count }, () => ({ input: this.input('[[sim text="later"]]') }));
    const { baseUrl } = this.scene.server;
    const { status } = await raw(BATCHES, { method: 'POST', key: this.user.key, baseUrl, json: { queries } });
    expect(status).toBe(202);
  }

  /** Sends a run under a key, again and again until it is answered. */
  keepAsking(directives: string): void {
    const headers = { 'idempotency-key': unique('key'), prefer: 'wait=0' };
    this.answered = askPatiently(this.scene.server, this.user, RUNS, { input: this.input(directives) }, headers);
  }

  async cancel(id: number): Promise<void> {
    const api = clientFor(this.user.key, this.scene.server.baseUrl);
    dataOf(await api.POST('/api/v1/ai/runs/{id}/cancel', { params: { path: { id } } }));
  }

  /** Holds rows until `release`. */
  async hold(table: 'runs' | 'users', id: number): Promise<HeldRows> {
    this.rows ??= await HeldRows.on(this.scene.server.storage.databaseUrl!);
    await this.rows.hold(table, id);
    return this.rows;
  }
}

/** Resolves once Claude has been asked so often. */
export async function untilCalled(step: Step, calls: number): Promise<void> {
  await until('The call', async () => (await callsOf(step)) === calls);
}

/** Resolves once so many attempts of the only run have ended, and another is waited for. */
export async function untilFailed(step: Step, attempts: number): Promise<void> {
  const { id } = await onlyRun(step);
  await until('The failed attempt', async () => {
    const { attempts: made } = await readRun(step.user, id, step.scene.server.baseUrl);
    return made.length === attempts && made.at(-1)?.duration_ms !== null;
  });
}

/** Resolves once some text of the only run's answer has been told. */
export async function untilText(step: Step): Promise<void> {
  step.seen = await eventsOf(step, 0, (events) => events.filter(({ name }) => name === 'delta').length === 3);
}

/** The events of the only run behind one of them, to their end or to where it is enough. */
export async function eventsOf(
  step: Step,
  after: number,
  enough?: (events: readonly SseEvent[]) => boolean,
): Promise<SseEvent[]> {
  const { id } = await onlyRun(step);
  const { baseUrl } = step.scene.server;
  const headers = { 'last-event-id': String(after) };
  return readEvents(await raw(`${RUNS}/${id}/events`, { key: step.user.key, baseUrl, headers }), enough);
}

export async function runsOf({ user, scene }: Step): Promise<Run[]> {
  const { baseUrl } = scene.server;
  const runs: Run[] = [];
  for (const { id } of await summariesOf({ user, baseUrl })) runs.push(await readRun(user, id, baseUrl));
  return runs;
}

/** How often Claude was asked for any of a step's runs. */
export async function callsOf({ markers, scene }: Step): Promise<number> {
  const counts = markers.map(async (marker) => (await upstreamCalls(scene.simulatorUrl, marker)).length);
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

async function onlyRun({ user, scene }: Step): Promise<{ id: number }> {
  const { baseUrl } = scene.server;
  return until('The run', async () => (await summariesOf({ user, baseUrl }))[0]);
}
