import { lesser } from '../money/money.ts';

/** Minimum payments that are not paid yet, the oldest first. Days are day numbers. */

export interface Due {
  /** Null: due on a day that nobody has told, so it is never missed. */
  readonly dueOn: number | null;
  readonly amountMinor: bigint;
  readonly unpaidMinor: bigint;
}

/** Pays the oldest first; those that are paid are gone. */
export function payDues(dues: readonly Due[], amountMinor: bigint): { dues: readonly Due[]; paidMinor: bigint } {
  let left = amountMinor;
  const unpaid: Due[] = [];
  for (const due of dues) {
    const paid = lesser(due.unpaidMinor, left);
    left -= paid;
    if (paid < due.unpaidMinor) unpaid.push(paid === 0n ? due : { ...due, unpaidMinor: due.unpaidMinor - paid });
  }
  return { dues: unpaid, paidMinor: amountMinor - left };
}

export function unpaidOf(dues: readonly Due[]): bigint {
  return dues.reduce((total, { unpaidMinor }) => total + unpaidMinor, 0n);
}

/** What is unpaid of the minimums whose due date lies before this day: due on the 20th, missed from the 21st. */
export function missedBefore(dues: readonly Due[], day: number): Due[] {
  return dues.filter(({ dueOn }) => dueOn !== null && dueOn < day);
}

/**
 * The due date that an account has missed, seen on a day; null when nothing is missed, or no more than the grace amount
 * (inclusive): all but that much counts as paid (容差).
 */
export function pastDueSince(dues: readonly Due[], day: number, graceAmountMinor: bigint): number | null {
  const missed = missedBefore(dues, day);
  return unpaidOf(missed) <= graceAmountMinor ? null : missed[0]!.dueOn;
}

/** Days past due on a day: 0 on the due date, 1 on the day after it. */
export function daysPastDue(dues: readonly Due[], day: number, graceAmountMinor: bigint): number {
  const since = pastDueSince(dues, day, graceAmountMinor);
  return since === null ? 0 : day - since;
}

/** In the order of due dates; one without a date is the last. */
export function withDue(dues: readonly Due[], due: Due): readonly Due[] {
  const place = (one: Due) => one.dueOn ?? Number.POSITIVE_INFINITY;
  const index = dues.findIndex((one) => place(one) > place(due));
  return index < 0 ? [...dues, due] : dues.toSpliced(index, 0, due);
}
