import { lesser } from '../money/money.ts';
import { allocate } from './allocate.ts';
import { type Amounts, type Kind, NOTHING, placeOf, sum } from './components.ts';
import { checkDueDate, closeCycle, lowered, takeOff } from './cycle.ts';
import { type Due, pastDueSince, unpaidOf, withDue } from './dues.ts';
import { exactOf, type Rate, roundedInterest } from './interest.ts';
import {
  type Allocation,
  accrueTo,
  applyCredit,
  type ChargeKind,
  capDues,
  creditOf,
  type Moment,
  negated,
  orderOn,
  owedOf,
  type Posting,
  post,
  type Run,
  settleDues,
  single,
} from './run.ts';
import { type Opening, statementFrom, type Terms } from './terms.ts';

/** What has happened to an account since a state. Days are day numbers, ids the sender's. */
export type Fact =
  | { readonly kind: 'rate_change'; readonly id: string; readonly day: number; readonly rate: Rate }
  | {
      readonly kind: 'charge';
      readonly id: string;
      readonly day: number;
      readonly charge: ChargeKind;
      readonly component: Kind;
      /** Negative takes off. */
      readonly amountMinor: bigint;
    }
  | { readonly kind: 'chargeback'; readonly id: string; readonly day: number }
  /** A payment that the state includes is taken back: what it had paid is owed again. */
  | {
      readonly kind: 'return';
      readonly id: string;
      readonly day: number;
      readonly paid: Omit<Allocation, 'daysPastDue'>;
    }
  | { readonly kind: 'payment'; readonly id: string; readonly day: number; readonly amountMinor: bigint };

/** An account on a day, with how it came to it. */
export interface Ledger {
  readonly balances: Amounts;
  readonly creditMinor: bigint;
  readonly dues: readonly Due[];
  /** Null while nobody has said what the minimum payment is. */
  readonly minimumDueMinor: bigint | null;
  /** The due date that was missed. */
  readonly pastDueSince: number | null;
  readonly rate: Rate | null;
  /** Interest up to the day, the day itself not counted, that is not posted yet; rounded half-up. */
  readonly accruedMinor: bigint;
  readonly postings: readonly Posting[];
  readonly allocations: ReadonlyMap<string, Allocation>;
  readonly moments: readonly Moment[];
  /** The next day on which time alone changes something; null when it never does. */
  readonly changesOn: number | null;
}

const KIND_ORDER = ['rate_change', 'charge', 'payment', 'chargeback', 'return'];

/** Facts are a set: whatever order they arrived in, they happened in this one. */
function inOrder(facts: readonly Fact[]): Fact[] {
  return facts.toSorted(
    (a, b) =>
      a.day - b.day ||
      KIND_ORDER.indexOf(a.kind) - KIND_ORDER.indexOf(b.kind) ||
      (a.id < b.id ? -1 : a.id > b.id ? 1 : 0),
  );
}

/**
 * Plays the facts since a state, and what the contract does by itself, to the end of the day `until`. The answer depends
 * on the set of facts alone, so a late or backdated one simply plays in its place. A fact of a day before the state's
 * (posted before, and not in it) plays on its first day; its days past due are those of its own day. On one day the
 * penalty and the statement come first, then changes of rate, charges, payments, and what is taken back.
 */
export function replay(
  opening: Opening,
  facts: readonly Fact[],
  termsOn: (day: number) => Terms,
  until: number,
): Ledger {
  const run = begin(opening, termsOn);
  const moments: Moment[] = [{ day: opening.day, dues: run.dues, owedMinor: owedOf(run), postings: [] }];
  const sorted = inOrder(facts);
  let next = 0;
  for (;;) {
    const factDay = sorted[next] === undefined ? Infinity : Math.max(sorted[next]!.day, opening.day);
    const day = Math.min(factDay, run.checks[0]?.day ?? Infinity, run.nextStatement ?? Infinity);
    if (day > until) break;
    const posted = run.postings.length;
    accrueTo(run, day);
    while (run.checks[0]?.day === day) checkDueDate(run, day, run.checks.shift()!.dueOn);
    if (run.nextStatement === day) closeCycle(run, day);
    for (; sorted[next] !== undefined && Math.max(sorted[next]!.day, opening.day) === day; next += 1)
      apply(run, day, sorted[next]!);
    moments.push({ day, dues: run.dues, owedMinor: owedOf(run), postings: run.postings.slice(posted) });
  }
  accrueTo(run, until);
  return {
    balances: run.balances,
    creditMinor: creditOf(run),
    dues: run.dues,
    minimumDueMinor: run.minimumKnown ? unpaidOf(run.dues) : null,
    pastDueSince: pastDueSince(run.dues, until, termsOn(until).graceAmountMinor),
    rate: run.rate,
    accruedMinor: roundedInterest(run.exactInterest),
    postings: run.postings,
    allocations: run.allocations,
    moments,
    changesOn: nextChange(run, until),
  };
}

function nextChange(run: Run, until: number): number | null {
  const missed = run.dues.flatMap(({ dueOn }) => (dueOn !== null && dueOn >= until ? [dueOn + 1] : []));
  const days = [
    ...missed,
    ...run.checks.map(({ day }) => day),
    ...(run.nextStatement === null ? [] : [run.nextStatement]),
  ];
  return days.length === 0 ? null : Math.min(...days);
}

function begin(opening: Opening, termsOn: (day: number) => Terms): Run {
  const { billing, graceDays } = termsOn(opening.day);
  const owed = sum(opening.balances) - opening.creditMinor;
  const known = opening.minimumDueMinor;
  // Without a minimum payment all of it is what was missed.
  const unpaid = known === null ? owed : lesser(known, owed);
  const isMissed = opening.pastDueSince !== null;
  const dueOn = isMissed ? opening.pastDueSince : known === null ? null : upcomingDueDate(opening.day, billing);
  const isDue = unpaid > 0n && (isMissed || known !== null);
  const checkOn = dueOn === null ? null : dueOn + graceDays + 1;
  const isChecked = checkOn !== null && checkOn >= opening.day && known !== null && isDue;
  return {
    termsOn,
    balances: [...opening.balances],
    lots: opening.creditMinor > 0n ? [{ paymentId: null, leftMinor: opening.creditMinor }] : [],
    dues: isDue ? [{ dueOn, amountMinor: unpaid, unpaidMinor: unpaid }] : [],
    minimumKnown: known !== null,
    rate: opening.rate,
    exactInterest: exactOf(opening.accruedMinor),
    accruedTo: opening.day,
    nextStatement: billing === null ? null : statementFrom(opening.day, billing.statementDay),
    checks: isChecked ? [{ day: checkOn, dueOn: dueOn! }] : [],
    missedInARow: isMissed && !isChecked ? 1 : 0,
    instalmentsDueMinor: 0n,
    allocations: new Map(),
    postings: [],
  };
}

/** Due date of the last statement before a day, if it is still to come: nobody says that it was missed. */
function upcomingDueDate(day: number, billing: Terms['billing']): number | null {
  if (billing === null) return null;
  let statement = statementFrom(day - 31, billing.statementDay);
  for (let next = statement; next < day; next = statementFrom(next + 1, billing.statementDay)) statement = next;
  const dueOn = statement + billing.dueDays;
  return statement < day && dueOn >= day ? dueOn : null;
}

function apply(run: Run, day: number, fact: Fact): void {
  switch (fact.kind) {
    case 'rate_change':
      run.rate = fact.rate;
      return;
    case 'charge':
      charge(run, day, fact);
      return;
    case 'payment':
      pay(run, day, fact);
      return;
    case 'chargeback': {
      const paid = run.allocations.get(fact.id);
      if (paid) takeBack(run, day, 'chargeback', fact.id, paid);
      return;
    }
    case 'return':
      takeBack(run, day, 'return', fact.id, fact.paid);
  }
}

function pay(run: Run, day: number, fact: Extract<Fact, { kind: 'payment' }>): void {
  const { order, daysPastDue } = orderOn(run, day, fact.day);
  const { parts, restMinor } = allocate(run.balances, fact.amountMinor, order);
  const toDuesMinor = settleDues(run, fact.amountMinor);
  post(run, day, 'payment', fact.id, negated(parts), restMinor);
  if (restMinor > 0n) run.lots.push({ paymentId: fact.id, leftMinor: restMinor });
  run.allocations.set(fact.id, { amounts: parts, unappliedMinor: restMinor, toDuesMinor, daysPastDue });
}

function charge(run: Run, day: number, fact: Extract<Fact, { kind: 'charge' }>): void {
  const { charge: kind, component, amountMinor, id } = fact;
  const place = placeOf(component, true);
  if (kind === 'instalment_due') {
    const later = run.balances[place + 1]!;
    const due = lesser(later, amountMinor);
    run.instalmentsDueMinor += due;
    post(run, day, kind, id, NOTHING.with(place, due).with(place + 1, -due));
  } else if (amountMinor > 0n) {
    post(run, day, kind, id, single(place + 1, amountMinor));
    applyCredit(run, day);
  } else {
    const taken = takeOff(run.balances, place, -amountMinor);
    const restMinor = -amountMinor + sum(taken);
    // There is no more to waive than is owed; an adjustment corrects what was paid too much as well.
    const creditMinor = kind === 'adjustment' ? restMinor : 0n;
    if (creditMinor > 0n) run.lots.push({ paymentId: null, leftMinor: creditMinor });
    post(run, day, kind, id, taken, creditMinor);
    lowered(run, taken);
    applyCredit(run, day);
  }
}

/** What a payment had paid is owed again from a day, in the same components, and its part of the minimum is due then. */
function takeBack(
  run: Run,
  day: number,
  kind: 'chargeback' | 'return',
  paymentId: string,
  paid: Omit<Allocation, 'daysPastDue'>,
): void {
  let left = paid.unappliedMinor;
  for (const lot of run.lots) {
    if (kind === 'chargeback' && lot.paymentId !== paymentId) continue;
    const taken = lesser(lot.leftMinor, left);
    lot.leftMinor -= taken;
    left -= taken;
  }
  run.lots = run.lots.filter(({ leftMinor }) => leftMinor > 0n);
  // A credit that was used before the state was made is owed as purchases: nobody knows what it paid.
  const amounts = paid.amounts.with(RETAIL, paid.amounts[RETAIL]! + left);
  post(run, day, kind, paymentId, amounts, left - paid.unappliedMinor);
  if (paid.toDuesMinor > 0n)
    run.dues = withDue(run.dues, { dueOn: day, amountMinor: paid.toDuesMinor, unpaidMinor: paid.toDuesMinor });
  applyCredit(run, day);
  capDues(run);
}

const RETAIL = placeOf('retail', true);
