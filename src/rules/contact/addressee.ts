import { DAY, localDay, startOfDay } from '../time/zone.ts';
import { type CountsEvent, NEVER } from './caps.ts';
import { CONCERNS, earliestInForce, inForceUntil } from './directives.ts';
import type { ContactEvent, ContactFacts } from './facts.ts';
import type { Allowance } from './policy.ts';

/** First instant at or after `ms` at which the pack lets this role be contacted for this purpose. */
export function earliestAllowed(allow: readonly Allowance[], facts: ContactFacts, ms: number): number {
  let earliest = NEVER;
  for (const allowance of allow) {
    if (!allowance.roles.includes(facts.party.role) || !allowance.purposes.includes(facts.request.purpose)) continue;
    const { needs } = allowance;
    if (needs === undefined) return ms;
    const from =
      'offerDays' in needs
        ? earliestOffer(facts, needs.offerDays * DAY, ms)
        : earliestInForce(needs.directive, CONCERNS[needs.about], facts, ms);
    earliest = Math.min(earliest, from);
  }
  return earliest;
}

function earliestOffer({ events }: ContactFacts, length: number, ms: number): number {
  const offer = events.person.find(({ offeredToPay, at }) => offeredToPay === true && ms < at + length);
  return offer === undefined ? NEVER : Math.max(ms, offer.at);
}

function offerEnds({ events }: ContactFacts, length: number, ms: number): number {
  const offer = events.person.findLast(({ offeredToPay, at }) => offeredToPay === true && at <= ms);
  return offer === undefined ? ms : Math.max(ms, offer.at + length);
}

/** Instant at which the allowance that holds at `ms` ends; Infinity when it rests on no directive. */
export function allowedUntil(allow: readonly Allowance[], facts: ContactFacts, ms: number): number {
  let end = ms;
  for (const allowance of allow) {
    if (!allowance.roles.includes(facts.party.role) || !allowance.purposes.includes(facts.request.purpose)) continue;
    const { needs } = allowance;
    if (needs === undefined) return NEVER;
    const until =
      'offerDays' in needs
        ? offerEnds(facts, needs.offerDays * DAY, ms)
        : inForceUntil(needs.directive, CONCERNS[needs.about], facts, ms);
    end = Math.max(end, until);
  }
  return end;
}

export interface Unreachability {
  readonly consecutiveCalls: number;
  readonly consecutiveDays: number;
  readonly lookbackDays: number;
}

/**
 * First instant at or after `ms` at which the debtor counts as unreachable, so that a contact person may be asked:
 * no valid number; or `consecutiveCalls` unanswered calls in a row, then from the next calendar day; or unanswered
 * calls on `consecutiveDays` days in a row, then at once (CBA guideline of 2026-01-30, as reported). A call that
 * reached the debtor, or whose outcome is not known yet, starts the count anew.
 */
export function earliestUnreachable(
  facts: ContactFacts,
  unanswered: CountsEvent,
  reached: CountsEvent,
  need: Unreachability,
  zone: string,
  ms: number,
): number {
  if (!facts.debtorHasValidNumber) return ms;
  const known = facts.events.debtor.filter((event) => event.at >= ms - need.lookbackDays * DAY);
  const reachedAt = known.findLast((event) => reached(event, facts.request))?.at ?? Number.NEGATIVE_INFINITY;
  const calls = known.filter((event) => event.at > reachedAt && unanswered(event, facts.request));
  const trigger = unreachableFrom(calls, need, zone);
  if (trigger <= ms) return ms;
  // By then the oldest calls may be too old to count.
  return trigger === NEVER ? NEVER : earliestUnreachable(facts, unanswered, reached, need, zone, trigger);
}

/** When unanswered calls in a row, oldest first, make the debtor unreachable; Infinity when they do not. */
function unreachableFrom(calls: readonly ContactEvent[], need: Unreachability, zone: string): number {
  const last = calls[need.consecutiveCalls - 1];
  let trigger = last === undefined ? NEVER : startOfDay(zone, localDay(zone, last.at) + 1);
  let days = 0;
  let lastDay = Number.NEGATIVE_INFINITY;
  for (const call of calls) {
    const day = localDay(zone, call.at);
    if (day !== lastDay) days = day === lastDay + 1 ? days + 1 : 1;
    lastDay = day;
    if (days >= need.consecutiveDays) trigger = Math.min(trigger, call.at);
  }
  return trigger;
}
