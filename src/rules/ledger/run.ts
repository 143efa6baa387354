import { allocate, allocationOrder } from './allocate.ts';
import { type Amounts, COMPONENTS, NOTHING, placeOf, sum } from './components.ts';
import { type Due, daysPastDue, payDues, unpaidOf } from './dues.ts';
import { exactInterest, type Rate } from './interest.ts';
import type { Terms } from './terms.ts';

export type PostingKind =
  | 'interest'
  | 'penalty'
  | 'statement'
  | 'payment'
  | 'credit'
  | 'chargeback'
  | 'return'
  | ChargeKind;

export const CHARGE_KINDS = [
  'purchase',
  'cash_advance',
  'annual_fee',
  'cash_fee',
  'other_fee',
  'instalment_due',
  'adjustment',
  'waiver',
] as const;
export type ChargeKind = (typeof CHARGE_KINDS)[number];

/** One movement: balances afterwards are balances before plus `amounts`, the credit plus `creditMinor`. */
export interface Posting {
  readonly day: number;
  readonly kind: PostingKind;
  /** Of the fact it comes from; null for what the contract does by itself. */
  readonly factId: string | null;
  readonly amounts: Amounts;
  readonly creditMinor: bigint;
}

/** What became of a payment; parts and what is unapplied sum to its amount. */
export interface Allocation {
  readonly amounts: Amounts;
  readonly unappliedMinor: bigint;
  /** How much of a minimum payment it paid. */
  readonly toDuesMinor: bigint;
  readonly daysPastDue: number;
}

/** A state that lasts until the next moment. */
export interface Moment {
  readonly day: number;
  readonly dues: readonly Due[];
  readonly owedMinor: bigint;
  /** The postings of the day that led to it. */
  readonly postings: readonly Posting[];
}

interface Lot {
  readonly paymentId: string | null;
  leftMinor: bigint;
}

/** A replay on its way: the one thing here that changes. */
export interface Run {
  readonly termsOn: (day: number) => Terms;
  readonly balances: bigint[];
  lots: Lot[];
  dues: readonly Due[];
  /** False while nobody has said what the minimum payment is. */
  minimumKnown: boolean;
  rate: Rate | null;
  exactInterest: bigint;
  accruedTo: number;
  nextStatement: number | null;
  /** Days on which the grace of a due date is over. */
  checks: { readonly day: number; readonly dueOn: number }[];
  missedInARow: number;
  /** Instalments that have become due since the last statement. */
  instalmentsDueMinor: bigint;
  readonly allocations: Map<string, { -readonly [K in keyof Allocation]: Allocation[K] }>;
  readonly postings: Posting[];
}

export function creditOf(run: Run): bigint {
  return run.lots.reduce((total, { leftMinor }) => total + leftMinor, 0n);
}

/** What is owed in all; negative while the card is in credit. */
export function owedOf(run: Run): bigint {
  return sum(run.balances) - creditOf(run);
}

/** Moves balances and credit together and writes it down; credit lots are the caller's to keep in step. */
export function post(
  run: Run,
  day: number,
  kind: PostingKind,
  factId: string | null,
  amounts: Amounts,
  creditMinor = 0n,
): void {
  for (const [place, amount] of amounts.entries()) run.balances[place]! += amount;
  run.postings.push({ day, kind, factId, amounts, creditMinor });
}

export function negated(amounts: Amounts): Amounts {
  return amounts.map((amount) => -amount);
}

/** Adds the amount to one component. */
export function single(place: number, amountMinor: bigint): Amounts {
  return NOTHING.with(place, amountMinor);
}

/** Order of payment on a day, seen with what is missed on `seenOn`. */
export function orderOn(run: Run, day: number, seenOn = day): { order: number[]; daysPastDue: number } {
  const { allocation, graceAmountMinor } = run.termsOn(day);
  const days = daysPastDue(run.dues, seenOn, graceAmountMinor);
  return { order: allocationOrder(allocation, days), daysPastDue: days };
}

/** Pays minimum payments, the oldest first. Returns how much of them it was. */
export function settleDues(run: Run, amountMinor: bigint): bigint {
  const { dues, paidMinor } = payDues(run.dues, amountMinor);
  run.dues = dues;
  return paidMinor;
}

/** No more can be due than is owed. */
export function capDues(run: Run): void {
  const owed = owedOf(run);
  const excess = unpaidOf(run.dues) - (owed > 0n ? owed : 0n);
  if (excess > 0n) run.dues = payDues(run.dues, excess).dues;
}

/** Uses a credit for what is owed now, the oldest credit first; it then counts as paid by the payment it came from. */
export function applyCredit(run: Run, day: number): void {
  while (run.lots.length > 0 && sum(run.balances) > 0n) {
    const lot = run.lots[0]!;
    const { order } = orderOn(run, day);
    const { parts, restMinor } = allocate(run.balances, lot.leftMinor, order);
    const used = lot.leftMinor - restMinor;
    const toDuesMinor = settleDues(run, used);
    const payment = lot.paymentId === null ? undefined : run.allocations.get(lot.paymentId);
    if (payment) {
      payment.amounts = payment.amounts.map((amount, place) => amount + parts[place]!);
      payment.unappliedMinor -= used;
      payment.toDuesMinor += toDuesMinor;
    }
    post(run, day, 'credit', lot.paymentId, negated(parts), -used);
    lot.leftMinor = restMinor;
    if (restMinor === 0n) run.lots.shift();
  }
}

/** Principal bears interest from its posting, an instalment from its due date: before it, its plan says what it bears. */
const BEARING = COMPONENTS.flatMap(({ kind, billed }, place) =>
  kind === 'retail' || kind === 'cash_advance' || (kind === 'instalment' && billed) ? [place] : [],
);
/** Interest that is posted; penalty and fees never bear any (银发〔2016〕111号). */
const COMPOUNDING = [...BEARING, placeOf('interest', true), placeOf('interest', false)];

/** Counts interest up to a day, which does not bear any yet. */
export function accrueTo(run: Run, day: number): void {
  const { billing } = run.termsOn(run.accruedTo);
  if (day <= run.accruedTo) return;
  if (billing !== null && run.rate !== null) {
    let base = 0n;
    for (const place of billing.compoundInterest ? COMPOUNDING : BEARING) base += run.balances[place]!;
    run.exactInterest += exactInterest(base, run.rate, run.accruedTo, day);
  }
  run.accruedTo = day;
}
