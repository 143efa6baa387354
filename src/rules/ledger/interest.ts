import { RATE_SCALE, roundHalfUp } from '../money/money.ts';
import { dateOfDay, dayOfDate } from '../time/zone.ts';

export const DAY_COUNTS = ['ACT/365F', 'ACT/360', 'ACT/ACT'] as const;
/** How a yearly rate becomes a daily one; ACT/ACT divides by the days of the calendar year, 366 in a leap year. */
export type DayCount = (typeof DAY_COUNTS)[number];

/** A rate in 10⁻¹², of a day or of a year. */
export type Rate = { readonly daily: bigint } | { readonly annual: bigint; readonly dayCount: DayCount };

/** A multiple of 360, 365 and 366, so that every daily rate is a whole number of parts. */
const YEARS = 1_603_080n;
const PARTS = RATE_SCALE * YEARS;

/**
 * Interest of a balance from `from` to `to` (day numbers, half-open, so 29 February bears a day), exactly, as an integer
 * of 1/PARTS minor units: I = balance × daily rate × days.
 */
export function exactInterest(balanceMinor: bigint, rate: Rate, from: number, to: number): bigint {
  if (to <= from) return 0n;
  if ('daily' in rate) return balanceMinor * rate.daily * BigInt(to - from) * YEARS;
  if (rate.dayCount !== 'ACT/ACT') {
    return balanceMinor * rate.annual * BigInt(to - from) * (YEARS / (rate.dayCount === 'ACT/360' ? 360n : 365n));
  }
  const year = Number(dateOfDay(from).slice(0, 4));
  const [starts, ends] = [dayOfDate(`${year}-01-01`), dayOfDate(`${year + 1}-01-01`)];
  const until = Math.min(to, ends);
  const interest = balanceMinor * rate.annual * BigInt(until - from) * (YEARS / BigInt(ends - starts));
  return until === to ? interest : interest + exactInterest(balanceMinor, rate, until, to);
}

/** Exact interest to minor units, half-up: once, when it is posted. */
export function roundedInterest(exact: bigint): bigint {
  return roundHalfUp(exact, PARTS);
}

/** Minor units as such exact interest. */
export function exactOf(minor: bigint): bigint {
  return minor * PARTS;
}

/** Interest of balances that each stood for some days at one daily rate (10⁻¹²), rounded half-up once; at most `capMinor`. */
export function interestOfSegments(
  segments: readonly { readonly balanceMinor: bigint; readonly days: number }[],
  daily: bigint,
  capMinor: bigint | null,
): bigint {
  const exact = segments.reduce((total, { balanceMinor, days }) => total + balanceMinor * BigInt(days), 0n) * daily;
  const interest = roundHalfUp(exact, RATE_SCALE);
  return capMinor !== null && interest > capMinor ? capMinor : interest;
}
