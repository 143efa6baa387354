import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Amounts, KINDS, placeOf, sum } from '../../src/rules/ledger/components.ts';
import { unpaidOf } from '../../src/rules/ledger/dues.ts';
import type { Fact, Ledger } from '../../src/rules/ledger/replay.ts';
import type { Opening } from '../../src/rules/ledger/terms.ts';
import { scaledRate } from '../../src/rules/money/money.ts';
import { dateOfDay } from '../../src/rules/time/zone.ts';
import { day, opening, payment, play, terms } from './ledger.ts';

const FIRST = day('2026-03-01');
const days = fc.integer({ min: FIRST - 20, max: FIRST + 300 });
const fen = fc.bigInt({ min: 1n, max: 2_000_000n });
const END = dateOfDay(FIRST + 400);

const payments = fc
  .tuple(days, fen)
  .map(([on, amountMinor]): Fact[] => [{ kind: 'payment', id: '', day: on, amountMinor }]);
/** Paid, and charged back some days later. */
const bounced = fc.tuple(days, fen, fc.nat(60)).map(([on, amountMinor, later]): Fact[] => [
  { kind: 'payment', id: '', day: on, amountMinor },
  { kind: 'chargeback', id: '', day: on + later },
]);
const charges = fc
  .tuple(days, fen, fc.constantFrom(...KINDS), fc.constantFrom('purchase', 'adjustment', 'waiver', 'instalment_due'))
  .map(([on, size, component, charge]): Fact[] => [
    {
      kind: 'charge',
      id: '',
      day: on,
      charge,
      component: charge === 'instalment_due' ? 'instalment' : component,
      amountMinor: charge === 'waiver' || (charge === 'adjustment' && size % 2n === 0n) ? -size : size,
    },
  ]);
const rates = fc
  .tuple(days, fc.constantFrom('0', '0.0003', '0.0005'))
  .map(([on, rate]): Fact[] => [{ kind: 'rate_change', id: '', day: on, rate: { daily: scaledRate(rate) } }]);

/** Facts of one account, in no order, each with an id of its own. */
const facts = fc
  .array(fc.oneof({ weight: 4, arbitrary: payments }, bounced, { weight: 4, arbitrary: charges }, rates), {
    maxLength: 14,
  })
  .map((list) => list.flatMap((group, no) => group.map((fact): Fact => ({ ...fact, id: `F${no}` }))));

const openings: fc.Arbitrary<Opening> = fc
  .record({
    balances: fc.array(fc.oneof(fc.constant(0n), fen), { minLength: 16, maxLength: 16 }),
    creditMinor: fc.oneof(fc.constant(0n), fen),
    pastDueSince: fc.oneof(fc.constant(null), fc.integer({ min: FIRST - 200, max: FIRST })),
    minimumDueMinor: fc.oneof(fc.constant(null), fen),
  })
  .map((given) => opening(given));
const billed = fc.constantFrom(terms(), terms({ compoundInterest: false, statementDay: 31 }), terms(null));

const owed = (ledger: Ledger) => sum(ledger.balances) - ledger.creditMinor;
const added = (all: Amounts, more: Amounts) => all.map((amount, place) => amount + more[place]!);

test('balances are the sum of what was posted, whatever happened, and what was posted is what facts and contract say', () => {
  fc.assert(
    fc.property(openings, facts, billed, (start, list, how) => {
      const ledger = play(start, list, END, how);
      const posted = ledger.postings.reduce<Amounts>((all, { amounts }) => added(all, amounts), start.balances);
      const credit = ledger.postings.reduce((all, { creditMinor }) => all + creditMinor, start.creditMinor);
      expect([ledger.balances, ledger.creditMinor]).toEqual([posted, credit]);
      const paid = list.reduce((all, fact) => (fact.kind === 'payment' ? all + fact.amountMinor : all), 0n);
      const returned = list
        .filter(({ kind }) => kind === 'chargeback')
        .reduce((all, { id }) => {
          const payment = list.find((fact) => fact.id === id && fact.kind === 'payment') as { amountMinor: bigint };
          return all + payment.amountMinor;
        }, 0n);
      const others = ledger.postings
        .filter(({ kind }) => !['payment', 'chargeback', 'credit'].includes(kind))
        .reduce((all, { amounts, creditMinor }) => all + sum(amounts) - creditMinor, 0n);
      expect(owed(ledger)).toBe(sum(start.balances) - start.creditMinor + others - paid + returned);
    }),
  );
});

test('no component, no credit and no minimum is ever negative, and no more is due than is owed', () => {
  fc.assert(
    fc.property(openings, facts, billed, (start, list, how) => {
      const ledger = play(start, list, END, how);
      for (const { dues, owedMinor } of ledger.moments) {
        const due = unpaidOf(dues);
        expect(due <= (owedMinor > 0n ? owedMinor : 0n)).toBe(true);
        expect(dues.every(({ unpaidMinor, amountMinor }) => unpaidMinor > 0n && unpaidMinor <= amountMinor)).toBe(true);
      }
      let balances: Amounts = start.balances;
      let credit = start.creditMinor;
      for (const posting of ledger.postings) {
        balances = added(balances, posting.amounts);
        credit += posting.creditMinor;
        expect(balances.every((amount) => amount >= 0n) && credit >= 0n).toBe(true);
      }
    }),
  );
});

test('any order of arrival gives the same ledger', () => {
  fc.assert(
    fc.property(
      openings,
      facts.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))),
      billed,
      (start, [list, shuffled], how) => {
        expect(play(start, shuffled, END, how)).toEqual(play(start, list, END, how));
      },
    ),
  );
});

test('an allocation sums to its payment', () => {
  fc.assert(
    fc.property(openings, facts, billed, (start, list, how) => {
      const { allocations } = play(start, list, END, how);
      const paid = list.filter((fact) => fact.kind === 'payment');
      expect(allocations.size).toBe(paid.length);
      for (const { id, amountMinor } of paid) {
        const { amounts, unappliedMinor } = allocations.get(id)!;
        expect(sum(amounts) + unappliedMinor).toBe(amountMinor);
        expect(unappliedMinor >= 0n && amounts.every((amount) => amount >= 0n)).toBe(true);
      }
    }),
  );
});

test('paying more last never makes any component, any minimum or any later day owe more', () => {
  fc.assert(
    fc.property(openings, facts, fen, fen, billed, (start, list, amount, more, how) => {
      const on = dateOfDay(FIRST + 301);
      const without = list.filter(({ kind, day: when }) => kind !== 'chargeback' || when <= FIRST + 300);
      const little = play(start, [...without, payment('Z', on, amount)], END, how);
      const much = play(start, [...without, payment('Z', on, amount + more)], END, how);
      expect(much.balances.every((balance, place) => balance <= little.balances[place]!)).toBe(true);
      expect(owed(little) - owed(much) >= more).toBe(true);
      expect(unpaidOf(much.dues) <= unpaidOf(little.dues)).toBe(true);
    }),
  );
});

test('penalty and fees bear no interest: without principal and interest there is none', () => {
  fc.assert(
    fc.property(fen, fen, (penalty, fee) => {
      const balances = opening()
        .balances.with(placeOf('penalty', true), penalty)
        .with(placeOf('annual_fee', true), fee);
      const ledger = play(opening({ balances }), [], END);
      expect(ledger.balances[placeOf('interest', true)]).toBe(0n);
    }),
  );
});
