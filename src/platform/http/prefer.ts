/** What `Prefer` (RFC 7240) asks for. */
export interface Preference {
  /** Seconds to wait for the answer, at most 300; null: as long as it takes. */
  readonly waitSeconds: number | null;
  readonly respondAsync: boolean;
  /** The value for `Preference-Applied`, or null when nothing was asked that is honoured. */
  readonly applied: string | null;
}

const MAX_WAIT_SECONDS = 300;

/** Reads the `Prefer` header. What it does not know, or cannot read, it ignores, as RFC 7240 asks. */
export function parsePrefer(header: string | string[] | undefined): Preference {
  const preferences = (Array.isArray(header) ? header.join(',') : (header ?? ''))
    .split(',')
    .map((part) => part.trim().toLowerCase());
  if (preferences.some((preference) => /^respond-async\s*(;|$)/.test(preference))) {
    return { waitSeconds: null, respondAsync: true, applied: 'respond-async' };
  }
  const wait = preferences.map((preference) => /^wait\s*=\s*"?(\d+)"?\s*(;|$)/.exec(preference)?.[1]).find(Boolean);
  if (wait === undefined) return { waitSeconds: null, respondAsync: false, applied: null };
  const waitSeconds = Math.min(Number(wait), MAX_WAIT_SECONDS);
  return { waitSeconds, respondAsync: false, applied: `wait=${waitSeconds}` };
}
