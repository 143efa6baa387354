/** When to try again. Pure. */

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** Seconds to wait before each attempt, the first one included; after the last one a delivery is dead. */
export const RETRY_SECONDS = [
  0,
  5,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
] as const;

/** Up to a tenth later, so that what failed together does not come back together. */
const JITTER = 0.1;

/** Seconds until the next attempt after so many, null after the last; `random` is from 0 to 1. */
export function retryAfterSeconds(attempts: number, random: number): number | null {
  const seconds = RETRY_SECONDS[attempts];
  return seconds === undefined ? null : seconds * (1 + JITTER * random);
}

/** How long an endpoint rests that is overloaded and does not say how long. */
const DEFAULT_PAUSE_SECONDS = MINUTE;
const MAX_PAUSE_SECONDS = 24 * HOUR;

/** Seconds that a `Retry-After` asks for: a number of seconds or an HTTP date (RFC 9110, 10.2.3). */
export function pauseSeconds(retryAfter: string | null, now: Temporal.Instant): number {
  const asked = retryAfter?.trim() ?? '';
  const seconds = /^\d+$/.test(asked) ? Number(asked) : (Date.parse(asked) - now.epochMilliseconds) / 1000;
  return Number.isNaN(seconds) ? DEFAULT_PAUSE_SECONDS : Math.min(Math.max(seconds, 0), MAX_PAUSE_SECONDS);
}
