import { type BoundedWindow, closesAt, opensAt } from '../time/windows.ts';
import { HORIZON_MS, NEVER } from './caps.ts';
import type { ContactFacts, DirectiveFacts, DirectiveKind } from './facts.ts';
import type { About } from './policy.ts';

export type Concerns = (directive: DirectiveFacts, facts: ContactFacts) => boolean;

function untilOf(directive: DirectiveFacts): number {
  return directive.until ?? NEVER;
}

/** True when the directive is about the person, number, account and channel that are asked for; null means any. */
export function concernsRequest(directive: DirectiveFacts, facts: ContactFacts): boolean {
  return (
    (directive.partyId === null || directive.partyId === facts.party.partyId) &&
    (directive.contactPointId === null || directive.contactPointId === facts.contactPoint?.contactPointId) &&
    (directive.channel === null || directive.channel === facts.request.channel) &&
    concernsAccounts(directive, facts)
  );
}

/** True when the directive is about the person, number and channel asked for, and about this debt; null is any debt. */
export function concernsDebt(directive: DirectiveFacts, facts: ContactFacts, accountId: string | null): boolean {
  return (
    (directive.partyId === null || directive.partyId === facts.party.partyId) &&
    (directive.contactPointId === null || directive.contactPointId === facts.contactPoint?.contactPointId) &&
    (directive.channel === null || directive.channel === facts.request.channel) &&
    (directive.accountId === null || accountId === null || directive.accountId === accountId)
  );
}

/** True when the directive names no account, or one of those asked for. */
export function concernsAccounts(directive: DirectiveFacts, facts: ContactFacts): boolean {
  return directive.accountId === null || facts.accounts.some((account) => account.accountId === directive.accountId);
}

/**
 * About whom a directive is. `party`: the person it names, the debtor when it names nobody; `addressee`: the person
 * asked for, also when it names nobody; `customer`: everybody of this customer; `accounts`: the accounts asked for.
 */
export const CONCERNS = {
  customer: () => true,
  accounts: concernsAccounts,
  party: (directive, facts) =>
    (directive.partyId === facts.party.partyId || (directive.partyId === null && facts.party.role === 'debtor')) &&
    concernsAccounts(directive, facts),
  addressee: (directive, facts) =>
    (directive.partyId === null || directive.partyId === facts.party.partyId) && concernsAccounts(directive, facts),
} satisfies Record<About, Concerns>;

/** First instant at or after `ms` at which no directive of the kind that `concerns` the request is in force. */
export function earliestFree(kind: DirectiveKind, concerns: Concerns, facts: ContactFacts, ms: number): number {
  let at = ms;
  for (let index = 0; index < facts.directives.length; index += 1) {
    const directive = facts.directives[index]!;
    if (directive.kind !== kind || !concerns(directive, facts)) continue;
    if (directive.from <= at && at < untilOf(directive)) {
      at = untilOf(directive);
      if (at === NEVER) return NEVER;
      index = -1;
    }
  }
  return at;
}

/** Next instant after `ms` at which a directive of the kind comes into force; Infinity if none is known. */
export function nextStart(kind: DirectiveKind, concerns: Concerns, facts: ContactFacts, ms: number): number {
  let next = NEVER;
  for (const directive of facts.directives) {
    if (directive.kind === kind && directive.from > ms && directive.from < next && concerns(directive, facts))
      next = directive.from;
  }
  return next;
}

/**
 * First instant at or after `ms` at which a directive of the kind that `concerns` the request is in force for each of
 * the accounts asked for: a notice about one account does not cover another.
 */
export function earliestInForce(kind: DirectiveKind, concerns: Concerns, facts: ContactFacts, ms: number): number {
  let at = ms;
  while (at - ms <= HORIZON_MS) {
    const next = Math.max(...perAccount(facts).map((part) => earliestStart(kind, concerns, part, at)));
    if (next === at) return at;
    at = next;
  }
  return NEVER;
}

/** First instant after `ms` at which one of the accounts is without a directive that is in force at `ms`. */
export function inForceUntil(kind: DirectiveKind, concerns: Concerns, facts: ContactFacts, ms: number): number {
  return Math.min(...perAccount(facts).map((part) => latestEnd(kind, concerns, part, ms)));
}

function perAccount(facts: ContactFacts): readonly ContactFacts[] {
  return facts.accounts.length < 2 ? [facts] : facts.accounts.map((account) => ({ ...facts, accounts: [account] }));
}

function earliestStart(kind: DirectiveKind, concerns: Concerns, facts: ContactFacts, ms: number): number {
  let earliest = NEVER;
  for (const directive of facts.directives) {
    if (directive.kind !== kind || !concerns(directive, facts)) continue;
    const from = Math.max(ms, directive.from);
    if (from < untilOf(directive) && from < earliest) earliest = from;
  }
  return earliest;
}

function latestEnd(kind: DirectiveKind, concerns: Concerns, facts: ContactFacts, ms: number): number {
  let end = ms;
  for (const directive of facts.directives) {
    if (directive.kind !== kind || !concerns(directive, facts)) continue;
    if (directive.from <= ms && untilOf(directive) > end) end = untilOf(directive);
  }
  return end;
}

/** The windows of all directives of the kind that concern the request. */
export function windowsOf(kind: DirectiveKind, facts: ContactFacts): BoundedWindow[] {
  const windows: BoundedWindow[] = [];
  for (const directive of facts.directives) {
    if (directive.kind === kind && concernsRequest(directive, facts)) windows.push(...directive.windows);
  }
  return windows;
}

/** First instant at or after `ms` that lies in none of the unwanted windows; Infinity when they leave no gap. */
export function earliestOutside(windows: readonly BoundedWindow[], ms: number): number {
  let at = ms;
  while (at - ms <= HORIZON_MS) {
    const inside = windows.find((window) => opensAt(window.zone, window, at, window) === at);
    if (inside === undefined) return at;
    at = closesAt(inside.zone, inside, at, inside.validUntil);
  }
  return NEVER;
}

/** Next instant at or after `ms` at which one of the windows opens; Infinity when none does. */
export function nextOpening(windows: readonly BoundedWindow[], ms: number): number {
  let next = NEVER;
  for (const window of windows) next = Math.min(next, opensAt(window.zone, window, ms, window));
  return next;
}
