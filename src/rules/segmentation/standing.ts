import { lesser } from '../money/money.ts';
import { dayOfDate } from '../time/zone.ts';

/** Where an account stands by days alone; whether an overdraft is suspected to be malicious is never a matter of days. */
export const BUCKETS = ['M0', 'M1', 'M2', 'M3', 'M4', 'M5', 'M6', 'M7+'] as const;
export type Bucket = (typeof BUCKETS)[number];
export const SEGMENTS = ['current', 'mild', 'long_term', 'suspected_malicious'] as const;
export type Segment = (typeof SEGMENTS)[number];

/** What a pack says about standing; an account may carry its own grace. */
export interface StandingParameters {
  /** A due date missed by up to this many days, inclusive, counts as paid on time (容时). */
  readonly graceDays: number;
  /** An unpaid amount up to this one, inclusive, counts as paid (容差). */
  readonly graceAmountMinor: bigint;
  /** Width of a bucket in days. */
  readonly bucketDays: number;
  /** Last bucket of the segment `mild`, 3 for M3. */
  readonly mildUpToBucket: number;
}

export interface StandingFacts {
  /** The due date that was missed; null when nothing is overdue. */
  readonly pastDueSince: string | null;
  /** What is still to pay of the minimum payment; null when it is not known. */
  readonly minimumDueMinor: bigint | null;
  readonly totalMinor: bigint;
  /** The local date in the bank's zone. */
  readonly todayDate: string;
}

export interface Standing {
  /** Calendar days since the missed due date: due on the 20th, 0 on the 20th and 1 on the 21st; 0 before and without one. */
  readonly daysPastDue: number;
  readonly bucket: Bucket;
  readonly segment: Exclude<Segment, 'suspected_malicious'>;
}

/**
 * Days past due, bucket and segment of an account on a date. With buckets of 30 days M1 is 1 to 30, M2 31 to 60, … and
 * M7+ everything above 180. Inside the grace of days or of amount (both inclusive) the bucket is M0 and the segment
 * current, while `daysPastDue` goes on counting: the first day after the grace is in M1, or wherever its days put it.
 * The amount is the unpaid minimum payment or the whole balance, whichever is less. Source: card convention of the China
 * Banking Association for the grace; buckets are industry custom, segments bank policy, all of them pack parameters.
 */
export function standingOf(facts: StandingFacts, parameters: StandingParameters): Standing {
  const daysPastDue =
    facts.pastDueSince === null ? 0 : Math.max(0, dayOfDate(facts.todayDate) - dayOfDate(facts.pastDueSince));
  const { minimumDueMinor, totalMinor } = facts;
  return standingAfter(
    daysPastDue,
    minimumDueMinor === null ? totalMinor : lesser(minimumDueMinor, totalMinor),
    parameters,
  );
}

/** The same from the number of days past due and what is unpaid after them. */
export function standingAfter(daysPastDue: number, unpaid: bigint, parameters: StandingParameters): Standing {
  if (daysPastDue <= parameters.graceDays || unpaid <= parameters.graceAmountMinor) {
    return { daysPastDue, bucket: 'M0', segment: 'current' };
  }
  const index = Math.min(Math.ceil(daysPastDue / parameters.bucketDays), BUCKETS.length - 1);
  return { daysPastDue, bucket: BUCKETS[index]!, segment: index <= parameters.mildUpToBucket ? 'mild' : 'long_term' };
}
