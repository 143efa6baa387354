import { BUCKETS, type Bucket, type StandingParameters, standingOf } from '../segmentation/standing.ts';
import { DAY, dayOfDate } from '../time/zone.ts';

/** What an account was said to be from a day on, as far as its bucket depends on it. */
export interface DelinquencyState {
  /** In the bank's zone. */
  readonly asOf: string;
  readonly pastDueSince: string | null;
  /** True when what is unpaid lies within the grace of amount. */
  readonly withinGraceAmount: boolean;
  readonly graceDays: number;
}

export interface BucketMove {
  readonly on: string;
  /** Null for the first bucket that is known. */
  readonly from: Bucket | null;
  readonly to: Bucket;
  /** On that day. */
  readonly daysPastDue: number;
}

/**
 * The days on which an account moved from one bucket to another, oldest first, from states in their order until `today`
 * inclusive. Between two states it moves by the days that pass; on the day of a state, to where the state puts it.
 */
export function bucketMoves(
  states: readonly DelinquencyState[],
  today: string,
  { bucketDays, mildUpToBucket }: Pick<StandingParameters, 'bucketDays' | 'mildUpToBucket'>,
): BucketMove[] {
  const moves: BucketMove[] = [];
  for (const [index, state] of states.entries()) {
    const until = states[index + 1]?.asOf ?? dateOf(dayOfDate(today) + 1);
    // Of several states of one day the last one counts.
    if (state.asOf >= until) continue;
    for (const on of daysOfChange(state, until, bucketDays)) {
      const { bucket, daysPastDue } = standingOn(state, on, { bucketDays, mildUpToBucket });
      const from = moves.at(-1)?.to ?? null;
      if (bucket !== from) moves.push({ on, from, to: bucket, daysPastDue });
    }
  }
  return moves;
}

/** Days from the state's own until another one, exclusive, on which days past due alone may put it elsewhere. */
function daysOfChange(
  { asOf, pastDueSince, graceDays }: DelinquencyState,
  until: string,
  bucketDays: number,
): string[] {
  if (pastDueSince === null) return [asOf];
  const since = dayOfDate(pastDueSince);
  const days = [graceDays + 1, ...BUCKETS.slice(1).map((_, index) => index * bucketDays + 1)];
  const later = [...new Set(days)].sort((a, b) => a - b).map((day) => dateOf(since + day));
  return [asOf, ...later.filter((date) => date > asOf && date < until)];
}

function standingOn(
  { pastDueSince, withinGraceAmount, graceDays }: DelinquencyState,
  todayDate: string,
  parameters: Pick<StandingParameters, 'bucketDays' | 'mildUpToBucket'>,
) {
  const totalMinor = withinGraceAmount ? 0n : 1n;
  return standingOf(
    { pastDueSince, minimumDueMinor: null, totalMinor, todayDate },
    { ...parameters, graceDays, graceAmountMinor: 0n },
  );
}

function dateOf(day: number): string {
  return new Date(day * DAY).toISOString().slice(0, 10);
}
