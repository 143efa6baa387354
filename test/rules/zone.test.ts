import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DAY,
  dayOfDate,
  formatInstant,
  HOUR,
  instantOf,
  localDay,
  MINUTE,
  offsetAt,
  SECOND,
  startOfDay,
  weekdayOf,
} from '../../src/rules/time/zone.ts';
import { ms } from './builders.ts';

const ZONES = [
  'UTC',
  'Asia/Shanghai', // summer time from 1986 to 1991
  'Asia/Kathmandu', // +05:45, +05:30 until 1986
  'America/New_York',
  'America/St_Johns', // clocks went back at 00:01, into the day before, until 2011
  'America/Havana', // midnight itself is skipped and repeated
  'Europe/London',
  'Europe/Dublin', // negative summer time
  'Africa/Casablanca', // leaves its summer time for Ramadan
  'Africa/Monrovia', // -00:44:30 until 1972
  'Australia/Lord_Howe', // half an hour of summer time
  'Pacific/Apia', // had no 30 December 2011
  'Pacific/Kiritimati', // had no 1 January 1995
];

const LAST = Temporal.Instant.from('2099-06-01T00:00Z').epochMilliseconds;

function transitionsOf(zone: string): number[] {
  const found: number[] = [];
  let at = Temporal.Instant.fromEpochMilliseconds(DAY).toZonedDateTimeISO(zone);
  for (;;) {
    const next = at.getTimeZoneTransition('next');
    if (next === null || next.epochMilliseconds > LAST) return found;
    found.push(next.epochMilliseconds);
    at = next;
  }
}

/** A zone and an instant of it: half of them within two days of a change of its clocks, many at the very instant. */
const zonedInstant = fc
  .constantFrom(...ZONES.map((zone) => [zone, transitionsOf(zone)] as const))
  .chain(([zone, changes]) => {
    const anywhere = fc.integer({ min: 2 * DAY, max: LAST });
    const distance = fc.oneof(
      fc.constantFrom(0, -1, 1, -SECOND, SECOND, -HOUR, HOUR, HOUR - 1, -DAY, DAY),
      fc.integer({ min: -2 * DAY, max: 2 * DAY }),
    );
    const nearby = fc
      .tuple(fc.constantFrom(...changes, 20_000 * DAY), distance)
      .map(([change, away]) => Math.max(change + away, 2 * DAY));
    return fc.tuple(fc.constant(zone), fc.oneof(anywhere, nearby));
  });

function zoned(zone: string, at: number): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone);
}

function plainDate(day: number): Temporal.PlainDate {
  return Temporal.PlainDate.from('1970-01-01').add({ days: day });
}

const runs = { numRuns: 400 };

describe('civil time equals Temporal', () => {
  it('in the offset at an instant', () => {
    fc.assert(
      fc.property(zonedInstant, ([zone, at]) => offsetAt(zone, at) === zoned(zone, at).offsetNanoseconds / 1e6),
      runs,
    );
  });

  it('in the local day and its weekday', () => {
    fc.assert(
      fc.property(zonedInstant, ([zone, at]) => {
        const day = localDay(zone, at);
        expect(plainDate(day).toString()).toBe(zoned(zone, at).toPlainDate().toString());
        expect(weekdayOf(day) + 1).toBe(plainDate(day).dayOfWeek);
      }),
      runs,
    );
  });

  it('in the instant of a wall time, skipped, repeated or ordinary, up to 24:00', () => {
    const minute = fc.oneof(
      fc.constantFrom(0, 1, 60, 90, 120, 150, 180, 1439, 1440),
      fc.integer({ min: 0, max: 1440 }),
    );
    fc.assert(
      fc.property(zonedInstant, minute, ([zone, at], minutes) => {
        const day = localDay(zone, at);
        const wall = plainDate(day).toPlainDateTime().add({ minutes });
        expect(instantOf(zone, day, minutes)).toBe(
          wall.toZonedDateTime(zone, { disambiguation: 'compatible' }).epochMilliseconds,
        );
      }),
      runs,
    );
  });

  it('in the first instant of a day', () => {
    fc.assert(
      fc.property(zonedInstant, ([zone, at]) => {
        const day = localDay(zone, at);
        expect(startOfDay(zone, day)).toBe(plainDate(day).toZonedDateTime(zone).epochMilliseconds);
      }),
      runs,
    );
  });

  it('in the written form, milliseconds only where there are some', () => {
    fc.assert(
      fc.property(zonedInstant, ([zone, at]) => {
        const options = { timeZoneName: 'never', fractionalSecondDigits: at % SECOND === 0 ? 0 : 3 } as const;
        expect(formatInstant(zone, at)).toBe(zoned(zone, at).toString(options));
      }),
      runs,
    );
  });
});

describe('civil time, in examples', () => {
  it.each([
    ['an ordinary morning', 'Asia/Shanghai', '2026-11-23', 8 * 60, '2026-11-23T08:00:00+08:00'],
    [
      'a summer morning of 1988, when China had summer time',
      'Asia/Shanghai',
      '1988-07-01',
      8 * 60,
      '1988-07-01T08:00:00+09:00',
    ],
    [
      'a time the clocks skip goes forward by the gap',
      'America/New_York',
      '2026-03-08',
      150,
      '2026-03-08T03:30:00-04:00',
    ],
    ['a time that occurs twice is the earlier one', 'America/New_York', '2026-11-01', 90, '2026-11-01T01:30:00-04:00'],
    ['half an hour of summer time', 'Australia/Lord_Howe', '2026-10-04', 135, '2026-10-04T02:45:00+11:00'],
    ['a midnight that was skipped', 'America/Havana', '2026-03-08', 0, '2026-03-08T01:00:00-04:00'],
    ['a day that never was is the day after', 'Pacific/Apia', '2011-12-30', 0, '2011-12-31T00:00:00+14:00'],
    ['24:00 is midnight at the end of the day', 'Europe/London', '2026-12-31', 1440, '2027-01-01T00:00:00Z'],
  ])('%s', (_, zone, date, minute, instant) => {
    expect(instantOf(zone, dayOfDate(date), minute)).toBe(ms(instant));
  });

  it('throws for a zone that does not exist', () => {
    expect(() => offsetAt('Mars/Olympus', 0)).toThrow(RangeError);
  });

  it('counts the days of a leap year', () => {
    expect(dayOfDate('2028-03-01') - dayOfDate('2028-02-28')).toBe(2);
    expect(dayOfDate('2027-03-01') - dayOfDate('2027-02-28')).toBe(1);
    expect(dayOfDate('1970-01-01')).toBe(0);
    expect(dayOfDate('1969-12-31')).toBe(-1);
    expect(MINUTE * 60).toBe(HOUR);
  });
});
