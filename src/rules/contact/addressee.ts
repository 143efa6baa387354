import { DAY, localDay, startOfDay } from '../time/zone.ts';
import { type CountsEvent, NEVER } from './caps.ts';
import { CONCERNS, earliestInForce, inForceUntil } from './directives.ts';
import type { ContactFacts } from './facts.ts';
import type { Allowance } from './policy.ts';

/** First instant at or after `ms` at which the pack lets this role be contacted for this purpose. */
export function earliestAllowed(allow: readonly Allowance[], facts: ContactFacts, ms: number): number {
  let earliest = NEVER;
  for (const allowance of allow) {
    if (!allowance.roles.includes(facts.party.role) || !allowance.purposes.includes(facts.request.purpose)) continue;
    if (allowance.needs === undefined) return ms;
    earliest = Math.min(
      earliest,
      earliestInForce(allowance.needs.directive, CONCERNS[allowance.needs.about], facts, ms),
    );
  }
  return earliest;
}

/** Instant at which the allowance that holds at `ms` ends; Infinity when it rests on no directive. */
export function allowedUntil(allow: readonly Allowance[], facts: ContactFacts, ms: number): number {
  let end = ms;
  for (const allowance of allow) {
    if (!allowance.roles.includes(facts.party.role) || !allowance.purposes.includes(facts.request.purpose)) continue;
    if (allowance.needs === undefined) return NEVER;
    end = Math.max(end, inForceUntil(allowance.needs.directive, CONCERNS[allowance.needs.about], facts, ms));
  }
  return end;
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
  need: { readonly consecutiveCalls: number; readonly consecutiveDays: number; readonly lookbackDays: number },
  zone: string,
  ms: number,
): number {
  if (!facts.debtorHasValidNumber) return ms;
  let calls = 0;
  let days = 0;
  let lastDay = Number.NEGATIVE_INFINITY;
  let trigger = NEVER;
  for (const event of facts.events.debtor) {
    if (event.at < ms - need.lookbackDays * DAY) continue;
    if (reached(event)) {
      calls = 0;
      days = 0;
      lastDay = Number.NEGATIVE_INFINITY;
      trigger = NEVER;
    } else if (unanswered(event)) {
      const day = localDay(zone, event.at);
      calls += 1;
      if (day !== lastDay) days = day === lastDay + 1 ? days + 1 : 1;
      lastDay = day;
      if (calls >= need.consecutiveCalls) trigger = Math.min(trigger, startOfDay(zone, day + 1));
      if (days >= need.consecutiveDays) trigger = Math.min(trigger, event.at);
    }
  }
  return Math.max(ms, trigger);
}
