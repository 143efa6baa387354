import { expect, test } from 'vitest';
import { pauseSeconds, RETRY_SECONDS, retryAfterSeconds } from '../../src/webhooks/schedule.ts';

const NOW = Temporal.Instant.from('2026-11-23T02:00:00Z');

test('ten attempts: at once, after 5 s, 5 and 30 minutes, 2, 5, 10, 14, 20 and 24 hours, each up to a tenth later', () => {
  expect(RETRY_SECONDS).toEqual([0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400]);
  for (const attempts of [1, 2, 5, 9]) {
    expect(retryAfterSeconds(attempts, 0)).toBe(RETRY_SECONDS[attempts]);
    expect(retryAfterSeconds(attempts, 1)).toBeCloseTo(RETRY_SECONDS[attempts]! * 1.1);
  }
  expect(retryAfterSeconds(10, 0)).toBeNull();
});

test.each([
  ['120', 120],
  [' 0 ', 0],
  ['Mon, 23 Nov 2026 02:03:00 GMT', 180],
  ['Mon, 23 Nov 2026 01:00:00 GMT', 0],
  ['999999999', 86_400],
  ['soon', 60],
  ['', 60],
  [null, 60],
])('Retry-After %j is a pause of %d seconds', (retryAfter, seconds) => {
  expect(pauseSeconds(retryAfter, NOW)).toBe(seconds);
});
