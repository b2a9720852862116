import fc from 'fast-check';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { PreconditionFailedError } from '../errors/platform.errors.js';
import { etagOf, Precondition, tagged } from './etag.js';

const ITEM = etagOf({ id: 1 });
const ITEM_WITH_PROMPTS = etagOf({ id: 1 }, [{ id: 2 }]);
const OTHER = etagOf({ id: 2 });

describe('An ETag', () => {
  it('is strong, and the same for the same representation alone', () => {
    expect(ITEM).toMatch(/^"[A-Za-z0-9_-]{22}"$/);
    expect(etagOf({ id: 1 })).toBe(ITEM);
    expect(OTHER).not.toBe(ITEM);
  });

  it('has a second part for what is only sometimes included', () => {
    expect(ITEM_WITH_PROMPTS).toMatch(/^"[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{22}"$/);
    expect(ITEM_WITH_PROMPTS.startsWith(ITEM.slice(0, -1))).toBe(true);
  });
});

const passes = (header: string | undefined, etag = ITEM) => {
  try {
    new Precondition(header).check(etag);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(PreconditionFailedError);
    return false;
  }
};

describe('If-Match', () => {
  it('is given or not', () => {
    expect([new Precondition(undefined).given, new Precondition('*').given]).toEqual([false, true]);
    expect(passes(undefined)).toBe(true);
  });

  it.each(['*', ' * ', ITEM, `${OTHER}, ${ITEM}`, `${OTHER},${ITEM}`, `"a,b*", ${ITEM}`, ITEM_WITH_PROMPTS])(
    '%s names the present state',
    (header) => {
      expect(passes(header)).toBe(true);
    },
  );

  it.each(['', OTHER, `W/${ITEM}`, `${OTHER}, W/${ITEM}`, ITEM.slice(1, -1), 'garbage*', '"*"', '"', '**', `"x" *`])(
    '%s does not',
    (header) => {
      expect(passes(header)).toBe(false);
    },
  );

  it('compares the resource whichever representation was read', () => {
    expect(passes(ITEM, ITEM_WITH_PROMPTS)).toBe(true);
    expect(passes(etagOf({ id: 1 }, ['other prompts']), ITEM_WITH_PROMPTS)).toBe(true);
    expect(passes(etagOf({ id: 2 }, [{ id: 2 }]), ITEM_WITH_PROMPTS)).toBe(false);
  });

  it('is told of truly: that another was named, or none that can be compared', () => {
    const detail = (header: string) => {
      try {
        new Precondition(header).check(ITEM);
        return null;
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(detail(OTHER)).toContain('read it again');
    expect(detail(`W/${ITEM}, ${OTHER}`)).toBe(detail(OTHER));
    for (const header of ['', 'garbage', `W/${ITEM}`]) expect(detail(header)).toContain('no strong one');
  });

  it('passes for no garbage, and throws nothing but a failed precondition', () => {
    fc.assert(
      fc.property(fc.string(), (header) => {
        fc.pre(header.trim() !== '*');
        expect(passes(header)).toBe(false);
      }),
    );
  });
});

describe('If-None-Match', () => {
  const read = (header: string | undefined, method = 'GET', etag = ITEM) => {
    const seen: { status: number; etag?: string } = { status: 200 };
    const reply = {
      header: (_name: string, value: string) => (seen.etag = value),
      status: (status: number) => (seen.status = status),
    } as unknown as FastifyReply;
    const request = { method, headers: { 'if-none-match': header } } as unknown as FastifyRequest;
    const body = tagged(request, reply, 'body', etag);
    expect(seen.etag).toBe(etag);
    return [seen.status, body];
  };

  it.each(['*', ITEM, `W/${ITEM}`, `${OTHER}, W/${ITEM}`])('%s is answered 304 without a body', (header) => {
    expect(read(header)).toEqual([304, undefined]);
    expect(read(header, 'HEAD')).toEqual([304, undefined]);
  });

  it.each([undefined, '', OTHER, ITEM_WITH_PROMPTS, 'garbage'])('%s is answered with the body', (header) => {
    expect(read(header)).toEqual([200, 'body']);
  });

  it('compares the whole representation', () => {
    expect(read(ITEM, 'GET', ITEM_WITH_PROMPTS)).toEqual([200, 'body']);
    expect(read(ITEM_WITH_PROMPTS, 'GET', ITEM_WITH_PROMPTS)).toEqual([304, undefined]);
  });

  it('means nothing to operations that change something', () => {
    expect(read('*', 'PATCH')).toEqual([200, 'body']);
  });
});
