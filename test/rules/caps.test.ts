import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileFilter, countedAt, earliestUnder, leavesAt, NEVER, windowAt } from '../../src/rules/contact/caps.ts';
import type { CapWindow } from '../../src/rules/contact/policy.ts';
import { MINUTE } from '../../src/rules/time/zone.ts';
import { cn, contact, facts, ms, packOf, ruleOf } from './builders.ts';

const CHINA = 'Asia/Shanghai';
const hour: CapWindow = { kind: 'rolling', minutes: 60 };
const sevenDays: CapWindow = { kind: 'rolling_days', days: 7 };
const day: CapWindow = { kind: 'day' };
const week: CapWindow = { kind: 'week' };
const month: CapWindow = { kind: 'month' };

/** The contact counts until its last instant, and no longer at the one after. */
describe('a contact leaves', () => {
  it.each([
    ['an hour exactly an hour later', hour, '2026-11-23T10:00:00.500', '2026-11-23T11:00:00.500'],
    ['a day at midnight', day, '2026-11-23T00:00:00', '2026-11-24T00:00:00'],
    ['a day at midnight, if it was its last millisecond', day, '2026-11-23T23:59:59.999', '2026-11-24T00:00:00'],
    ['a day at the end of the year', day, '2026-12-31T12:00:00', '2027-01-01T00:00:00'],
    ['a day on the leap day', day, '2028-02-28T12:00:00', '2028-02-29T00:00:00'],
    ['a week on Monday', week, '2026-11-23T00:00:00', '2026-11-30T00:00:00'],
    ['a week on Monday, if it was on Sunday night', week, '2026-11-29T23:59:59.999', '2026-11-30T00:00:00'],
    ['a week that spans two years', week, '2026-12-31T12:00:00', '2027-01-04T00:00:00'],
    ['a month on the first', month, '2026-11-30T23:59:59.999', '2026-12-01T00:00:00'],
    ['a month of 29 days', month, '2028-02-01T00:00:00', '2028-03-01T00:00:00'],
    ['a month of 28 days', month, '2026-02-28T23:59:59.999', '2026-03-01T00:00:00'],
    ['the last month of a year', month, '2026-12-01T00:00:00', '2027-01-01T00:00:00'],
    ['seven days after the seventh, the first counting', sevenDays, '2026-11-23T15:00:00', '2026-11-30T00:00:00'],
    ['seven days over the end of February', sevenDays, '2026-02-25T15:00:00', '2026-03-04T00:00:00'],
  ])('%s', (_, window, contacted, leaves) => {
    const event = contact(cn(contacted));
    const used = (at: number) => countedAt(window, CHINA, [event], at).length;
    expect(leavesAt(window, CHINA, event.at)).toBe(cn(leaves));
    expect([used(event.at), used(cn(leaves) - 1), used(cn(leaves))]).toEqual([1, 1, 0]);
  });

  it('at local midnight, wherever the clocks have changed meanwhile', () => {
    const event = contact(ms('2026-10-31T12:00:00-04:00'));
    expect(leavesAt(day, 'America/New_York', event.at)).toBe(ms('2026-11-01T00:00:00-04:00'));
    expect(leavesAt({ kind: 'rolling_days', days: 2 }, 'America/New_York', event.at)).toBe(
      ms('2026-11-02T00:00:00-05:00'),
    );
  });
});

describe('a window', () => {
  it.each([
    ['an hour, which ends now', hour, '2026-11-23T09:00:00', '2026-11-23T10:00:00'],
    ['a day', day, '2026-11-23T00:00:00', '2026-11-24T00:00:00'],
    ['a week', week, '2026-11-23T00:00:00', '2026-11-30T00:00:00'],
    ['a month', month, '2026-11-01T00:00:00', '2026-12-01T00:00:00'],
    ['seven days', sevenDays, '2026-11-17T00:00:00', '2026-11-24T00:00:00'],
  ])('goes over %s', (_, window, from, to) => {
    expect(windowAt(window, CHINA, cn('2026-11-23T10:00:00'))).toEqual({ from: cn(from), to: cn(to) });
  });

  it('of minutes also counts what a fast clock dates after now, and one of a day what is dated later today', () => {
    const at = cn('2026-11-23T10:00:00');
    const later = [contact(at + 5 * MINUTE)];
    expect(countedAt(hour, CHINA, later, at)).toHaveLength(1);
    expect(countedAt(day, CHINA, later, at)).toHaveLength(1);
    const midnight = contact(cn('2026-11-24T00:00:00'));
    expect(countedAt(day, CHINA, [midnight], at)).toHaveLength(0);
    expect(countedAt(day, CHINA, [midnight], midnight.at)).toHaveLength(1);
  });
});

describe('what counts', () => {
  const unanswered = compileFilter({ channels: ['voice'], outcomes: ['no_answer', 'busy'], directions: ['outbound'] });
  const at = cn('2026-11-23T10:00:00');

  it.each([
    ['its own outcomes', contact(at, 'busy'), true],
    ['no other outcome', contact(at, 'conversation'), false],
    ['a reservation without an outcome, whatever it may become', contact(at, 'pending'), true],
    ['no other channel', contact(at, 'no_answer', { channel: 'sms' }), false],
    ['no reservation of another channel', contact(at, 'pending', { channel: 'sms' }), false],
    ['no call of the person', contact(at, 'no_answer', { direction: 'inbound' }), false],
  ])('is %s', (_, event, counts) => {
    expect(unanswered(event, facts().request)).toBe(counts);
  });
});

describe('the first instant under a cap', () => {
  const at = cn('2026-11-23T10:00:00');
  const earliest = (window: CapWindow, max: number, ...minutesAgo: number[]) => {
    const list = minutesAgo.map((ago) => contact(at - ago * MINUTE));
    return earliestUnder(window, CHINA, list, max, at);
  };

  it('is now, below it', () => expect(earliest(hour, 2, 10)).toBe(at));
  it('is when the oldest leaves, at it', () => expect(earliest(hour, 2, 50, 10)).toBe(at + 10 * MINUTE));
  it('is when enough have left, above it', () => expect(earliest(hour, 2, 50, 30, 10)).toBe(at + 30 * MINUTE));
  it('is now, when the contact is just an hour old', () => expect(earliest(hour, 1, 60)).toBe(at));
  it('is tomorrow, at a cap of the day', () => expect(earliest(day, 2, 50, 10)).toBe(cn('2026-11-24T00:00:00')));
  it('never comes, when nothing may be counted', () => expect(earliest(day, 0)).toBe(NEVER));

  it('equals the first change of day or age at which a count by Temporal is under it', () => {
    const window = fc.oneof(
      fc.constantFrom({ kind: 'day' as const }, { kind: 'week' as const }, { kind: 'month' as const }),
      fc.record({ kind: fc.constant('rolling_days' as const), days: fc.integer({ min: 1, max: 30 }) }),
      fc.record({ kind: fc.constant('rolling' as const), minutes: fc.integer({ min: 1, max: 3000 }) }),
    );
    const start = fc
      .constantFrom('2026-03-07', '2026-10-25', '2026-10-31', '2026-12-30', '2028-02-27')
      .map((date) => ms(`${date}T16:00Z`));
    const ages = fc.array(fc.integer({ min: -60, max: 4000 }), { maxLength: 12 });
    fc.assert(
      fc.property(
        fc.constantFrom(CHINA, 'America/New_York'),
        window,
        start,
        ages,
        fc.integer({ min: 1, max: 4 }),
        (zone, given, now, minutesAgo, max) => {
          const list = minutesAgo.toSorted((a, b) => b - a).map((ago) => contact(now - ago * MINUTE));
          const dates = new Map<number, Temporal.PlainDate>();
          const dateOf = (instant: number) => {
            const date =
              dates.get(instant) ??
              Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(zone).toPlainDate();
            dates.set(instant, date);
            return date;
          };
          const counts = (contacted: number, instant: number) => {
            if (given.kind === 'rolling') return contacted > instant - given.minutes * MINUTE;
            const [then, today] = [dateOf(contacted), dateOf(instant)];
            if (given.kind === 'rolling_days') {
              const days = then.until(today, { largestUnit: 'days' }).days;
              return days >= 0 && days < given.days;
            }
            if (given.kind === 'day') return then.equals(today);
            if (given.kind === 'month') return then.year === today.year && then.month === today.month;
            return then.yearOfWeek === today.yearOfWeek && then.weekOfYear === today.weekOfYear;
          };
          const midnights = Array.from(
            { length: 70 },
            (_, n) => dateOf(now).add({ days: n }).toZonedDateTime(zone).epochMilliseconds,
          );
          const changes = given.kind === 'rolling' ? list.map((event) => event.at + given.minutes * MINUTE) : midnights;
          const expected = [now, ...changes.filter((instant) => instant > now).sort((a, b) => a - b)].find(
            (instant) => list.filter((event) => counts(event.at, instant)).length < max,
          );
          expect(earliestUnder(given, zone, list, max, now)).toBe(expected);
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe('a minimum distance', () => {
  const last = contact(cn('2026-11-23T10:00:00'), 'busy');
  const after = { channels: ['voice'], outcomes: ['no_answer', 'busy'], directions: ['outbound'] } as const;
  const rule = packOf([ruleOf({ kind: 'gap', scope: 'number', after, minutes: 30 })]).rules[0]!;
  const gap = (list: (typeof last)[], wallTime: string) =>
    rule.earliest(facts({ events: { number: list } }), cn(wallTime));

  it('holds until its minutes are full, and no longer', () => {
    expect(gap([last], '2026-11-23T10:29:59.999')).toBe(cn('2026-11-23T10:30:00'));
    expect(gap([last], '2026-11-23T10:30:00')).toBe(cn('2026-11-23T10:30:00'));
  });

  it('is measured from the last contact that counts', () => {
    const email = contact(cn('2026-11-23T10:20:00'), 'delivered', { channel: 'email' });
    expect(gap([contact(cn('2026-11-23T09:40:00')), last, email], '2026-11-23T10:21:00')).toBe(
      cn('2026-11-23T10:30:00'),
    );
  });

  it('is no hindrance without one', () => expect(gap([], '2026-11-23T10:00:00')).toBe(cn('2026-11-23T10:00:00')));
});
