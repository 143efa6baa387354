import { describe, expect, test } from 'vitest';
import { identityDifference } from '../../src/rules/money/statement.ts';
import { bestHour, type ContactTally, fraction, rightPartyRate } from '../../src/rules/picture/right-party.ts';

const at = (instant: string, attempts: number, rightParty: number): ContactTally => ({
  quarterMs: Temporal.Instant.from(instant).epochMilliseconds,
  attempts,
  rightParty,
});

describe('the right-party rate', () => {
  test.each([
    [1, 3, '0.3333'],
    [2, 3, '0.6667'],
    [1, 1, '1.0000'],
    [0, 7, '0.0000'],
    [1, 20_000, '0.0001'],
    [1, 20_001, '0.0000'],
  ])('%i of %i is %s, half up', (part, whole, rate) => {
    expect(fraction(BigInt(part), BigInt(whole))).toBe(rate);
  });

  test('counts from an instant on, and is null without an attempt', () => {
    const tallies = [at('2026-08-01T02:00:00Z', 4, 1), at('2026-11-01T02:00:00Z', 2, 1)];
    const since = Temporal.Instant.from('2026-11-01T02:00:00Z').epochMilliseconds;
    expect(rightPartyRate(tallies, since)).toEqual({ attempts: 2, rightParty: 1, rate: '0.5000' });
    expect(rightPartyRate(tallies, since - 200 * 86_400_000)).toEqual({ attempts: 6, rightParty: 2, rate: '0.3333' });
    expect(rightPartyRate(tallies, since + 1)).toEqual({ attempts: 0, rightParty: 0, rate: null });
  });
});

describe('the best hour', () => {
  const best = (zone: string, tallies: ContactTally[], minimum = 5) =>
    bestHour(tallies, zone, 0, minimum)?.hour ?? null;

  test.each<[string, string, ContactTally[], number | null]>([
    ['is local', 'Asia/Shanghai', [at('2026-11-01T02:45:00Z', 5, 1)], 10],
    ['of a zone with half an hour', 'Asia/Kolkata', [at('2026-11-01T02:30:00Z', 5, 1)], 8],
    ['of a zone with three quarters', 'Asia/Kathmandu', [at('2026-11-01T02:15:00Z', 5, 1)], 8],
    ['goes round midnight', 'Asia/Shanghai', [at('2026-11-01T16:00:00Z', 5, 1)], 0],
    ['lies before midnight in the west', 'America/New_York', [at('2026-11-01T03:59:00Z', 5, 1)], 23],
    ['needs its attempts', 'UTC', [at('2026-11-01T02:00:00Z', 4, 4)], null],
    [
      'gathers them over days and quarters',
      'UTC',
      [at('2026-11-01T02:00:00Z', 3, 0), at('2026-10-01T02:45:00Z', 2, 1)],
      2,
    ],
    ['is none when nobody was ever reached', 'UTC', [at('2026-11-01T02:00:00Z', 50, 0)], null],
    [
      'is the higher share, not the higher number',
      'UTC',
      [at('2026-11-01T02:00:00Z', 40, 10), at('2026-11-01T05:00:00Z', 5, 2)],
      5,
    ],
    ['of two is the earlier', 'UTC', [at('2026-11-01T09:00:00Z', 5, 1), at('2026-11-01T07:00:00Z', 10, 2)], 7],
  ])('%s', (_, zone, tallies, hour) => {
    expect(best(zone, tallies)).toBe(hour);
  });

  test('keeps its place when clocks change: nine in the morning is nine in the morning', () => {
    const summer = at('2026-10-31T13:00:00Z', 3, 1);
    const winter = at('2026-11-02T14:00:00Z', 2, 1);
    expect(best('America/New_York', [summer, winter])).toBe(9);
    // Both one o’clocks of the night on which it comes twice.
    expect(best('America/New_York', [at('2026-11-01T05:30:00Z', 3, 1), at('2026-11-01T06:30:00Z', 2, 1)])).toBe(1);
  });

  test('reads nothing from before the window', () => {
    const old = at('2026-01-01T02:00:00Z', 9, 9);
    expect(bestHour([old], 'UTC', old.quarterMs + 1, 5)).toBeNull();
    expect(bestHour([old], 'UTC', old.quarterMs, 5)).toEqual({ hour: 2, attempts: 9, rightParty: 9 });
  });
});

test('a statement adds up to the fen: previous − payments + charges − adjustments + interest', () => {
  const statement = {
    previousBalanceMinor: 700000n,
    paymentsTotalMinor: 50000n,
    newChargesMinor: 180000n,
    adjustmentsMinor: 1000n,
    interestMinor: 11050n,
    statementBalanceMinor: 840050n,
  };
  expect(identityDifference(statement)).toBe(0n);
  expect(identityDifference({ ...statement, statementBalanceMinor: 840051n })).toBe(1n);
  expect(identityDifference({ ...statement, adjustmentsMinor: -1000n })).toBe(-2000n);
  expect(identityDifference({ ...statement, paymentsTotalMinor: 50001n })).toBe(1n);
});
