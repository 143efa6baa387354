/**
 * Civil time as integers: instants are epoch milliseconds, days are counted from 1970-01-01, minutes from midnight.
 * The tables come from the runtime's own time zone data, so a test can compare every answer with Temporal.
 */

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

interface OffsetTable {
  /** Instants at which the offset changes, ascending. */
  readonly changes: readonly number[];
  /** Offsets in milliseconds; `offsets[i]` holds before `changes[i]`, the last one after the last change. */
  readonly offsets: readonly number[];
}

const FIRST = Temporal.Instant.from('1970-01-01T00:00:00Z');
const LAST_MS = Temporal.Instant.from('2100-01-01T00:00:00Z').epochMilliseconds;
const tables = new Map<string, OffsetTable>();

function tableOf(zone: string): OffsetTable {
  const known = tables.get(zone);
  if (known) return known;
  const changes: number[] = [];
  let at = FIRST.toZonedDateTimeISO(zone);
  const offsets = [at.offsetNanoseconds / 1e6];
  for (;;) {
    const next = at.getTimeZoneTransition('next');
    if (next === null || next.epochMilliseconds > LAST_MS) break;
    changes.push(next.epochMilliseconds);
    offsets.push(next.offsetNanoseconds / 1e6);
    at = next;
  }
  const table = { changes, offsets };
  tables.set(zone, table);
  return table;
}

/** Offset from UTC in milliseconds that holds in `zone` at the instant `ms`. Throws RangeError for an unknown zone. */
export function offsetAt(zone: string, ms: number): number {
  const { changes, offsets } = tableOf(zone);
  // Most zones of interest have changed for the last time long ago.
  if (changes.length === 0 || ms >= changes[changes.length - 1]!) return offsets[changes.length]!;
  let low = 0;
  let high = changes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (changes[middle]! <= ms) low = middle + 1;
    else high = middle;
  }
  return offsets[low]!;
}

/** Local day number (days since 1970-01-01) in `zone` at the instant `ms`. */
export function localDay(zone: string, ms: number): number {
  return Math.floor((ms + offsetAt(zone, ms)) / DAY);
}

/** Weekday of a day number: 0 is Monday, 6 is Sunday. */
export function weekdayOf(day: number): number {
  return (((day + 3) % 7) + 7) % 7;
}

/**
 * Instant of a local wall time. A time that the clocks skip moves forward by the gap, a time that occurs twice is the
 * earlier one (Temporal's "compatible"). `minute` may be 1440, midnight at the end of the day.
 */
export function instantOf(zone: string, day: number, minute: number): number {
  const local = day * DAY + minute * MINUTE;
  const before = offsetAt(zone, local - DAY);
  const after = offsetAt(zone, local + DAY);
  if (before === after && offsetAt(zone, local - before) === before) return local - before;
  for (const offset of before > after ? [before, after] : [after, before]) {
    if (offsetAt(zone, local - offset) === offset) return local - offset;
  }
  return local - before;
}

const starts = new Map<string, Map<number, number>>();
const STARTS_MAX = 2000;

/** First instant of a local day. */
export function startOfDay(zone: string, day: number): number {
  // Rules ask for the bounds of today and of few other days, again and again.
  let known = starts.get(zone);
  if (known === undefined || known.size >= STARTS_MAX) {
    known = new Map();
    starts.set(zone, known);
  }
  let start = known.get(day);
  if (start === undefined) {
    start = instantOf(zone, day, 0);
    known.set(day, start);
  }
  return start;
}

/** `YYYY-MM-DD` to a day number. Expects a real date. */
export function dayOfDate(date: string): number {
  return Math.floor(Date.parse(`${date}T00:00:00Z`) / DAY);
}

/** A day number to `YYYY-MM-DD`. */
export function dateOfDay(day: number): string {
  return new Date(day * DAY).toISOString().slice(0, 10);
}

function two(value: number): string {
  return value < 10 ? `0${value}` : `${value}`;
}

const written = new Map<string, Map<number, string>>();
const WRITTEN_MAX = 2000;

/** RFC 3339 instant with the offset of `zone`; milliseconds appear only when they are not zero. */
export function formatInstant(zone: string, ms: number): string {
  // Answers repeat few instants: the second asked about, and the bounds of today's windows.
  let known = written.get(zone);
  if (known === undefined || known.size >= WRITTEN_MAX) {
    known = new Map();
    written.set(zone, known);
  }
  let text = known.get(ms);
  if (text === undefined) {
    text = writeInstant(zone, ms);
    known.set(ms, text);
  }
  return text;
}

function writeInstant(zone: string, ms: number): string {
  const offset = offsetAt(zone, ms);
  const text = new Date(ms + offset).toISOString();
  const minutes = Math.round(Math.abs(offset) / MINUTE);
  const sign = offset < 0 ? '-' : '+';
  const millis = text.slice(20, 23);
  return `${text.slice(0, 19)}${millis === '000' ? '' : `.${millis}`}${sign}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
