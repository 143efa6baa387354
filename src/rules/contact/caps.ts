import { DAY, localDay, MINUTE, startOfDay, weekdayOf } from '../time/zone.ts';
import type { ContactEvent } from './facts.ts';
import type { CapWindow, EventFilter } from './policy.ts';

export const NEVER = Number.POSITIVE_INFINITY;

/** How far ahead an opening is looked for: a later one is no help to a dialer and would make the search unbounded. */
export const HORIZON_MS = 400 * DAY;

export type CountsEvent = (event: ContactEvent) => boolean;

/**
 * Compiles an event filter. An unreported reservation (`pending`) counts for every outcome of its channel: the call
 * may have been connected, and no cap may be exceeded when it was.
 */
export function compileFilter(filter: EventFilter): CountsEvent {
  const channels = new Set<string>(filter.channels);
  const outcomes = new Set<string>([...filter.outcomes, 'pending']);
  const directions = new Set<string>(filter.directions);
  return (event) => channels.has(event.channel) && outcomes.has(event.outcome) && directions.has(event.direction);
}

/** Bounds of a window: [from, to) for calendar windows, (from, to] for the last minutes. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** The window a cap looks at when asked at `ms`. */
export function windowAt(window: CapWindow, zone: string, ms: number): Span {
  if (window.kind === 'rolling') return { from: ms - window.minutes * MINUTE, to: ms };
  const day = localDay(zone, ms);
  const { first, after } = calendarDays(window, day);
  return { from: startOfDay(zone, first), to: startOfDay(zone, after) };
}

function calendarDays(window: Exclude<CapWindow, { kind: 'rolling' }>, day: number): { first: number; after: number } {
  switch (window.kind) {
    case 'day':
      return { first: day, after: day + 1 };
    case 'rolling_days':
      return { first: day - window.days + 1, after: day + 1 };
    case 'week': {
      const monday = day - weekdayOf(day);
      return { first: monday, after: monday + 7 };
    }
    case 'month': {
      const date = new Date(day * DAY);
      const first = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1) / DAY;
      return { first, after: Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1) / DAY };
    }
  }
}

/**
 * Contacts that count at `ms`, oldest first. A contact later than `ms` (a clock that runs ahead, a racing replica)
 * counts in a rolling window too: what is known to have happened is never left out.
 */
export function countedAt(
  window: CapWindow,
  zone: string,
  counts: CountsEvent,
  events: readonly ContactEvent[],
  ms: number,
): ContactEvent[] {
  const { from, to } = windowAt(window, zone, ms);
  const inside = window.kind === 'rolling' ? (at: number) => at > from : (at: number) => at >= from && at < to;
  return events.filter((event) => inside(event.at) && counts(event));
}

/** First instant at which a contact at `at` no longer counts in the window. */
export function leavesAt(window: CapWindow, zone: string, at: number): number {
  if (window.kind === 'rolling') return at + window.minutes * MINUTE;
  const day = localDay(zone, at);
  return startOfDay(zone, window.kind === 'rolling_days' ? day + window.days : calendarDays(window, day).after);
}

/**
 * First instant at or after `ms` at which fewer than `max` contacts count; Infinity when `max` is 0. Each step goes to
 * the instant at which the contact leaves that keeps the count at `max`, so the answer is exact, not searched.
 */
export function earliestUnder(
  window: CapWindow,
  zone: string,
  counts: CountsEvent,
  events: readonly ContactEvent[],
  max: number,
  ms: number,
): number {
  if (max <= 0) return NEVER;
  let at = ms;
  for (;;) {
    const counted = countedAt(window, zone, counts, events, at);
    if (counted.length < max) return at;
    at = Math.max(leavesAt(window, zone, counted[counted.length - max]!.at), at + 1);
  }
}

/** First instant at or after `ms` that keeps `minutes` of distance after the last counted contact. */
export function earliestAfterGap(
  counts: CountsEvent,
  events: readonly ContactEvent[],
  minutes: number,
  ms: number,
): number {
  for (let index = events.length - 1; index >= 0; index -= 1) {
    const event = events[index]!;
    if (counts(event)) return Math.max(ms, event.at + minutes * MINUTE);
  }
  return ms;
}
