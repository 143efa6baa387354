import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  BUCKETS,
  type StandingFacts,
  type StandingParameters,
  standingOf,
} from '../../src/rules/segmentation/standing.ts';

const parameters: StandingParameters = { graceDays: 3, graceAmountMinor: 1000n, bucketDays: 30, mildUpToBucket: 3 };

/** Due on 20 August 2026, 1,200.00 of 8,700.00 to pay now, seen on `todayDate`. */
function standing(todayDate: string, facts: Partial<StandingFacts> = {}, changed: Partial<StandingParameters> = {}) {
  const all = { pastDueSince: '2026-08-20', minimumDueMinor: 120_000n, totalMinor: 870_000n, todayDate, ...facts };
  return standingOf(all, { ...parameters, ...changed });
}

function daysAfterDue(days: number): string {
  return Temporal.PlainDate.from('2026-08-20').add({ days }).toString();
}

describe('days past due', () => {
  test.each([
    ['2026-08-19', 0],
    ['2026-08-20', 0],
    ['2026-08-21', 1],
    ['2026-09-20', 31],
    ['2027-08-20', 365],
  ])('of an account that was due on the 20th are, on %s, %i', (today, days) => {
    expect(standing(today).daysPastDue).toBe(days);
  });

  test('are none for an account that has missed nothing', () => {
    expect(standing('2026-12-01', { pastDueSince: null })).toEqual({
      daysPastDue: 0,
      bucket: 'M0',
      segment: 'current',
    });
  });

  test('are calendar days, across the end of February and the change of clocks', () => {
    expect(standing('2028-03-01', { pastDueSince: '2028-02-28' }).daysPastDue).toBe(2);
    expect(standing('2026-11-02', { pastDueSince: '2026-10-31' }).daysPastDue).toBe(2);
  });
});

describe('the bucket', () => {
  test.each([
    [4, 'M1', 'mild'],
    [30, 'M1', 'mild'],
    [31, 'M2', 'mild'],
    [60, 'M2', 'mild'],
    [61, 'M3', 'mild'],
    [90, 'M3', 'mild'],
    [91, 'M4', 'long_term'],
    [120, 'M4', 'long_term'],
    [121, 'M5', 'long_term'],
    [151, 'M6', 'long_term'],
    [180, 'M6', 'long_term'],
    [181, 'M7+', 'long_term'],
    [4000, 'M7+', 'long_term'],
  ])('of %i days past due is %s, the segment %s', (days, bucket, segment) => {
    expect(standing(daysAfterDue(days))).toEqual({ daysPastDue: days, bucket, segment });
  });

  test('starts at the first day without a grace of days', () => {
    expect(standing(daysAfterDue(0), {}, { graceDays: 0 }).bucket).toBe('M0');
    expect(standing(daysAfterDue(1), {}, { graceDays: 0 }).bucket).toBe('M1');
  });

  test('is M0 up to and with the last day of grace, while the days go on counting', () => {
    expect(standing(daysAfterDue(3))).toEqual({ daysPastDue: 3, bucket: 'M0', segment: 'current' });
    expect(standing(daysAfterDue(4)).bucket).toBe('M1');
  });

  test('is M0 up to and with the amount of grace, however many days it takes', () => {
    expect(standing(daysAfterDue(200), { minimumDueMinor: 1000n })).toEqual({
      daysPastDue: 200,
      bucket: 'M0',
      segment: 'current',
    });
    expect(standing(daysAfterDue(200), { minimumDueMinor: 1001n }).bucket).toBe('M7+');
  });

  test('looks at the whole balance where the minimum payment is unknown or larger', () => {
    expect(standing(daysAfterDue(40), { minimumDueMinor: null, totalMinor: 1000n }).bucket).toBe('M0');
    expect(standing(daysAfterDue(40), { minimumDueMinor: 120_000n, totalMinor: 1000n }).bucket).toBe('M0');
    expect(standing(daysAfterDue(40), { minimumDueMinor: null, totalMinor: 1001n }).bucket).toBe('M2');
  });

  test('follows the width and the last mild bucket of the pack', () => {
    expect(standing(daysAfterDue(29), {}, { bucketDays: 29 }).bucket).toBe('M1');
    expect(standing(daysAfterDue(30), {}, { bucketDays: 29 }).bucket).toBe('M2');
    expect(standing(daysAfterDue(40), {}, { mildUpToBucket: 1 }).segment).toBe('long_term');
  });

  test('never goes back as days pass, and days alone never make an account suspect', () => {
    fc.assert(
      fc.property(fc.nat(600), fc.nat(600), fc.nat(30), (days, more, graceDays) => {
        const before = standing(daysAfterDue(days), {}, { graceDays });
        const after = standing(daysAfterDue(days + more), {}, { graceDays });
        expect(BUCKETS.indexOf(after.bucket)).toBeGreaterThanOrEqual(BUCKETS.indexOf(before.bucket));
        expect(['current', 'mild', 'long_term']).toContain(after.segment);
        expect(after.segment === 'current').toBe(after.bucket === 'M0');
      }),
    );
  });
});
