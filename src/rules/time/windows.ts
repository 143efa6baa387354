import { instantOf, localDay, weekdayOf } from './zone.ts';

/** A weekly window of local time: `from` inclusive, `to` exclusive, in minutes from midnight (`to` may be 1440). */
export interface WeeklyWindow {
  /** Bit i is set when the window opens on weekday i (0 is Monday). */
  readonly days: number;
  readonly from: number;
  readonly to: number;
}

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

const ALL_DAYS = 0b1111111;

/** Builds a window from its written form; no `days` means every day. Expects valid `HH:mm` and `from` before `to`. */
export function weeklyWindow(spec: { days?: readonly Weekday[] | undefined; from: string; to: string }): WeeklyWindow {
  const days = spec.days?.reduce((mask, day) => mask | (1 << WEEKDAYS.indexOf(day)), 0) ?? ALL_DAYS;
  return { days, from: minuteOf(spec.from), to: minuteOf(spec.to) };
}

function minuteOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));
}

/** A weekly window that holds only from `validFrom` (inclusive) to `validUntil` (exclusive; null is for ever). */
export interface BoundedWindow extends WeeklyWindow {
  readonly zone: string;
  readonly validFrom: number;
  readonly validUntil: number | null;
}

/** True when the window is open at `ms`. */
export function isOpen(zone: string, window: WeeklyWindow, ms: number): boolean {
  const day = localDay(zone, ms);
  if ((window.days & (1 << weekdayOf(day))) === 0) return false;
  return ms >= instantOf(zone, day, window.from) && ms < instantOf(zone, day, window.to);
}

/** How many days ahead a weekly window is looked for: two weeks see every weekday twice. */
const SEARCH_DAYS = 15;

/**
 * First instant at or after `ms` at which the window is open, Infinity if it never opens again. With `bounds` the
 * window counts only inside them, so a consent that starts next month is found too.
 */
export function opensAt(zone: string, window: WeeklyWindow, ms: number, bounds?: BoundedWindow): number {
  const start = bounds ? Math.max(ms, bounds.validFrom) : ms;
  const end = bounds?.validUntil ?? Number.POSITIVE_INFINITY;
  if (start >= end || window.days === 0) return Number.POSITIVE_INFINITY;
  const first = localDay(zone, start);
  for (let day = first; day < first + SEARCH_DAYS; day += 1) {
    if ((window.days & (1 << weekdayOf(day))) === 0) continue;
    const opens = Math.max(start, instantOf(zone, day, window.from));
    if (opens >= end) return Number.POSITIVE_INFINITY;
    // A day that a zone left out (Samoa, 2011-12-30) has instants, but they are the next day's.
    if (opens < instantOf(zone, day, window.to) && localDay(zone, opens) === day) return opens;
  }
  return Number.POSITIVE_INFINITY;
}

/** Instant at which the window that is open at `ms` closes (exclusive end, cut by `validUntil`); `ms` itself if it is shut. */
export function closesAt(zone: string, window: WeeklyWindow, ms: number, validUntil: number | null = null): number {
  if (!isOpen(zone, window, ms)) return ms;
  return Math.min(instantOf(zone, localDay(zone, ms), window.to), validUntil ?? Number.POSITIVE_INFINITY);
}
