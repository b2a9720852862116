import { onPostgres } from '../support/server-storage.js';
import { TestServer } from '../support/server.js';
import { liveAgainst, PATIENT_CLAUDE, sharedStack } from '../support/shared-stack.js';
import { Simulator } from '../support/simulator.js';
import { tell } from '../support/soak.js';
import { wireOf } from '../support/sse.js';
import { until } from '../support/until.js';
import { allOver, audit, NO_FIGURES, type Run, sumOf } from './audit.js';
import { callsOf, eventsOf, type Expected, runsOf, Step, untilCalled, untilFailed, untilText } from './steps.js';

/** Recovery is done by itself within this time of a crash. */
const RECOVERY_MS = onPostgres ? 60_000 : 10_000;
const SLOW = `[[sim text="${'word '.repeat(600)}" deltas=600 delta_ms=100]]`;
const HANGING = '[[sim hang]]';
const QUICK = '[[sim text="done"]]';
/** Ends after the rows were locked that its end needs. */
const SOON = '[[sim slow_ms=1500 text="said and done"]]';
/** The places that the steps take and keep, in the order of the list; the last is one that is taken and given up. */
const PLACES = onPostgres ? 6 : 3;

const ONCE: Expected = { status: 'succeeded', billing: 'settled', attempts: 1, calls: 1 };
const UNCLEAR: Expected = { status: 'interrupted', billing: 'unknown', attempts: 1, calls: 1 };

interface NamedStep {
  readonly name: string;
  readonly expected: Expected;
  /** Brings a run of the step's user there. */
  readonly arrange: (step: Step, filler: Step) => Promise<unknown>;
  /** Whether it is kept there by rows that the test locks, which the embedded database has no second session for. */
  readonly held?: 'lost' | 'landed';
}

/** What the kill meets. First what has no place for a call any more, then what has one, then what waits for one. */
const STEPS: readonly NamedStep[] = [
  { name: 'after it was answered', expected: ONCE, arrange: (step) => step.send(QUICK, 'wait=300') },
  {
    name: 'before it settles, with text on its way to the database',
    expected: UNCLEAR,
    held: 'lost',
    arrange: async (step) => (await step.hold('runs', await step.accepted(SOON))).untilWaiting(1),
  },
  {
    name: 'while it settles, and the statement is lost',
    expected: UNCLEAR,
    held: 'lost',
    arrange: async (step) => {
      await step.accepted(SOON);
      await (await step.hold('users', step.user.id)).untilWaiting(1);
    },
  },
  {
    name: 'while it settles, and the statement is carried out after all',
    expected: ONCE,
    held: 'landed',
    arrange: async (step) => {
      await step.accepted(SOON);
      await (await step.hold('users', step.user.id)).untilWaiting(1);
    },
  },
  {
    name: 'while it waits for another try',
    // Nothing is unclear: its one call was refused. Whether it is asked again is for its owner to say.
    expected: { status: 'interrupted', billing: 'none', attempts: 1, calls: 1 },
    arrange: async (step) => {
      await step.accepted('[[sim status=429 retry_after=50]]');
      await untilFailed(step, 1);
    },
  },
  {
    name: 'while it is accepted, and the statement is lost',
    expected: ONCE,
    held: 'lost',
    arrange: async (step) => {
      const rows = await step.hold('users', step.user.id);
      step.keepAsking(QUICK);
      await rows.untilWaiting(1);
    },
  },
  {
    name: 'while it is accepted as going out at once, and the statement is carried out after all',
    // The ledger cannot know that the process ended before the call: it says so, and counts the most.
    expected: { ...UNCLEAR, calls: 0 },
    held: 'landed',
    arrange: async (step) => {
      const rows = await step.hold('users', step.user.id);
      void step.send(QUICK, 'wait=0');
      await rows.untilWaiting(1);
    },
  },
  {
    name: 'sent, before anything of the answer has come',
    expected: UNCLEAR,
    arrange: async (step) => {
      await step.accepted(HANGING);
      await untilCalled(step, 1);
    },
  },
  {
    name: 'inside the answer',
    expected: UNCLEAR,
    arrange: async (step) => {
      await step.accepted(SLOW);
      await untilText(step);
    },
  },
  {
    name: 'in its second try',
    expected: { ...UNCLEAR, attempts: 2, calls: 2 },
    arrange: async (step) => {
      await step.accepted(`[[sim status=429 times=1 retry_after_ms=10 key=${step.user.id}]] ${HANGING}`);
      await untilCalled(step, 2);
    },
  },
  {
    name: 'taken from the queue, and not begun',
    expected: ONCE,
    held: 'lost',
    arrange: async (step, filler) => {
      const last = await filler.accepted(SLOW);
      await untilCalled(filler, 1);
      const rows = await step.hold('runs', await step.accepted(QUICK, 'respond-async'));
      await filler.cancel(last);
      await rows.untilWaiting(1);
      // Who waits for a row keeps no place: it is taken again, for those who come now.
      await filler.accepted(SLOW);
      await untilCalled(filler, 2);
    },
  },
  {
    name: 'accepted, and waiting for a place',
    expected: ONCE,
    arrange: async (step) => {
      expect(await step.accepted(QUICK)).toBeGreaterThan(0);
      expect((await runsOf(step)).map(({ status }) => status)).toEqual(['running']);
    },
  },
  {
    name: 'in the queue',
    expected: ONCE,
    arrange: async (step) => {
      await step.accepted(QUICK, 'respond-async');
      expect((await runsOf(step)).map(({ status }) => status)).toEqual(['queued']);
    },
  },
  { name: 'in the queue, of a batch', expected: ONCE, arrange: (step) => step.batch(5) },
];

describe('a run that kill -9 meets', () => {
  const steps = STEPS.filter(({ held }) => onPostgres || held === undefined);
  const arranged = new Map<string, Step>();
  const { folder, template } = sharedStack();
  let simulator: Simulator;
  let server: TestServer;
  let filler: Step;
  /** A run as it was before the kill. */
  let answered: Run[];

  async function arrange(): Promise<void> {
    const scene = { server, simulatorUrl: simulator.baseUrl };
    filler = await Step.by(scene);
    for (const { name, arrange: bring } of steps) {
      const step = await Step.by(scene);
      arranged.set(name, step);
      await bring(step, filler);
    }
  }

  async function kill(): Promise<void> {
    await server.stop('SIGKILL');
    for (const { name, held } of steps) if (held === 'lost') await arranged.get(name)?.rows?.undo();
    for (const step of arranged.values()) await step.rows?.release();
  }

  beforeAll(async () => {
    simulator = await Simulator.start(folder);
    server = await TestServer.start({
      folder,
      template,
      env: {
        ...liveAgainst(simulator.baseUrl),
        ...PATIENT_CLAUDE,
        CLAUDE_RETRY_AFTER_MAX_MS: '60000',
        CLAUDE_MAX_CONCURRENCY: String(PLACES),
        DATABASE_POOL_SIZE: '20',
      },
    });
    await arrange();
    answered = await runsOf(arranged.get('after it was answered')!);
    await kill();
    await server.restart();
    const books = [...arranged.values()].map(({ user }) => ({ user, baseUrl: server.baseUrl }));
    await until(
      'The end of every run',
      async () => (await Promise.all(books.map(allOver))).every(Boolean),
      RECOVERY_MS,
    );
    for (const { answered } of arranged.values()) await answered;
  }, RECOVERY_MS + 60_000);

  afterAll(async () => {
    await server.dispose();
    await simulator.stop();
  });

  it.each(steps)('$name ends as it should', async ({ name, expected }) => {
    const step = arranged.get(name)!;
    const runs = await runsOf(step);
    expect(runs).toHaveLength(step.markers.length);
    for (const { status, billing, attempts } of runs) {
      const { calls, ...rest } = expected;
      expect({ status, billing: billing.state, attempts: attempts.length }).toEqual(rest);
      expect(await callsOf(step)).toBe(calls * runs.length);
    }
  });

  it('after it was answered is not changed any more', async () => {
    expect(await runsOf(arranged.get('after it was answered')!)).toEqual(answered);
  });

  it('inside the answer has its stream continued where it broke, byte for byte, to its one end', async () => {
    const step = arranged.get('inside the answer')!;
    const rest = await eventsOf(step, step.seen.length);
    expect(rest.at(-1)).toMatchObject({ name: 'interrupted', data: (await runsOf(step))[0] });
    expect(wireOf([...step.seen, ...rest])).toBe(wireOf(await eventsOf(step, 0)));
  });

  it('leaves nothing unaccounted for', async () => {
    let figures = NO_FIGURES;
    for (const { user, markers } of [...arranged.values(), filler]) {
      const books = { user, baseUrl: server.baseUrl, simulatorUrl: simulator.baseUrl };
      figures = sumOf(figures, await audit(books, markers));
    }
    tell('kill -9 at each step', { steps: steps.length, ...figures });
  });
});
