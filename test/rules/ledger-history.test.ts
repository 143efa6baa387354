import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { grouped } from '../../src/rules/ledger/components.ts';
import { bucketMoves } from '../../src/rules/ledger/delinquency.ts';
import { allocationOf, type History, ledgerOf, type Payment, type State } from '../../src/rules/ledger/history.ts';
import type { Opening } from '../../src/rules/ledger/terms.ts';
import { dateOfDay } from '../../src/rules/time/zone.ts';
import { amounts, day, opening, terms } from './ledger.ts';

const STANDING = { graceDays: 3, graceAmountMinor: 1000n, bucketDays: 30, mildUpToBucket: 3 };

function state(on: string, more: Partial<Opening> = {}, billing: Parameters<typeof terms>[0] = null): State {
  const first = day(on);
  const balances = amounts({ retail: 800_000n, interest: 60_000n });
  return {
    asOf: first * 86_400_000,
    opening: opening({ day: first, balances, pastDueSince: day('2026-08-20'), minimumDueMinor: 100_000n, ...more }),
    termsOn: () => terms(billing),
  };
}

const paid = (id: string, on: string, amountMinor: bigint, more: Partial<Payment> = {}): Payment => ({
  id,
  day: day(on),
  amountMinor,
  included: null,
  reversal: null,
  ...more,
});

function history(states: readonly State[], ...payments: Payment[]): History {
  return { states, payments, charges: [], rateChanges: [] };
}

const TODAY = day('2026-11-23');
const principal = (told: History) => grouped(ledgerOf(told, TODAY).balances).principal;
const owed = (told: History) => ledgerOf(told, TODAY).balances.reduce((total, amount) => total + amount, 0n);
const older = state('2026-10-20');
const newest = state('2026-11-20', { balances: amounts({ retail: 700_000n }) });

describe('a payment', () => {
  test.each([
    ['2026-11-19', null, 700_000n],
    ['2026-11-20', null, 600_000n],
    ['2026-11-19', false, 600_000n],
    ['2026-11-20', true, 700_000n],
  ])('posted on %s, included in the newest state: %s, leaves a principal of %i', (on, inState, expected) => {
    const included = inState === null ? null : { inState, stateAsOf: newest.asOf };
    expect(principal(history([older, newest], paid('P1', on, 100_000n, { included })))).toBe(expected);
  });

  test('that only the newest state includes was spread in the one before; one that all include, nobody knows how', () => {
    const known = paid('P1', '2026-11-01', 100_000n);
    const told = history([older, newest], known, paid('P0', '2026-10-01', 5n));
    expect(grouped(allocationOf(told, known, TODAY)!.amounts)).toMatchObject({ interest: 60_000n, principal: 40_000n });
    expect(allocationOf(told, told.payments[1]!, TODAY)).toBeNull();
  });

  test('that a later state includes is not counted twice, though an earlier one did not', () => {
    const included = { inState: false, stateAsOf: older.asOf };
    const payment = paid('P1', '2026-10-01', 100_000n, { included });
    expect(principal(history([older, newest], payment))).toBe(700_000n);
    expect(principal(history([older], payment))).toBe(800_000n - 40_000n);
  });
});

describe('a reversal', () => {
  const reversal = { kind: 'reversal', day: day('2026-11-22') } as const;

  test('is as if the payment never was', () => {
    const without = history([older, newest]);
    const reversed = history([older, newest], paid('P1', '2026-11-21', 300_000n, { reversal }));
    expect(ledgerOf(reversed, TODAY)).toEqual(ledgerOf(without, TODAY));
    expect(grouped(allocationOf(reversed, reversed.payments[0]!, TODAY)!.amounts).principal).toBe(300_000n);
  });

  test('of a payment that the newest state includes returns the parts it had paid, on its own day', () => {
    const reversed = history([older, newest], paid('P1', '2026-11-01', 100_000n, { reversal }));
    const { balances, dues } = ledgerOf(reversed, TODAY);
    expect(grouped(balances)).toEqual({ fees: 0n, penalty: 0n, interest: 60_000n, principal: 740_000n });
    expect(dues.at(-1)).toMatchObject({ dueOn: day('2026-11-22'), unpaidMinor: 100_000n });
    expect(owed(reversed)).toBe(700_000n + 100_000n);
  });

  test('that the newest state includes as well changes nothing, and one without a known allocation is principal', () => {
    const early = { kind: 'reversal', day: day('2026-11-10') } as const;
    expect(owed(history([older, newest], paid('P1', '2026-11-01', 100_000n, { reversal: early })))).toBe(700_000n);
    const unknown = history([newest], paid('P1', '2026-11-01', 100_000n, { reversal }));
    expect(principal(unknown)).toBe(800_000n);
  });

  test('restores exactly, whatever else happened', () => {
    const days = fc.integer({ min: day('2026-10-01'), max: TODAY });
    const payments = fc.array(fc.tuple(days, fc.bigInt(1n, 900_000n)), { maxLength: 8 });
    const billed = [state('2026-10-20', {}, {}), state('2026-11-20', {}, {})];
    fc.assert(
      fc.property(payments, days, fc.bigInt(1n, 900_000n), fc.boolean(), (list, on, amountMinor, two) => {
        const states = two ? billed : billed.slice(0, 1);
        const others = list.map(([when, amount], no) => paid(`P${no}`, dateOfDay(when), amount));
        const reversed = paid('X', dateOfDay(on), amountMinor, { reversal: { kind: 'reversal', day: on } });
        const without = history(states, ...others);
        expect(ledgerOf(history(states, ...others, reversed), TODAY)).toEqual(ledgerOf(without, TODAY));
      }),
    );
  });
});

test('a change of rate before a state holds where the state names no rate', () => {
  const change = { id: 'R1', day: day('2026-11-01'), rate: { daily: 1n } };
  const told = { ...history([state('2026-11-20', { rate: null })]), rateChanges: [change] };
  expect(ledgerOf(told, TODAY).rate).toEqual({ daily: 1n });
  const named = { ...history([state('2026-11-20')]), rateChanges: [change] };
  expect(ledgerOf(named, TODAY).rate).not.toEqual({ daily: 1n });
});

describe('the history of buckets', () => {
  const moves = (told: History, until = '2027-03-01') =>
    bucketMoves(told, () => STANDING, day(until)).map(
      ({ day: on, from, to, daysPastDue, cause }) =>
        `${dateOfDay(on)} ${from} ${to} ${daysPastDue} ${cause.kind}${cause.factId === null ? '' : ` ${cause.factId}`}`,
    );

  test('moves by days, by payments and by states, each with its cause', () => {
    const cured = state('2027-01-10', { pastDueSince: null, minimumDueMinor: null });
    const told = history([state('2026-08-01'), cured], paid('P1', '2026-10-01', 100_000n));
    expect(moves(history([state('2026-08-01'), cured]))).toEqual([
      '2026-08-01 null M0 0 core_state',
      '2026-08-24 M0 M1 4 days',
      '2026-09-20 M1 M2 31 days',
      '2026-10-20 M2 M3 61 days',
      '2026-11-19 M3 M4 91 days',
      '2026-12-19 M4 M5 121 days',
      '2027-01-10 M5 M0 0 core_state',
    ]);
    expect(moves(told).slice(2)).toEqual(['2026-09-20 M1 M2 31 days', '2026-10-01 M2 M0 0 payment P1']);
  });

  test('is corrected by what arrives late', () => {
    const told = history([state('2026-08-01')], paid('P1', '2026-10-01', 100_000n));
    const late = history([state('2026-08-01')], paid('P1', '2026-10-01', 100_000n), paid('P0', '2026-08-22', 99_000n));
    expect(moves(told, '2026-10-02').at(-1)).toBe('2026-10-01 M2 M0 0 payment P1');
    expect(moves(late)).toEqual(['2026-08-01 null M0 0 core_state']);
  });

  test('of an account that bills itself begins after the grace', () => {
    const billed = state('2026-08-01', { pastDueSince: null, minimumDueMinor: null }, {});
    expect(moves(history([billed]), '2026-10-01')).toEqual([
      '2026-08-01 null M0 0 core_state',
      '2026-08-29 M0 M1 4 penalty',
      '2026-09-25 M1 M2 31 days',
    ]);
  });
});
