import { describe, expect, test } from 'vitest';
import { grouped } from '../../src/rules/ledger/components.ts';
import type { Fact } from '../../src/rules/ledger/replay.ts';
import { ALLOCATION, amounts, day, groupsOf, opening, payment, play, purchase, terms, told } from './ledger.ts';

const bare = terms(null);

/** The account of the contract: 8,000.00 principal, 600.00 interest, 100.00 penalty, due since 20 August. */
const overdue = (more: Parameters<typeof opening>[0] = {}) =>
  opening({
    day: day('2026-11-20'),
    balances: amounts({ retail: 800_000n, interest: 60_000n, penalty: 10_000n }),
    pastDueSince: day('2026-08-20'),
    minimumDueMinor: 120_000n,
    ...more,
  });

function allocated(start: ReturnType<typeof opening>, ...facts: Fact[]) {
  const ledger = play(start, facts, '2026-12-31', bare);
  const { amounts: paid, unappliedMinor } = ledger.allocations.get('P1')!;
  return { ...grouped(paid), unapplied: unappliedMinor };
}

const paid = (parts: Partial<ReturnType<typeof allocated>>) => ({
  fees: 0n,
  penalty: 0n,
  interest: 0n,
  principal: 0n,
  unapplied: 0n,
  ...parts,
});

describe('a payment', () => {
  test.each([
    ['2026-11-18', 90, paid({ penalty: 10_000n, interest: 60_000n, principal: 30_000n })],
    ['2026-11-19', 91, paid({ principal: 100_000n })],
    ['2026-08-21', 1, paid({ penalty: 10_000n, interest: 60_000n, principal: 30_000n })],
  ])('posted on %s, %i days past due, follows article 57', (on, days, expected) => {
    const start = overdue({ day: day('2026-08-01') });
    const ledger = play(start, [payment('P1', on, 100_000n)], '2026-12-31', bare);
    expect(ledger.allocations.get('P1')!.daysPastDue).toBe(days);
    expect(allocated(start, payment('P1', on, 100_000n))).toEqual(expected);
  });

  test('of an account that is not past due pays charges first', () => {
    const start = overdue({ pastDueSince: null, minimumDueMinor: null });
    expect(allocated(start, payment('P1', '2026-11-20', 80_000n))).toEqual(
      paid({ penalty: 10_000n, interest: 60_000n, principal: 10_000n }),
    );
  });

  test('pays fees, penalty and interest in the order of the contract, what is billed first', () => {
    const balances = amounts({
      annual_fee: 1n,
      cash_fee: 1n,
      penalty: 1n,
      other_fee: 1n,
      interest: 1n,
      'annual_fee.unbilled': 1n,
      retail: 1n,
      cash_advance: 1n,
      'retail.unbilled': 1n,
    });
    const order = Array.from({ length: 9 }, (_, amount) => {
      const { amounts: parts } = play(
        opening({ balances }),
        [payment('P1', '2026-03-02', BigInt(amount + 1))],
        '2026-03-02',
        bare,
      ).allocations.get('P1')!;
      return parts;
    }).map((parts, index, all) => parts.findIndex((part, place) => part !== (all[index - 1]?.[place] ?? 0n)));
    const names = ['annual_fee', 'cash_fee', 'penalty', 'other_fee', 'interest', 'annual_fee.unbilled'] as const;
    const principal = ['retail', 'cash_advance', 'retail.unbilled'] as const;
    expect(order).toEqual([...names, ...principal].map((name) => amounts({ [name]: 1n }).indexOf(1n)));
  });

  test('that is too much leaves a credit, which the next purchase uses and which counts for the payment', () => {
    const facts = [payment('P1', '2026-11-20', 900_000n), purchase('B1', '2026-11-25', 20_000n)];
    const before = play(overdue(), facts.slice(0, 1), '2026-11-24', bare);
    expect([before.creditMinor, before.pastDueSince]).toEqual([30_000n, null]);
    const after = play(overdue(), facts, '2026-11-25', bare);
    expect([after.creditMinor, grouped(after.balances).principal]).toEqual([10_000n, 0n]);
    expect(allocated(overdue(), ...facts)).toMatchObject({ principal: 820_000n, unapplied: 10_000n });
  });

  test.each([
    [119_000n, null],
    [118_999n, '2026-08-20'],
    [120_000n, null],
    [1n, '2026-08-20'],
  ])('of %i fen against a missed minimum of 120,000 leaves it past due since %s', (amount, since) => {
    const ledger = play(overdue(), [payment('P1', '2026-11-20', amount)], '2026-11-20', bare);
    expect(ledger.pastDueSince).toBe(since === null ? null : day(since));
    expect(ledger.minimumDueMinor).toBe(120_000n - amount);
  });

  test('of an account without a known minimum cures it only when everything is paid', () => {
    const start = overdue({ minimumDueMinor: null });
    const most = play(start, [payment('P1', '2026-11-20', 860_000n)], '2026-11-20', bare);
    expect([most.pastDueSince, most.minimumDueMinor]).toEqual([day('2026-08-20'), null]);
    expect(play(start, [payment('P1', '2026-11-20', 869_000n)], '2026-11-20', bare).pastDueSince).toBeNull();
  });

  test('that is posted before the state, and not in it, plays on its first day with the days of its own', () => {
    // 77 days past due on 5 November; the state is of 20 November, when it was 92.
    expect(allocated(overdue(), payment('P1', '2026-11-05', 80_000n))).toEqual(
      paid({ penalty: 10_000n, interest: 60_000n, principal: 10_000n }),
    );
  });

  test('that arrives late takes back the penalty and the interest that came of its absence', () => {
    const bought = [purchase('B1', '2026-03-10', 1_000_000n)];
    const late = payment('P1', '2026-04-24', 113_000n);
    const before = play(opening(), bought, '2026-05-20');
    const after = play(opening(), [...bought, late], '2026-05-20');
    expect(told(before).filter((line) => line.includes('penalty'))).toHaveLength(1);
    expect(told(after).filter((line) => line.includes('penalty'))).toEqual([]);
    expect([groupsOf(before).penalty, groupsOf(after).penalty]).toEqual([5650n, 0n]);
    expect(groupsOf(before).interest).toBeGreaterThan(groupsOf(after).interest);
    expect(after.pastDueSince).toBeNull();
  });
});

describe('a charge', () => {
  const on = { id: 'K1', day: day('2026-11-21'), kind: 'charge' } as const;

  test('that waives takes off what there is, and no more', () => {
    const waiver: Fact = { ...on, charge: 'waiver', component: 'penalty', amountMinor: -15_000n };
    const ledger = play(overdue(), [waiver], '2026-11-21', bare);
    expect([groupsOf(ledger).penalty, ledger.creditMinor, ledger.minimumDueMinor]).toEqual([0n, 0n, 110_000n]);
  });

  test('that adjusts below nothing leaves a credit for the rest', () => {
    const start = overdue({ balances: amounts({ penalty: 10_000n }) });
    const adjustment: Fact = { ...on, charge: 'adjustment', component: 'penalty', amountMinor: -15_000n };
    const ledger = play(start, [adjustment], '2026-11-21', bare);
    expect([groupsOf(ledger).penalty, ledger.creditMinor, ledger.pastDueSince]).toEqual([0n, 5000n, null]);
  });

  test('of a fee is unbilled and uses no grace of anything', () => {
    const fee: Fact = { ...on, charge: 'other_fee', component: 'other_fee', amountMinor: 2000n };
    const ledger = play(overdue(), [fee], '2026-11-21', bare);
    expect(ledger.balances).toEqual(
      amounts({ retail: 800_000n, interest: 60_000n, penalty: 10_000n, 'other_fee.unbilled': 2000n }),
    );
  });
});

describe('a chargeback', () => {
  const back: Fact = { kind: 'chargeback', id: 'P1', day: day('2026-11-25') };

  test('returns the parts to the components they came from, due on its day', () => {
    const start = overdue({ day: day('2026-08-30') });
    const facts = [payment('P1', '2026-09-01', 130_000n), back];
    const ledger = play(start, facts, '2026-11-26', bare);
    expect(ledger.balances).toEqual(start.balances);
    expect(ledger.dues).toEqual([{ dueOn: day('2026-11-25'), amountMinor: 120_000n, unpaidMinor: 120_000n }]);
    expect(ledger.pastDueSince).toBe(day('2026-11-25'));
    expect(play(start, facts, '2026-11-24', bare).pastDueSince).toBeNull();
  });

  test('on the day of the payment, and of one that was partly a credit, restores every balance', () => {
    const start = overdue();
    const facts = [payment('P1', '2026-11-25', 900_000n), back, purchase('B1', '2026-11-25', 1000n)];
    const ledger = play(start, facts, '2026-11-25', bare);
    expect([groupsOf(ledger).principal, ledger.creditMinor]).toEqual([801_000n, 0n]);
  });

  test('returns a used credit to what it had paid', () => {
    const start = opening({ day: day('2026-11-01') });
    const facts = [payment('P1', '2026-11-02', 5000n), purchase('B1', '2026-11-10', 3000n), back];
    const ledger = play(start, facts, '2026-11-25', bare);
    expect([grouped(ledger.balances).principal, ledger.creditMinor]).toEqual([3000n, 0n]);
    expect(told(ledger)).toEqual([
      '2026-11-02 payment 0 credit 5000',
      '2026-11-10 purchase 3000',
      '2026-11-10 credit -3000 credit -3000',
      '2026-11-25 chargeback 3000 credit -2000',
    ]);
  });
});

test('a pack may not leave the last band of the allocation open to nobody', () => {
  const bounded = terms(null, { allocation: { ...ALLOCATION, bands: ALLOCATION.bands.slice(0, 1) } });
  expect(() => play(overdue(), [payment('P1', '2026-11-20', 1n)], '2026-11-20', bounded)).toThrow(RangeError);
});
