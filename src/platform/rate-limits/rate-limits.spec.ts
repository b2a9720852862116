import { readFileSync } from 'node:fs';
import type { FastifyReply } from 'fastify';
import type { RateLimiter, RateStanding } from './rate-limiter.js';
import { RateLimitedError } from './rate-limited.error.js';
import { RateLimits } from './rate-limits.js';

const STANDING: RateStanding = { limit: 60, remaining: 7, resetSeconds: 30, refused: false };

/** What a user is told, by admission or refusal; `refusal` is null where the request was let in. */
async function told(standing: RateStanding | null): Promise<{ headers: Record<string, string>; refusal: unknown }> {
  const headers: Record<string, string> = {};
  const reply = { headers: (more: object) => Object.assign(headers, more) } as unknown as FastifyReply;
  const limits = new RateLimits({ count: () => Promise.resolve(standing) } as unknown as RateLimiter);
  const refusal: unknown = await limits.admit(1, reply).then(
    () => null,
    (error: unknown) => error,
  );
  return { headers, refusal };
}

describe('The rate limits', () => {
  it('tell on every answer how the user stands, also when they refuse', async () => {
    const headers = {
      'ratelimit-policy': '"default";q=60;w=60',
      ratelimit: '"default";r=7;t=30',
      'ratelimit-limit': '60',
      'ratelimit-remaining': '7',
      'ratelimit-reset': '30',
    };
    expect(await told(STANDING)).toEqual({ headers, refusal: null });
    expect(await told({ ...STANDING, refused: true })).toEqual({ headers, refusal: expect.any(RateLimitedError) });
  });

  it('tell nothing where there is no limit', async () => {
    expect(await told(null)).toEqual({ headers: {}, refusal: null });
  });

  it('tell it by the headers that the OpenAPI document describes, and no others', async () => {
    const text = readFileSync(new URL('../../../openapi.json', import.meta.url), 'utf8');
    const { components } = JSON.parse(text) as { components: { headers: Record<string, object> } };
    const described = Object.keys(components.headers).filter((name) => name.startsWith('RateLimit'));
    const { headers } = await told(STANDING);
    expect(described.map((name) => name.toLowerCase()).sort()).toEqual(Object.keys(headers).sort());
  });
});
