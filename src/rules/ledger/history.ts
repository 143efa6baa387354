import type { Kind } from './components.ts';
import { NOTHING, placeOf } from './components.ts';
import type { Rate } from './interest.ts';
import { type Fact, type Ledger, replay } from './replay.ts';
import type { Allocation, ChargeKind } from './run.ts';
import type { Opening, Terms } from './terms.ts';

/** States of the core system one after the other, and the facts between and after them. */

export interface State {
  /** Milliseconds; a later state replaces what the facts made of the one before. */
  readonly asOf: number;
  readonly opening: Opening;
  readonly termsOn: (day: number) => Terms;
}

export interface Payment {
  readonly id: string;
  readonly day: number;
  readonly amountMinor: bigint;
  /** What the sender said of the state that was the newest then; null leaves it to the dates. */
  readonly included: { readonly inState: boolean; readonly stateAsOf: number } | null;
  readonly reversal: { readonly kind: 'reversal' | 'chargeback'; readonly day: number } | null;
}

export interface Charge {
  readonly id: string;
  readonly day: number;
  readonly charge: ChargeKind;
  readonly component: Kind;
  readonly amountMinor: bigint;
}

export interface RateChange {
  readonly id: string;
  readonly day: number;
  readonly rate: Rate;
}

export interface History {
  /** In the order of time, at least one. */
  readonly states: readonly State[];
  readonly payments: readonly Payment[];
  readonly charges: readonly Charge[];
  readonly rateChanges: readonly RateChange[];
}

/** A state includes what was posted before its first day, unless the sender has said otherwise of a payment. */
export function includes({ asOf, opening }: State, { day, included }: Payment): boolean {
  if (included?.inState === true && asOf >= included.stateAsOf) return true;
  if (included?.inState === false && asOf <= included.stateAsOf) return false;
  return day < opening.day;
}

/** The ledger that begins with one of the states, the newest unless told, at the end of a day. */
export function ledgerOf(history: History, until: number, index = history.states.length - 1): Ledger {
  const { opening, termsOn } = history.states[index]!;
  return replay(opening, factsAfter(history, index), termsOn, until);
}

/** Place of the state that tells of a day: the last one whose first day is not after it; -1 before the first. */
export function stateOn({ states }: History, day: number): number {
  return states.findLastIndex(({ opening }) => opening.day <= day);
}

/** Last day that a state tells of: the day before the next state's first; `until` for the newest. */
export function lastDayOf({ states }: History, index: number, until: number): number {
  const next = states[index + 1];
  return next === undefined ? until : next.opening.day - 1;
}

/**
 * How a payment was spread, also one that was taken back: in the newest state that does not include it. Null when every
 * state that is known includes it.
 */
export function allocationOf(history: History, payment: Payment, until: number): Allocation | null {
  const index = history.states.findLastIndex((state) => !includes(state, payment));
  if (index < 0) return null;
  const kept = { ...payment, reversal: null };
  const payments = history.payments.map((one) => (one.id === payment.id ? kept : one));
  const last = Math.max(lastDayOf(history, index, until), payment.day);
  return ledgerOf({ ...history, payments }, last, index).allocations.get(payment.id) ?? null;
}

function factsAfter(history: History, index: number): Fact[] {
  const state = history.states[index]!;
  const first = state.opening.day;
  const charges = history.charges.filter(({ day }) => day >= first).map((one) => ({ kind: 'charge' as const, ...one }));
  return [
    ...ratesAfter(history, state),
    ...charges,
    ...history.payments.flatMap((payment) => factsOfPayment(history, state, payment)),
  ];
}

/** A state names the rate of its day; where it names none, the last change before it holds. */
function ratesAfter({ rateChanges }: History, { opening }: State): Fact[] {
  const before = rateChanges
    .filter(({ day }) => day < opening.day)
    .sort((a, b) => a.day - b.day || (a.id < b.id ? -1 : 1));
  const known = opening.rate === null ? before.slice(-1) : [];
  return [...known, ...rateChanges.filter(({ day }) => day >= opening.day)].map((one) => ({
    kind: 'rate_change',
    ...one,
  }));
}

/**
 * A reversed payment never was; a charged-back one is paid and owed again. When the state includes the payment, and not
 * what took it back, its parts return on that day.
 */
function factsOfPayment(history: History, state: State, payment: Payment): Fact[] {
  const { id, day, amountMinor, reversal } = payment;
  if (!includes(state, payment)) {
    if (reversal?.kind === 'reversal') return [];
    const paid: Fact = { kind: 'payment', id, day, amountMinor };
    return reversal === null ? [paid] : [paid, { kind: 'chargeback', id, day: reversal.day }];
  }
  if (reversal === null || reversal.day < state.opening.day) return [];
  const earlier = { ...history, states: history.states.slice(0, history.states.indexOf(state)) };
  const paid = allocationOf(earlier, payment, state.opening.day - 1) ?? unknownAllocation(amountMinor);
  return [{ kind: 'return', id, day: reversal.day, paid }];
}

/** Nobody knows what it paid: it is owed as purchases again. */
function unknownAllocation(amountMinor: bigint): Omit<Allocation, 'daysPastDue'> {
  return { amounts: NOTHING.with(placeOf('retail', true), amountMinor), unappliedMinor: 0n, toDuesMinor: 0n };
}

/** Of many payments at once: a stretch of time that several of them fall into is played once. */
export function allocationsOf(
  history: History,
  payments: readonly Payment[],
  until: number,
): Map<string, Allocation | null> {
  const played = new Map<number, Ledger>();
  return new Map(
    payments.map((payment) => {
      const index = history.states.findLastIndex((state) => !includes(state, payment));
      const last = lastDayOf(history, index, until);
      if (index < 0 || payment.reversal !== null || payment.day > last)
        return [payment.id, allocationOf(history, payment, until)];
      const ledger = played.get(index) ?? ledgerOf(history, last, index);
      played.set(index, ledger);
      return [payment.id, ledger.allocations.get(payment.id) ?? null];
    }),
  );
}
