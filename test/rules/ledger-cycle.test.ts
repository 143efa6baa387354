import { describe, expect, test } from 'vitest';
import { exactInterest, interestOfSegments, type Rate, roundedInterest } from '../../src/rules/ledger/interest.ts';
import { penaltyOf } from '../../src/rules/ledger/penalty.ts';
import { statementFrom } from '../../src/rules/ledger/terms.ts';
import { RATE_SCALE, roundHalfUp, scaledRate } from '../../src/rules/money/money.ts';
import { dateOfDay } from '../../src/rules/time/zone.ts';
import { amounts, day, groupsOf, opening, PENALTY, payment, play, purchase, terms, told } from './ledger.ts';

const segments = (...list: [bigint, number][]) => list.map(([balanceMinor, days]) => ({ balanceMinor, days }));

describe('interest', () => {
  test('of the example that banks print: 1,000 for 24 days and 900 for 12 at 0.05 % a day is 17.40', () => {
    expect(interestOfSegments(segments([100_000n, 24], [90_000n, 12]), scaledRate('0.0005'), null)).toBe(1740n);
  });

  test('is rounded half-up once, not by segment, and capped', () => {
    const daily = scaledRate('0.0005');
    // 2 × 0.005 yuan: each half would round up to one fen, together they are one.
    expect(interestOfSegments(segments([1000n, 1], [1000n, 1]), daily, null)).toBe(1n);
    expect(interestOfSegments(segments([1000n, 1]), daily, null)).toBe(1n);
    expect(interestOfSegments(segments([999n, 1]), daily, null)).toBe(0n);
    expect(interestOfSegments(segments([100_000n, 24]), daily, 1000n)).toBe(1000n);
  });

  test.each([
    ['ACT/365F', '2024-02-28', '2024-03-01', 2, 365],
    ['ACT/365F', '2023-02-28', '2023-03-01', 1, 365],
    ['ACT/360', '2024-02-28', '2024-03-01', 2, 360],
    ['ACT/ACT', '2024-02-28', '2024-03-01', 2, 366],
    ['ACT/ACT', '2023-02-28', '2023-03-01', 1, 365],
  ] as const)('of a year by %s from %s to %s bears %i days of %i', (dayCount, from, to, days, year) => {
    const rate: Rate = { annual: scaledRate('0.1825'), dayCount };
    const expected = roundHalfUp(10_000_000n * scaledRate('0.1825') * BigInt(days), RATE_SCALE * BigInt(year));
    expect(roundedInterest(exactInterest(10_000_000n, rate, day(from), day(to)))).toBe(expected);
  });

  test('of a year across new year divides each part by the days of its own year', () => {
    const rate: Rate = { annual: scaledRate('0.1825'), dayCount: 'ACT/ACT' };
    // 18,250 a year of 365 days is 50 a day; one of 366 days 49.8634…
    const interest = exactInterest(10_000_000n, rate, day('2023-12-30'), day('2024-01-03'));
    expect(roundedInterest(interest)).toBe(2n * 5000n + roundHalfUp(2n * 1_825_000n, 366n));
  });
});

describe('the penalty', () => {
  test.each([
    [100_000n, 1, 5000n],
    [100_000n, 2, 6000n],
    [100_000n, 9, 6000n],
    [60_000n, 1, 3000n],
    [100n, 1, 3000n],
    [0n, 1, 0n],
    [70_010n, 1, 3501n],
  ])('of %i fen unpaid, missed for the time %i in a row, is %i', (unpaid, inARow, penalty) => {
    expect(penaltyOf(PENALTY, unpaid, inARow)).toBe(penalty);
  });

  test('is never above its cap', () => {
    expect(penaltyOf({ ...PENALTY, capMinor: 50_000n }, 10_000_000n, 1)).toBe(50_000n);
  });
});

test.each([
  ['2026-03-05', 5, '2026-03-05'],
  ['2026-03-06', 5, '2026-04-05'],
  ['2026-12-31', 5, '2027-01-05'],
  ['2026-02-01', 31, '2026-02-28'],
  ['2024-02-01', 30, '2024-02-29'],
  ['2026-12-31', 31, '2026-12-31'],
  ['2026-03-01', 31, '2026-03-31'],
])('from %s on, the statement of day %i is on %s', (from, statementDay, expected) => {
  expect(dateOfDay(statementFrom(day(from), statementDay))).toBe(expected);
});

describe('a cycle', () => {
  const bought = [purchase('B1', '2026-03-10', 1_000_000n)];

  test('posts the interest of the days before the statement, bills all and asks for the minimum', () => {
    const ledger = play(opening(), bought, '2026-04-05');
    // 26 days from 10 March to 4 April, 5.00 a day; the minimum is 10 % and the interest.
    expect(told(ledger)).toEqual([
      '2026-03-10 purchase 1000000',
      '2026-04-05 interest 13000',
      '2026-04-05 statement 0',
    ]);
    expect(ledger.balances).toEqual(amounts({ retail: 1_000_000n, interest: 13_000n }));
    expect(ledger.dues).toEqual([{ dueOn: day('2026-04-25'), amountMinor: 113_000n, unpaidMinor: 113_000n }]);
    expect([ledger.minimumDueMinor, ledger.pastDueSince, ledger.accruedMinor]).toEqual([113_000n, null, 0n]);
  });

  test('counts interest on posted interest only where the contract compounds', () => {
    // 30 days at 5.00, and at 0.065 on 130.00 of interest.
    expect(groupsOf(play(opening(), bought, '2026-05-05')).interest).toBe(13_000n + 15_000n + 195n);
    const simple = terms({ compoundInterest: false });
    expect(groupsOf(play(opening(), bought, '2026-05-05', simple)).interest).toBe(28_000n);
  });

  test('misses the minimum on the day after its due date, and charges the penalty after the grace of three days', () => {
    expect(play(opening(), bought, '2026-04-25').pastDueSince).toBeNull();
    expect(play(opening(), bought, '2026-04-26').pastDueSince).toBe(day('2026-04-25'));
    expect(groupsOf(play(opening(), bought, '2026-04-28')).penalty).toBe(0n);
    const ledger = play(opening(), bought, '2026-04-29');
    expect(told(ledger).at(-1)).toBe('2026-04-29 penalty 5650');
    expect(ledger.changesOn).toBe(day('2026-05-05'));
  });

  test('charges 6 % of all that is unpaid when the next minimum is missed too', () => {
    const ledger = play(opening(), bought, '2026-05-29');
    // April: 1,130.00. May: 1,000.00 of the principal, 151.95 interest, 56.50 penalty on top of it.
    expect(ledger.dues.map(({ unpaidMinor }) => unpaidMinor)).toEqual([113_000n, 120_845n]);
    expect(told(ledger).at(-1)).toBe(`2026-05-29 penalty ${(233_845n * 6n + 50n) / 100n}`);
    expect(ledger.pastDueSince).toBe(day('2026-04-25'));
  });

  test('begins to count anew after a minimum that was paid', () => {
    const paid = [...bought, payment('P1', '2026-05-10', 300_000n)];
    const penalties = told(play(opening(), paid, '2026-06-30')).filter((line) => line.includes('penalty'));
    // May is paid; what is unpaid in June is a first miss again.
    expect(penalties).toHaveLength(2);
    const june = play(opening(), paid, '2026-06-28').dues.reduce((total, due) => total + due.unpaidMinor, 0n);
    expect(penalties[1]).toBe(`2026-06-29 penalty ${(june * 5n + 50n) / 100n}`);
  });

  test.each([
    ['2026-04-28', 112_000n, false],
    ['2026-04-28', 111_999n, true],
    ['2026-04-29', 113_000n, true],
  ])('paid on %s with %i fen has a penalty: %s', (on, amount, charged) => {
    const ledger = play(opening(), [...bought, payment('P1', on, amount)], '2026-05-01');
    expect(groupsOf(ledger).penalty > 0n).toBe(charged && on !== '2026-04-29');
    expect(told(ledger).some((line) => line.includes('penalty'))).toBe(charged);
  });

  test('bears no interest on penalty and fees', () => {
    const held = opening({ balances: amounts({ penalty: 100_000n, annual_fee: 100_000n, other_fee: 1n }) });
    expect(groupsOf(play(held, [], '2026-06-30', terms({ penalty: null }))).interest).toBe(0n);
  });

  test('follows a change of the rate from its day', () => {
    const change = {
      kind: 'rate_change',
      id: 'R1',
      day: day('2026-03-20'),
      rate: { daily: scaledRate('0.0004') },
    } as const;
    // 10 days at 5.00 and 16 at 4.00.
    expect(groupsOf(play(opening(), [...bought, change], '2026-04-05')).interest).toBe(11_400n);
  });

  test('bears the 29th of February', () => {
    const leap = opening({ day: day('2024-02-05'), balances: amounts({ retail: 1_000_000n }) });
    expect(groupsOf(play(leap, [], '2024-03-05')).interest).toBe(29n * 500n);
    const plain = opening({ day: day('2026-02-05'), balances: amounts({ retail: 1_000_000n }) });
    expect(groupsOf(play(plain, [], '2026-03-05')).interest).toBe(28n * 500n);
  });

  test('is not closed in collection procedures: interest goes on, unposted, and nothing else', () => {
    const ledger = play(opening(), bought, '2026-06-30', terms({ statements: false }));
    expect(told(ledger)).toEqual(['2026-03-10 purchase 1000000']);
    expect(ledger.accruedMinor).toBe(112n * 500n);
  });

  test('does not exist for an account that does not say how it is billed', () => {
    const ledger = play(opening(), bought, '2027-06-30', terms(null));
    expect([told(ledger), ledger.accruedMinor, ledger.changesOn]).toEqual([['2026-03-10 purchase 1000000'], 0n, null]);
  });

  test('asks for instalments in full when they are due, and for at most what is owed', () => {
    const plan = opening({ balances: amounts({ 'instalment.unbilled': 1_200_000n }) });
    const due = {
      kind: 'charge',
      id: 'I1',
      day: day('2026-03-20'),
      charge: 'instalment_due',
      component: 'instalment',
      amountMinor: 100_000n,
    } as const;
    const ledger = play(plan, [due], '2026-04-05');
    expect(ledger.balances).toEqual(
      amounts({ instalment: 100_000n, 'instalment.unbilled': 1_100_000n, interest: 800n }),
    );
    expect(ledger.minimumDueMinor).toBe(100_800n);
    const little = opening({ balances: amounts({ retail: 700n }) });
    expect(play(little, [], '2026-03-05', terms({ floorMinor: 5000n })).minimumDueMinor).toBe(701n);
  });

  test('asks anew for what the grace amount let pass, without calling it an older debt', () => {
    const facts = [...bought, payment('P1', '2026-04-20', 112_500n)];
    const ledger = play(opening(), facts, '2026-05-26');
    // The five yuan of April are in the minimum of May.
    expect(ledger.dues).toHaveLength(1);
    expect(ledger.pastDueSince).toBe(day('2026-05-25'));
    expect(told(ledger).filter((line) => line.includes('penalty'))).toEqual([]);
  });
});
