import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Debt, DISTRIBUTION_STEPS, distribute } from '../../src/rules/ledger/distribute.ts';

const debt = (accountId: string, more: Partial<Debt> = {}): Debt => ({
  accountId,
  pastDueSince: null,
  minimumDueMinor: 100n,
  owedMinor: 1000n,
  ...more,
});
const DEBTS = [
  debt('A'),
  debt('B', { pastDueSince: 20 }),
  debt('C', { pastDueSince: 10 }),
  debt('D', { owedMinor: 50n }),
];
const spread = (amount: bigint, order = DISTRIBUTION_STEPS.slice()) =>
  Object.fromEntries(distribute(DEBTS, amount, order));

test('one payment pays the account that is past due longest first, then what is due, then the rest', () => {
  expect(spread(150n)).toEqual({ C: 100n, B: 50n });
  expect(spread(320n)).toEqual({ C: 100n, B: 100n, A: 100n, D: 20n });
  expect(spread(1500n)).toEqual({ C: 1000n, B: 350n, A: 100n, D: 50n });
  expect(spread(9000n)).toEqual({ C: 6950n, B: 1000n, A: 1000n, D: 50n });
});

test('the order of the steps is data', () => {
  expect(spread(1100n, ['balance', 'due', 'past_due'])).toEqual({ C: 1000n, B: 100n });
});

test('of an account that is past due without a known minimum all is due', () => {
  const debts = [debt('A', { pastDueSince: 1, minimumDueMinor: null }), debt('B', { minimumDueMinor: null })];
  expect(Object.fromEntries(distribute(debts, 1001n, ['past_due', 'due', 'balance']))).toEqual({ A: 1000n, B: 1n });
});

test('parts are positive and sum to the amount', () => {
  const minor = fc.bigInt({ min: 0n, max: 5000n });
  const debts = fc.array(
    fc.record({
      pastDueSince: fc.option(fc.nat(50)),
      minimumDueMinor: fc.option(minor),
      owedMinor: fc.bigInt({ min: -500n, max: 5000n }),
    }),
    { minLength: 1, maxLength: 6 },
  );
  fc.assert(
    fc.property(debts, fc.bigInt({ min: 1n, max: 20_000n }), (list, amount) => {
      const parts = [
        ...distribute(
          list.map((one, no) => ({ ...one, accountId: `A${no}` })),
          amount,
          ['past_due', 'due', 'balance'],
        ),
      ];
      expect(parts.every(([, part]) => part > 0n)).toBe(true);
      expect(parts.reduce((total, [, part]) => total + part, 0n)).toBe(amount);
    }),
  );
});
