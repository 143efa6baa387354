import type { EventMarks } from '../rules/contact/facts.ts';
import type { Attempt } from './schemas.ts';

/** How an attempt counts: for which accounts (none is all), and with which marks. */
export interface Counted {
  readonly outcome: string;
  readonly accountIds: readonly string[];
  readonly marks: EventMarks | null;
}

/** What of an attempt, with its corrections laid over it, decides how it counts. */
export interface CountableAttempt {
  readonly outcome: string;
  readonly accountIds: readonly string[];
  readonly attributions?: Attempt['attributions'] | null | undefined;
  /** The account it was attributed to when it was reported. */
  readonly attributedTo?: string | null | undefined;
  readonly place?: 'home' | 'work' | null | undefined;
  readonly carrier?: string | null | undefined;
  readonly ringless?: boolean | null | undefined;
  readonly answerIncomplete?: boolean | null | undefined;
  readonly offeredToPay?: boolean | null | undefined;
  readonly inReplyTo?: string | null | undefined;
}

/** Contacts in which no debt was named: they count for at least one debt, and the collector chooses for which. */
const NAMES_NO_DEBT = [
  'no_answer',
  'busy',
  'not_in_service',
  'limited_message',
  'answered',
  'third_party_answered',
  'wrong_number',
];

/** True when the contact counts for one of its accounts and the report does not say for which. */
export function isOpenAttribution({ outcome, attributions }: CountableAttempt): boolean {
  return NAMES_NO_DEBT.includes(outcome) && !attributions?.length;
}

/**
 * For which accounts a contact counts (12 CFR 1006.14(b)(4), comment 1): those that the report attributes it to; one
 * that was chosen where no debt was named; else every account it was about. A contact always counts for one at least.
 */
export function countedAs(attempt: CountableAttempt): Counted {
  const { attributions, attributedTo } = attempt;
  const called = attributions?.filter(({ call }) => call).map(({ accountId }) => accountId) ?? [];
  const accountIds =
    called.length > 0
      ? called
      : isOpenAttribution(attempt) && attributedTo != null
        ? [attributedTo]
        : attempt.accountIds;
  const marks: EventMarks = {
    ...(attributions?.length
      ? { conversationAccountIds: attributions.filter((one) => one.conversation).map(({ accountId }) => accountId) }
      : {}),
    ...(attempt.place ? { place: attempt.place } : {}),
    ...(attempt.carrier ? { carrier: attempt.carrier } : {}),
    ...(attempt.ringless ? { ringless: true } : {}),
    ...(attempt.answerIncomplete ? { answerIncomplete: true } : {}),
    ...(attempt.offeredToPay ? { offeredToPay: true } : {}),
    ...(attempt.inReplyTo ? { inReplyTo: attempt.inReplyTo } : {}),
  };
  return { outcome: attempt.outcome, accountIds, marks: Object.keys(marks).length === 0 ? null : marks };
}

/** Days over which contacts are compared where an attribution is chosen: the window of the rules that count per debt. */
export const ATTRIBUTION_DAYS = 7;

/** The account with the fewest contacts keeps the most options open; of equal ones the first by id. */
export function chosenAccount(accountIds: readonly string[], counted: readonly (readonly string[])[]): string | null {
  let chosen: string | null = null;
  let fewest = Number.POSITIVE_INFINITY;
  for (const accountId of accountIds.toSorted()) {
    const count = counted.filter((ids) => ids.length === 0 || ids.includes(accountId)).length;
    if (count < fewest) {
      fewest = count;
      chosen = accountId;
    }
  }
  return chosen;
}
