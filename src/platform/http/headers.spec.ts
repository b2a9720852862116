import fc from 'fast-check';
import { parsePrefer } from './prefer.js';
import { requestIdOf } from './request-id.js';
import { formatEvent, wantsEventStream } from './sse.js';

describe('Prefer', () => {
  it.each<[string | string[] | undefined, number | null, string | null]>([
    [undefined, null, null],
    ['', null, null],
    ['wait=5', 5, 'wait=5'],
    ['wait=0', 0, 'wait=0'],
    ['wait=300', 300, 'wait=300'],
    ['wait=301', 300, 'wait=300'],
    ['wait=999999999999999', 300, 'wait=300'],
    ['Wait = "7"', 7, 'wait=7'],
    ['return=minimal, wait=8; strict', 8, 'wait=8'],
    [['handling=lenient', 'wait=9'], 9, 'wait=9'],
    ['wait=1, wait=2', 1, 'wait=1'],
    ['wait', null, null],
    ['wait=', null, null],
    ['wait=-1', null, null],
    ['wait=1.5', null, null],
    ['wait=soon', null, null],
    ['await=5', null, null],
  ])('%j waits for %j seconds', (header, waitSeconds, applied) => {
    expect(parsePrefer(header)).toEqual({ waitSeconds, respondAsync: false, applied });
  });

  it.each(['respond-async', 'Respond-Async', 'return=minimal, respond-async', 'respond-async; x=1'])(
    '%s asks for no wait at all',
    (header) => {
      expect(parsePrefer(header)).toEqual({ waitSeconds: null, respondAsync: true, applied: 'respond-async' });
    },
  );

  it('never throws, and never waits longer than five minutes', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.integer().map((seconds) => `wait=${seconds}`),
        ),
        (header) => {
          const { waitSeconds } = parsePrefer(header);
          if (waitSeconds !== null) expect(waitSeconds >= 0 && waitSeconds <= 300).toBe(true);
        },
      ),
    );
  });
});

describe('Accept', () => {
  it.each([
    'text/event-stream',
    'Text/Event-Stream',
    'application/json, text/event-stream',
    'text/event-stream; q=0.5',
    'text/event-stream;charset=utf-8',
    'text/event-stream;q=0.001',
  ])('%s wants an event stream', (accept) => {
    expect(wantsEventStream(accept)).toBe(true);
  });

  it.each([
    undefined,
    '',
    '*/*',
    'text/*',
    'application/json',
    'text/event-stream;q=0',
    'text/event-stream; q=0.000',
    'text/event-streams',
  ])('%s does not', (accept) => {
    expect(wantsEventStream(accept)).toBe(false);
  });
});

describe('An event', () => {
  it('has a number, a name, and its data on one line', () => {
    expect(formatEvent(3, 'delta', JSON.stringify({ text: 'a\nb' }))).toBe(
      'id: 3\nevent: delta\ndata: {"text":"a\\nb"}\n\n',
    );
  });
});

describe('A request id', () => {
  const idFor = (given?: string | string[]) =>
    requestIdOf({ headers: given === undefined ? {} : { 'x-request-id': given as string } });

  it.each(['a', 'A-b_c.9', 'x'.repeat(128)])('that is given as %s is kept', (given) => {
    expect(idFor(given)).toBe(given);
  });

  it.each([undefined, '', 'x'.repeat(129), 'a b', 'a\n', 'é', 'a/b', 'a, b', ['a', 'b']])(
    'that is given as %j is replaced by a fresh UUID',
    (given) => {
      const id = idFor(given);
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(idFor(given)).not.toBe(id);
    },
  );
});
