import { dataOf, newUser, raw, type TestUser } from '../support/client.js';
import { sharedStack } from '../support/shared-stack.js';
import { Chance, scaled, seed, tell } from '../support/soak.js';
import { getUntilCut } from './cut-connection.js';
import { RUNS } from './steps.js';

const CUTS = scaled(40, 200);
const READERS = scaled(4, 8);
/** Some 4 s of text, with characters of one to four bytes. */
const SLOW = `[[sim text="${'Größe, 漢字, 🌊; '.repeat(80)}" deltas=80 delta_ms=50]]`;
/** An answer's head alone has about 1000 bytes. */
const LONGEST_PIECE = 3000;
/** Between the places of the cuts that are tried one by one. */
const STRIDE = 61;
const EVENT_END = Buffer.from('\n\n');

interface Reader {
  readonly chance: Chance;
  readonly id: number;
  readonly pieces: Buffer[];
  cuts: number;
  /** Cuts that left the beginning of an event. */
  inside: number;
}

describe('an event stream whose connection is cut again and again', () => {
  let user: TestUser;

  const open = (id: number, headers: Record<string, string>, cutAfter: number) =>
    getUntilCut(
      `${sharedStack().baseUrl}${RUNS}/${id}/events`,
      { authorization: `Bearer ${user.key}`, ...headers },
      cutAfter,
    );

  /** Follows the stream to its end, each time from the last event that came whole. */
  async function follow(reader: Reader): Promise<void> {
    for (let last = 0; ;) {
      const cutAfter = reader.cuts < CUTS / READERS ? reader.chance.integer(1, LONGEST_PIECE) : Infinity;
      const { body, whole } = await open(reader.id, last === 0 ? {} : { 'last-event-id': String(last) }, cutAfter);
      const { events, last: sequence } = received(body);
      reader.pieces.push(events);
      last = Math.max(last, sequence);
      if (whole) return;
      reader.cuts += 1;
      if (events.length < body.length) reader.inside += 1;
    }
  }

  beforeAll(async () => {
    user = await newUser();
  });

  it('is resumed by Last-Event-ID without a gap or a repeat, byte for byte', async () => {
    const chance = new Chance(seed);
    const readers: Reader[] = [];
    while (readers.length < READERS) {
      const params = { header: { Prefer: readers.length % 2 === 0 ? 'wait=0' : 'respond-async' } };
      const { id } = dataOf(await user.api.POST(RUNS, { params, body: { input: SLOW } }));
      readers.push({ chance: new Chance(chance.integer(0, 2 ** 31)), id, pieces: [], cuts: 0, inside: 0 });
    }
    await Promise.all(readers.map(follow));
    for (const { id, pieces } of readers) {
      const all = await (await raw(`${RUNS}/${id}/events`, { key: user.key })).text();
      expect(Buffer.concat(pieces).toString()).toBe(all);
      expect(all).toContain('event: succeeded');
    }
    const cuts = readers.reduce((sum, reader) => sum + reader.cuts, 0);
    const inside = readers.reduce((sum, reader) => sum + reader.inside, 0);
    tell('cuts of streams', { runs: readers.length, cuts, 'inside an event': inside });
    expect(cuts).toBeGreaterThanOrEqual(CUTS);
    expect(inside).toBeGreaterThan(0);
  }, 60_000);

  it('is resumed behind the last whole event, wherever it is cut', async () => {
    const { id } = dataOf(await user.api.POST(RUNS, { body: { input: '[[sim text="漢字, 🌊" deltas=1]]' } }));
    const all = Buffer.from(await (await raw(`${RUNS}/${id}/events`, { key: user.key })).arrayBuffer());
    expect(await open(id, {}, Infinity)).toEqual({ body: all, whole: true });
    const seen = new Set<number>();
    for (let cutAfter = 1; ; cutAfter += STRIDE) {
      const { body, whole } = await open(id, {}, cutAfter);
      if (whole) break;
      const { events, last } = received(body);
      seen.add(last);
      const rest = await open(id, { 'last-event-id': String(last) }, Infinity);
      expect(Buffer.concat([events, rest.body]).toString()).toBe(all.toString());
    }
    // In the head, and in each of the four events.
    expect([...seen]).toEqual([0, 1, 2, 3]);
  }, 30_000);
});

/** The events of a piece that came whole, and the number of the last of them: one that did not has not been received. */
function received(body: Buffer): { events: Buffer; last: number } {
  const end = body.lastIndexOf(EVENT_END);
  const events = body.subarray(0, end === -1 ? 0 : end + EVENT_END.length);
  const ids = [...events.toString().matchAll(/^id: (\d+)$/gm)];
  return { events, last: Number(ids.at(-1)?.[1] ?? 0) };
}
