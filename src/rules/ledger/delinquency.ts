import { type Bucket, type StandingParameters, standingAfter } from '../segmentation/standing.ts';
import { daysPastDue, missedBefore, unpaidOf } from './dues.ts';
import { type History, lastDayOf, ledgerOf } from './history.ts';
import type { Moment, PostingKind } from './run.ts';

export interface BucketMove {
  readonly day: number;
  /** Null: the first state that is known. */
  readonly from: Bucket | null;
  readonly to: Bucket;
  readonly daysPastDue: number;
  /** A state of the core system, days that went by, or what was posted that day, with the id of the fact. */
  readonly cause: { readonly kind: 'core_state' | 'days' | PostingKind; readonly factId: string | null };
}

/**
 * Every move between buckets up to the end of the day `until`, as far as states and facts go. Computed from what is known
 * now, so a late fact corrects the moves that followed it. `parametersOn` gives grace and buckets of a day.
 */
export function bucketMoves(
  history: History,
  parametersOn: (day: number) => StandingParameters,
  until: number,
): BucketMove[] {
  const moves: BucketMove[] = [];
  for (const [index, state] of history.states.entries()) {
    const last = Math.min(lastDayOf(history, index, until), until);
    if (last < state.opening.day) continue;
    const { moments } = ledgerOf(history, last, index);
    let next = 0;
    for (let day = state.opening.day; day <= last; day += 1) {
      const parameters = parametersOn(day);
      const first = next;
      while (next < moments.length && moments[next]!.day <= day) next += 1;
      const standing = standingAt(moments[next - 1]!, day, parameters);
      const from = moves.at(-1)?.to ?? null;
      if (standing.bucket === from) continue;
      const cause = causeOf(moments.slice(first, next), day === state.opening.day, (moment) => {
        return standingAt(moment, day, parameters).bucket === standing.bucket;
      });
      moves.push({ day, from, to: standing.bucket, daysPastDue: standing.daysPastDue, cause });
    }
  }
  return moves;
}

function standingAt(moment: Moment, day: number, parameters: StandingParameters) {
  const days = daysPastDue(moment.dues, day, parameters.graceAmountMinor);
  return standingAfter(days, unpaidOf(missedBefore(moment.dues, day)), parameters);
}

/** The first of the day's changes after which the account stands in its new bucket. */
function causeOf(changes: readonly Moment[], isFirstDay: boolean, explains: (moment: Moment) => boolean) {
  const change = changes.find(explains);
  if (change === undefined) return { kind: 'days' as const, factId: null };
  if (isFirstDay && change === changes[0]) return { kind: 'core_state' as const, factId: null };
  const posting = change.postings.findLast(({ factId }) => factId !== null) ?? change.postings.at(-1);
  return posting === undefined
    ? { kind: 'days' as const, factId: null }
    : { kind: posting.kind, factId: posting.factId };
}
