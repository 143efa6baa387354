import { DAY, HOUR, localDay, MINUTE, startOfDay, weekdayOf } from '../time/zone.ts';
import type { ContactEvent, RequestFacts } from './facts.ts';
import type { CapWindow, EventFilter } from './policy.ts';

export const NEVER = Number.POSITIVE_INFINITY;

/** How far ahead an opening is looked for: a later one is no help to a dialer and would make the search unbounded. */
export const HORIZON_DAYS = 400;
export const HORIZON_MS = HORIZON_DAYS * DAY;

/** Ends of a window that has none, as instants that can be written in any zone: from 1970 to 2099. */
const FIRST = Date.UTC(1970, 0, 2);
const FOR_EVER = Date.UTC(2099, 11, 31);

export type CountsEvent = (event: ContactEvent, request: RequestFacts) => boolean;

/**
 * Compiles an event filter. An unreported reservation (`pending`) counts for every outcome of its channel: the call
 * may have been connected, and no cap may be exceeded when it was.
 */
export function compileFilter(filter: EventFilter): CountsEvent {
  const channels = new Set<string>(filter.channels);
  const outcomes = new Set<string>([...filter.outcomes, 'pending']);
  const directions = new Set<string>(filter.directions);
  const { purposes, places, by } = filter;
  const noMisdirected = filter.misdirected === 'exclude';
  const noIncomplete = filter.answerIncomplete === 'exclude';
  return (event, request) =>
    channels.has(event.channel) &&
    outcomes.has(event.outcome) &&
    directions.has(event.direction) &&
    (purposes === undefined || event.purpose === undefined || purposes.includes(event.purpose)) &&
    (places === undefined || places.includes(event.place ?? 'other')) &&
    (by !== 'same_collector' || event.collectorId === request.collectorId) &&
    (by !== 'same_carrier' || event.carrier === request.carrier) &&
    !(noMisdirected && event.misdirected === true) &&
    !(noIncomplete && event.answerIncomplete === true);
}

/** Bounds of a window: [from, to) for calendar and anchored windows, (from, to] for the last minutes. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** The window a cap looks at when asked at `ms`; an anchored one starts at the first of the `counted` contacts. */
export function windowAt(window: CapWindow, zone: string, ms: number, counted: readonly ContactEvent[] = []): Span {
  switch (window.kind) {
    case 'ever':
      return { from: FIRST, to: FOR_EVER };
    case 'rolling':
      return { from: ms - window.minutes * MINUTE, to: ms };
    case 'anchored': {
      const from = counted[0]?.at ?? ms;
      return { from, to: from + window.minutes * MINUTE };
    }
    default: {
      const { first, after } = calendarDays(window, localDay(zone, ms));
      return { from: startOfDay(zone, first), to: startOfDay(zone, after) };
    }
  }
}

type CalendarWindow = Extract<CapWindow, { kind: 'day' | 'month' | 'week' | 'rolling_days' }>;

function calendarDays(window: CalendarWindow, day: number): { first: number; after: number } {
  switch (window.kind) {
    case 'rolling_days':
      return { first: day - window.days + 1, after: day + 1 };
    case 'week': {
      const first = day - ((weekdayOf(day) + (window.startsOn === 'sun' ? 1 : 0)) % 7);
      return { first, after: first + 7 };
    }
    case 'month': {
      const date = new Date(day * DAY);
      const first = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1) / DAY;
      return { first, after: Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1) / DAY };
    }
    default:
      return { first: day, after: day + 1 };
  }
}

/** How many anchored windows are looked back: the first contact known may have been inside an earlier one. */
const ANCHORED_WINDOWS_READ = 32;

/** Longest time before a question from which a contact can count in the window, in milliseconds; Infinity is ever. */
export function reachOf(window: CapWindow): number {
  switch (window.kind) {
    case 'ever':
      return NEVER;
    case 'rolling':
      return window.minutes * MINUTE;
    case 'anchored':
      return ANCHORED_WINDOWS_READ * window.minutes * MINUTE;
    case 'month':
      return 31 * DAY + HOUR;
    case 'week':
      return 7 * DAY + HOUR;
    case 'rolling_days':
      return window.days * DAY + HOUR;
    default:
      return DAY + HOUR;
  }
}

/** First instant from which a contact can count at `ms`: what happened before need not be read. */
export function countsFrom(window: CapWindow, zone: string, ms: number): number {
  return window.kind === 'anchored' ? ms - reachOf(window) : windowAt(window, zone, ms).from;
}

/**
 * Contacts of the list that count at `ms`, oldest first. A contact later than `ms` (a clock that runs ahead, a racing
 * replica) counts in a rolling window too: what is known to have happened is never left out.
 */
export function countedAt(
  window: CapWindow,
  zone: string,
  events: readonly ContactEvent[],
  ms: number,
): readonly ContactEvent[] {
  if (window.kind === 'ever') return events;
  if (window.kind === 'anchored') return anchoredAt(window.minutes * MINUTE, events, ms);
  const { from, to } = windowAt(window, zone, ms);
  if (window.kind === 'rolling') return events.filter(({ at }) => at > from);
  return events.filter(({ at }) => at >= from && at < to);
}

/** The contacts of the anchored window that is running at `ms`; none when the last one has ended. */
function anchoredAt(length: number, events: readonly ContactEvent[], ms: number): readonly ContactEvent[] {
  let first = 0;
  for (let index = 1; index < events.length; index += 1) {
    if (events[index]!.at >= events[first]!.at + length) first = index;
  }
  const anchor = events[first];
  return anchor !== undefined && ms < anchor.at + length ? events.slice(first) : [];
}

/** First instant at which the contact at `at`, counted at the start of an anchored window, no longer counts. */
export function leavesAt(window: CapWindow, zone: string, at: number): number {
  switch (window.kind) {
    case 'ever':
      return NEVER;
    case 'rolling':
    case 'anchored':
      return at + window.minutes * MINUTE;
    case 'rolling_days':
      return startOfDay(zone, localDay(zone, at) + window.days);
    default:
      return startOfDay(zone, calendarDays(window, localDay(zone, at)).after);
  }
}

/**
 * First instant at or after `ms` at which fewer than `max` of the contacts count; Infinity when `max` is 0. Each step
 * goes to the instant at which the contact leaves that keeps the count at `max`, so the answer is exact, not searched.
 */
export function earliestUnder(
  window: CapWindow,
  zone: string,
  events: readonly ContactEvent[],
  max: number,
  ms: number,
): number {
  if (max <= 0) return NEVER;
  let at = ms;
  for (;;) {
    const counted = countedAt(window, zone, events, at);
    if (counted.length < max) return at;
    // All contacts of an anchored window leave with its first.
    const keeps = window.kind === 'anchored' ? counted[0]! : counted[counted.length - max]!;
    at = Math.max(leavesAt(window, zone, keeps.at), at + 1);
    if (at === NEVER) return NEVER;
  }
}
