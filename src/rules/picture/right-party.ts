import { HOUR, offsetAt } from '../time/zone.ts';

/** Attempts to speak with somebody that began within the same quarter of an hour. */
export interface ContactTally {
  /** Epoch milliseconds; offsets of time zones are multiples of a quarter, so it has one local hour. */
  readonly quarterMs: number;
  readonly attempts: number;
  /** Those of the attempts in which the person was spoken with. */
  readonly rightParty: number;
}

export interface RightPartyRate {
  readonly attempts: number;
  readonly rightParty: number;
  /** rightParty / attempts with four decimals, rounded half up; null without an attempt. */
  readonly rate: string | null;
}

/** How often the person was reached in the quarters that begin at or after `sinceMs`. */
export function rightPartyRate(tallies: readonly ContactTally[], sinceMs: number): RightPartyRate {
  let attempts = 0;
  let rightParty = 0;
  for (const tally of tallies) {
    if (tally.quarterMs < sinceMs) continue;
    attempts += tally.attempts;
    rightParty += tally.rightParty;
  }
  return { attempts, rightParty, rate: attempts === 0 ? null : fraction(BigInt(rightParty), BigInt(attempts)) };
}

/** A fraction that is not negative with four decimals, rounded half up: 1 of 3 is "0.3333". `whole` is above 0. */
export function fraction(part: bigint, whole: bigint): string {
  const scaled = (part * 20_000n + whole) / (2n * whole);
  return `${scaled / 10_000n}.${String(scaled % 10_000n).padStart(4, '0')}`;
}

export interface HourOfDay {
  /** 0 to 23, local. */
  readonly hour: number;
  readonly attempts: number;
  readonly rightParty: number;
}

/**
 * The local hour of day with the highest share of attempts that reached the person, among the hours with at least
 * `minimum` attempts; the earlier one of two. Null when no hour has so many, or nobody was ever reached in one.
 */
export function bestHour(
  tallies: readonly ContactTally[],
  zone: string,
  sinceMs: number,
  minimum: number,
): HourOfDay | null {
  const hours = Array.from({ length: 24 }, (_, hour) => ({ hour, attempts: 0, rightParty: 0 }));
  for (const { quarterMs, attempts, rightParty } of tallies) {
    if (quarterMs < sinceMs) continue;
    const hour = hours[Math.floor((((quarterMs + offsetAt(zone, quarterMs)) / HOUR) % 24) + 24) % 24]!;
    hour.attempts += attempts;
    hour.rightParty += rightParty;
  }
  let best: HourOfDay | null = null;
  for (const hour of hours) {
    if (hour.attempts < minimum || hour.rightParty === 0) continue;
    // As products: a share of floating point may differ where the true one does not.
    if (best === null || hour.rightParty * best.attempts > best.rightParty * hour.attempts) best = hour;
  }
  return best;
}
