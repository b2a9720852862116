const MIN_MS = 500;
const MAX_MS = 60_000;

/** When to look at a Message Batch again: small ones end in seconds, large ones take hours. */
export function nextLook(sentAt: Date | null, now = Date.now()): Date {
  const age = now - (sentAt?.getTime() ?? now);
  return new Date(now + Math.min(MAX_MS, Math.max(MIN_MS, age / 10)));
}
