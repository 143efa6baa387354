import { instantOf, localDay, weekdayOf } from './zone.ts';

/** A weekly window of local time: `from` inclusive, `to` exclusive, in minutes from midnight (`to` may be 1440). */
export interface WeeklyWindow {
  /** Bit i is set when the window opens on weekday i (0 is Monday). */
  readonly days: number;
  readonly from: number;
  readonly to: number;
  /** Milliseconds after `from` and `to` at which it really opens and shuts: 1 for a bound that is the other way round. */
  readonly opensLate?: number;
  readonly shutsLate?: number;
  /** Says of a day number whether the window opens on it; absent: weekdays alone decide. */
  readonly onDay?: (day: number) => boolean;
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

function opensOn(window: WeeklyWindow, day: number): boolean {
  return (window.days & (1 << weekdayOf(day))) !== 0 && (window.onDay?.(day) ?? true);
}

function startOn(zone: string, window: WeeklyWindow, day: number): number {
  return instantOf(zone, day, window.from) + (window.opensLate ?? 0);
}

function endOn(zone: string, window: WeeklyWindow, day: number): number {
  return instantOf(zone, day, window.to) + (window.shutsLate ?? 0);
}

/** True when the window is open at `ms`. */
export function isOpen(zone: string, window: WeeklyWindow, ms: number): boolean {
  const day = localDay(zone, ms);
  return opensOn(window, day) && ms >= startOn(zone, window, day) && ms < endOn(zone, window, day);
}

/** How many days ahead a window is looked for: two weeks see every weekday twice, a calendar's days are further apart. */
const SEARCH_DAYS = 15;
const CALENDAR_SEARCH_DAYS = 400;

/**
 * First instant at or after `ms` at which the window is open, Infinity if it never opens again. With `bounds` the
 * window counts only inside them, so a consent that starts next month is found too.
 */
export function opensAt(zone: string, window: WeeklyWindow, ms: number, bounds?: BoundedWindow): number {
  const start = bounds ? Math.max(ms, bounds.validFrom) : ms;
  const end = bounds?.validUntil ?? Number.POSITIVE_INFINITY;
  if (start >= end || window.days === 0) return Number.POSITIVE_INFINITY;
  const first = localDay(zone, start);
  const last = first + (window.onDay ? CALENDAR_SEARCH_DAYS : SEARCH_DAYS);
  for (let day = first; day < last; day += 1) {
    if (!opensOn(window, day)) continue;
    const opens = Math.max(start, startOn(zone, window, day));
    if (opens >= end) return Number.POSITIVE_INFINITY;
    // A day that a zone left out (Samoa, 2011-12-30) has instants, but they are the next day's.
    if (opens < endOn(zone, window, day) && localDay(zone, opens) === day) return opens;
  }
  return Number.POSITIVE_INFINITY;
}

/** Instant at which the window that is open at `ms` closes (exclusive end, cut by `validUntil`); `ms` itself if it is shut. */
export function closesAt(zone: string, window: WeeklyWindow, ms: number, validUntil: number | null = null): number {
  if (!isOpen(zone, window, ms)) return ms;
  return Math.min(endOn(zone, window, localDay(zone, ms)), validUntil ?? Number.POSITIVE_INFINITY);
}
