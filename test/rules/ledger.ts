import type { AllocationRules } from '../../src/rules/ledger/allocate.ts';
import { type Amounts, amountsOf, type Component, grouped, NOTHING } from '../../src/rules/ledger/components.ts';
import { type Fact, type Ledger, replay } from '../../src/rules/ledger/replay.ts';
import type { Billing, Opening, Terms } from '../../src/rules/ledger/terms.ts';
import { scaledRate } from '../../src/rules/money/money.ts';
import { dayOfDate } from '../../src/rules/time/zone.ts';

export const day = dayOfDate;

export const ALLOCATION: AllocationRules = {
  bands: [{ upToDaysPastDue: 90, order: ['charges', 'principal'] }, { order: ['principal', 'charges'] }],
  charges: ['annual_fee', 'cash_fee', 'penalty', 'other_fee', 'interest'],
  principal: ['retail', 'cash_advance', 'instalment'],
};

/** 5 % of a missed minimum, 6 % from the second in a row, at least 30 yuan: the terms of a Chinese bank. */
export const PENALTY = {
  rate: scaledRate('0.05'),
  rateFromSecondMonth: scaledRate('0.06'),
  minimumMinor: 3000n,
  capMinor: null,
};

export const BILLING: Billing = {
  statementDay: 5,
  dueDays: 20,
  statements: true,
  compoundInterest: true,
  principalRate: scaledRate('0.1'),
  floorMinor: 0n,
  penalty: PENALTY,
};

/** Grace of three days and ten yuan; billed on the 5th, due on the 25th (in months of 30 days). */
export function terms(billing: Partial<Billing> | null = {}, more: Partial<Terms> = {}): Terms {
  return {
    allocation: ALLOCATION,
    graceDays: 3,
    graceAmountMinor: 1000n,
    billing: billing && { ...BILLING, ...billing },
    ...more,
  };
}

type Parts = Partial<Record<`${Component['kind']}${'' | '.unbilled'}`, bigint>>;

/** Amounts by component, billed unless the name says otherwise. */
export function amounts(parts: Parts): Amounts {
  return amountsOf(
    Object.entries(parts).map(([name, amountMinor]) => {
      const [kind, unbilled] = name.split('.') as [Component['kind'], string | undefined];
      return { kind, billed: unbilled === undefined, amountMinor };
    }),
  );
}

/** An account without a debt, on the first day of March 2026, at 0.05 % a day. */
export function opening(more: Partial<Opening> = {}): Opening {
  return {
    day: day('2026-03-01'),
    balances: NOTHING,
    creditMinor: 0n,
    pastDueSince: null,
    minimumDueMinor: null,
    rate: { daily: scaledRate('0.0005') },
    accruedMinor: 0n,
    ...more,
  };
}

export const payment = (id: string, on: string, amountMinor: bigint): Fact => ({
  kind: 'payment',
  id,
  day: day(on),
  amountMinor,
});

export const purchase = (id: string, on: string, amountMinor: bigint): Fact => ({
  kind: 'charge',
  id,
  day: day(on),
  charge: 'purchase',
  component: 'retail',
  amountMinor,
});

export function play(start: Opening, facts: readonly Fact[], until: string, how: Terms = terms()): Ledger {
  return replay(start, facts, () => how, day(until));
}

/** The four balances, in fen. */
export const groupsOf = ({ balances }: Ledger) => grouped(balances);

/** What was posted, one line each: day, kind and the sum of what it added. */
export function told({ postings }: Ledger): string[] {
  return postings.map(({ day: on, kind, amounts: moved, creditMinor }) => {
    const total = moved.reduce((all, one) => all + one, 0n);
    const credit = creditMinor === 0n ? '' : ` credit ${creditMinor}`;
    return `${new Date(on * 86_400_000).toISOString().slice(0, 10)} ${kind} ${total}${credit}`;
  });
}
