import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BoundedWindow, closesAt, isOpen, opensAt, WEEKDAYS, weeklyWindow } from '../../src/rules/time/windows.ts';
import { DAY, MINUTE } from '../../src/rules/time/zone.ts';
import { cn, ms } from './builders.ts';

const CHINA = 'Asia/Shanghai';
const office = weeklyWindow({ days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '09:00', to: '18:00' });
const never = Number.POSITIVE_INFINITY;

describe('a weekly window', () => {
  it.each([
    ['2026-11-23T08:59:59.999', false],
    ['2026-11-23T09:00:00', true],
    ['2026-11-23T17:59:59.999', true],
    ['2026-11-23T18:00:00', false],
    ['2026-11-28T10:00:00', false],
  ])('is open from its first instant to before its last: at %s %s', (wallTime, open) => {
    expect(isOpen(CHINA, office, cn(wallTime))).toBe(open);
  });

  it('opens next on Monday when it shuts on Friday', () => {
    expect(opensAt(CHINA, office, cn('2026-11-27T18:00:00'))).toBe(cn('2026-11-30T09:00:00'));
  });

  it('is open now when it is open', () => {
    expect(opensAt(CHINA, office, cn('2026-11-27T17:59:59.999'))).toBe(cn('2026-11-27T17:59:59.999'));
  });

  it('is a day long up to 24:00, which is the next midnight', () => {
    const evening = weeklyWindow({ days: ['mon'], from: '20:00', to: '24:00' });
    expect(closesAt(CHINA, evening, cn('2026-11-23T23:59:59'))).toBe(cn('2026-11-24T00:00:00'));
    expect(isOpen(CHINA, evening, cn('2026-11-24T00:00:00'))).toBe(false);
  });

  it('closes when it is, if it is shut', () => {
    expect(closesAt(CHINA, office, cn('2026-11-28T10:00:00'))).toBe(cn('2026-11-28T10:00:00'));
  });
});

describe('a window with bounds', () => {
  const bounds = (from: string, until: string | null): BoundedWindow => ({
    ...office,
    zone: CHINA,
    validFrom: cn(from),
    validUntil: until === null ? null : cn(until),
  });

  it('opens in the future when it holds only from then', () => {
    const window = bounds('2027-03-01T12:00:00', null);
    expect(opensAt(CHINA, window, cn('2026-11-23T10:00:00'), window)).toBe(cn('2027-03-01T12:00:00'));
  });

  it('never opens when it ends before its hour comes', () => {
    const window = bounds('2026-11-01T00:00:00', '2026-11-30T09:00:00');
    expect(opensAt(CHINA, window, cn('2026-11-27T18:00:00'), window)).toBe(never);
  });

  it('opens for the last instant before its end and not at its end', () => {
    const window = bounds('2026-11-01T00:00:00', '2026-11-30T09:00:01');
    expect(opensAt(CHINA, window, cn('2026-11-27T18:00:00'), window)).toBe(cn('2026-11-30T09:00:00'));
    expect(opensAt(CHINA, window, cn('2026-11-30T09:00:01'), window)).toBe(never);
  });

  it('closes at its end', () => {
    expect(closesAt(CHINA, office, cn('2026-11-23T10:00:00'), cn('2026-11-23T11:00:00'))).toBe(
      cn('2026-11-23T11:00:00'),
    );
  });
});

describe('a window on a day the clocks change', () => {
  const NEW_YORK = 'America/New_York';
  const window = (from: string, to: string) => weeklyWindow({ from, to });

  it.each([
    [
      'opens after the gap when it starts inside it',
      window('02:30', '04:00'),
      '2026-03-08T03:30:00-04:00',
      '2026-03-08T04:00:00-04:00',
    ],
    ['is skipped with the gap', window('02:00', '03:00'), '2026-03-09T02:00:00-04:00', '2026-03-09T03:00:00-04:00'],
    ['closes at 21:00 as ever', window('08:00', '21:00'), '2026-03-08T08:00:00-04:00', '2026-03-08T21:00:00-04:00'],
  ])('forward: %s', (_, given, opens, closes) => {
    const opened = opensAt(NEW_YORK, given, ms('2026-03-08T01:59:00-05:00'));
    expect(opened).toBe(ms(opens));
    expect(closesAt(NEW_YORK, given, opened)).toBe(ms(closes));
  });

  it.each([
    [
      'is an hour longer around the fold',
      window('00:30', '02:30'),
      '2026-11-01T00:30:00-04:00',
      '2026-11-01T02:30:00-05:00',
    ],
    [
      'inside the fold happens once, the first time',
      window('01:15', '01:45'),
      '2026-11-01T01:15:00-04:00',
      '2026-11-01T01:45:00-04:00',
    ],
    ['closes at 21:00 as ever', window('08:00', '21:00'), '2026-11-01T08:00:00-05:00', '2026-11-01T21:00:00-05:00'],
  ])('back: %s', (_, given, opens, closes) => {
    const opened = opensAt(NEW_YORK, given, ms('2026-11-01T00:00:00-04:00'));
    expect(opened).toBe(ms(opens));
    expect(closesAt(NEW_YORK, given, opened)).toBe(ms(closes));
  });

  it('does not open on the Friday that Samoa left out', () => {
    const friday = weeklyWindow({ days: ['fri'], from: '08:00', to: '22:00' });
    expect(opensAt('Pacific/Apia', friday, ms('2011-12-29T12:00:00-10:00'))).toBe(ms('2012-01-06T08:00:00+14:00'));
  });
});

describe('for every window, zone and instant', () => {
  const zones = [CHINA, 'America/New_York', 'Europe/London', 'Australia/Lord_Howe', 'Pacific/Apia', 'America/Havana'];
  const SLOT = 30;
  const clock = (slot: number) =>
    `${String(Math.floor((slot * SLOT) / 60)).padStart(2, '0')}:${String((slot * SLOT) % 60).padStart(2, '0')}`;
  const window = fc
    .record({
      days: fc.option(fc.uniqueArray(fc.constantFrom(...WEEKDAYS), { minLength: 1 }), { nil: undefined }),
      slots: fc.uniqueArray(fc.integer({ min: 0, max: 48 }), { minLength: 2, maxLength: 2 }),
    })
    .map(({ days, slots: [a = 0, b = 1] }) =>
      weeklyWindow({ days, from: clock(Math.min(a, b)), to: clock(Math.max(a, b)) }),
    );
  // Half-hours of the weeks around changes of the clocks, and of the week without a Friday.
  const weeks = ['2026-03-05', '2026-03-26', '2026-04-02', '2026-10-01', '2026-10-22', '2026-10-29', '2011-12-26'];
  const at = fc
    .tuple(fc.constantFrom(...weeks), fc.integer({ min: 0, max: 7 * 48 }))
    .map(([week, slot]) => ms(`${week}T00:00Z`) + slot * SLOT * MINUTE);
  const where = fc.constantFrom(...zones);

  it('is open exactly between the wall times of that day, by Temporal', () => {
    fc.assert(
      fc.property(where, window, at, (zone, given, instant) => {
        const local = Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(zone);
        const bound = (minutes: number) =>
          local.toPlainDate().toPlainDateTime().add({ minutes }).toZonedDateTime(zone).epochMilliseconds;
        const onDay = (given.days & (1 << (local.dayOfWeek - 1))) !== 0;
        const expected = onDay && instant >= bound(given.from) && instant < bound(given.to);
        expect(isOpen(zone, given, instant)).toBe(expected);
      }),
      { numRuns: 300 },
    );
  });

  it('opens at the first open instant, and closes at the first shut one after it or at midnight', () => {
    fc.assert(
      fc.property(where, window, at, (zone, given, instant) => {
        const step = SLOT * MINUTE;
        let opens = instant;
        while (!isOpen(zone, given, opens) && opens < instant + 15 * DAY) opens += step;
        const found = opensAt(zone, given, instant);
        expect(found === never ? instant + 15 * DAY : found).toBe(opens);
        if (found === never) return;
        const closes = closesAt(zone, given, found);
        expect(closes).toBeGreaterThan(found);
        expect(isOpen(zone, given, closes - 1)).toBe(true);
        expect(isOpen(zone, given, closes) && given.to < 1440).toBe(false);
      }),
      { numRuns: 100 },
    );
  });
});
