import { localDay, MINUTE, startOfDay } from '../time/zone.ts';
import {
  type CountsEvent,
  compileFilter,
  countedAt,
  earliestUnder,
  HORIZON_MS,
  leavesAt,
  NEVER,
  windowAt,
} from './caps.ts';
import type { Behaviour, LimitState } from './compile.ts';
import { concernsDebt } from './directives.ts';
import type { AccountFacts, ContactEvent, ContactFacts } from './facts.ts';
import type { DayZone, PackSpec, RuleSpec, Scope } from './policy.ts';

/** Rules that count contacts: caps, distances and cooldowns, for whom and for which debt they count. */

type CapRule = Extract<RuleSpec, { kind: 'cap' }>;
type GapRule = Extract<RuleSpec, { kind: 'gap' }>;
type CooldownRule = Extract<RuleSpec, { kind: 'cooldown' }>;

/** What is counted apart: a debt or a group of debts; null when all contacts of the scope are one count. */
type Debt = Pick<AccountFacts, 'accountId' | 'groupAccountIds'> | null;

/** Remembers the last answer: one decision asks about the same facts at several instants. */
function lastOf<T, R>(work: (value: T) => R): (value: T) => R {
  let last: { readonly value: T; readonly result: R } | null = null;
  return (value) => {
    if (last === null || last.value !== value) last = { value, result: work(value) };
    return last.result;
  };
}

function eventsOf(scope: Scope, facts: ContactFacts): readonly ContactEvent[] {
  switch (scope) {
    case 'number':
      return facts.events.number;
    case 'household':
      return facts.events.household ?? facts.events.person;
    case 'collector':
      return facts.events.person.filter((event) => event.collectorId === facts.request.collectorId);
    default:
      return facts.events.person;
  }
}

const ALL_TOGETHER: readonly Debt[] = [null];

function debtsOf(scope: Scope, facts: ContactFacts, only: CapRule['debts']): readonly Debt[] {
  if (scope !== 'debt' && scope !== 'debt_group') return ALL_TOGETHER;
  // Nothing is known to be owed: every contact counts, as for one debt.
  if (facts.accounts.length === 0) return ALL_TOGETHER;
  const accounts = only === undefined ? facts.accounts : facts.accounts.filter(inCollectionProcedures);
  return scope === 'debt' ? accounts.map(({ accountId }) => ({ accountId })) : accounts;
}

function inCollectionProcedures({ inCollectionProcedures: started, status }: AccountFacts): boolean {
  return started === true || status === 'legal' || status === 'charged_off';
}

function isAbout(ids: readonly string[] | undefined, debt: Debt): boolean {
  if (debt === null || ids === undefined) return true;
  return debt.groupAccountIds === undefined
    ? ids.includes(debt.accountId)
    : debt.groupAccountIds.some((id) => ids.includes(id));
}

const calledAbout = (event: ContactEvent, debt: Debt) => isAbout(event.accountIds, debt);
const talkedAbout = (event: ContactEvent, debt: Debt) =>
  isAbout(event.conversationAccountIds ?? event.accountIds, debt);

function zonesOf(zone: DayZone | undefined, pack: PackSpec, facts: ContactFacts): readonly string[] {
  return zone === 'person' && facts.zones.length > 0 ? facts.zones : [pack.zone];
}

/** Time in which the person agreed to be called about a debt: [from, until), in milliseconds. */
interface Consent {
  readonly from: number;
  readonly until: number;
}

const NONE: readonly Consent[] = [];

/**
 * Consents given to the collector that asks, for a debt. Each holds for `days` calendar days, its own day the first, and
 * ends with a conversation about the debt; the call that became that conversation was still made under it.
 */
function consentsOf(
  facts: ContactFacts,
  debt: Debt,
  days: number | undefined,
  zones: readonly string[],
): readonly Consent[] {
  if (days === undefined || !facts.directives.some(({ kind }) => kind === 'call_consent')) return NONE;
  const given = facts.directives.filter(
    (directive) =>
      directive.kind === 'call_consent' &&
      (directive.collectorId === null || directive.collectorId === facts.request.collectorId) &&
      concernsDebt(directive, facts, debt === null ? null : debt.accountId),
  );
  return given.map(({ from, until }) => {
    const talk = facts.events.person.find(
      (event) => event.at > from && event.outcome === 'conversation' && talkedAbout(event, debt),
    );
    const ends = zones.map((zone) => startOfDay(zone, localDay(zone, from) + days));
    return { from, until: Math.min(until ?? NEVER, talk === undefined ? NEVER : talk.at + 1, ...ends) };
  });
}

const covers = (consents: readonly Consent[], ms: number) =>
  consents.some(({ from, until }) => from <= ms && ms < until);

function nextConsent(consents: readonly Consent[], ms: number): number {
  let next = NEVER;
  for (const { from, until } of consents) if (from >= ms && from < until && from < next) next = from;
  return next;
}

/** One count of a cap: a debt in a zone, with the contacts that can count for it. */
interface Count {
  readonly zone: string;
  readonly events: readonly ContactEvent[];
  readonly consents: readonly Consent[];
  readonly debt: Debt;
}

/** A cap: in every zone that may be the person's, for every debt asked about, fewer than `max` contacts count. */
export function capRule(rule: CapRule, pack: PackSpec): Behaviour {
  const counts: CountsEvent = compileFilter(rule.count);
  const { window, max, scope, consentDays } = rule;
  const counted = lastOf((facts: ContactFacts) =>
    eventsOf(scope, facts).filter((event) => counts(event, facts.request)),
  );
  const isPerDebt = scope === 'debt' || scope === 'debt_group';
  if (!isPerDebt && rule.zone !== 'person' && consentDays === undefined) {
    // Most caps are one count; they are asked with every question.
    const earliest = (facts: ContactFacts, ms: number) => earliestUnder(window, pack.zone, counted(facts), max, ms);
    return {
      earliest,
      limit: (facts, ms) =>
        limitOf(rule, null, pack.zone, countedAt(window, pack.zone, counted(facts), ms), ms, earliest, facts),
    };
  }
  const countsOf = (facts: ContactFacts): Count[] => {
    const events = counted(facts);
    const zones = zonesOf(rule.zone, pack, facts);
    return debtsOf(scope, facts, rule.debts).flatMap((debt) => {
      const consents = consentsOf(facts, debt, consentDays, zones);
      const own = events.filter((event) => calledAbout(event, debt) && !covers(consents, event.at));
      return zones.map((zone) => ({ zone, events: own, consents, debt }));
    });
  };
  const earliestOf = ({ zone, events, consents }: Count, ms: number) =>
    covers(consents, ms) ? ms : Math.min(earliestUnder(window, zone, events, max, ms), nextConsent(consents, ms));
  const earliest = (facts: ContactFacts, ms: number) => latestOfAll(countsOf(facts), earliestOf, ms);
  const isUnder = ({ zone, events }: Count, ms: number) => countedAt(window, zone, events, ms).length < max;
  return {
    earliest,
    limit: (facts, ms) => {
      const all = countsOf(facts).map((count) => ({ ...count, now: countedAt(window, count.zone, count.events, ms) }));
      const fullest = all.reduce((one, other) => (other.now.length > one.now.length ? other : one), all[0]!);
      return all.length === 0 ? null : limitOf(rule, fullest.debt, fullest.zone, fullest.now, ms, earliest, facts);
    },
    closes: (facts, ms) =>
      consentDays === undefined ? NEVER : endOfConsent(countsOf(facts), (count) => isUnder(count, ms), ms),
  };
}

function limitOf(
  rule: CapRule,
  debt: Debt,
  zone: string,
  counted: readonly ContactEvent[],
  ms: number,
  earliest: Behaviour['earliest'],
  facts: ContactFacts,
): LimitState {
  const { window, max } = rule;
  // A debt that belongs to no group is a group of its own.
  const scope = rule.scope === 'debt_group' && debt?.groupAccountIds === undefined ? 'debt' : rule.scope;
  const span = windowAt(window, zone, ms, counted);
  const oldest = counted[0];
  const returns = counted.length >= max ? earliest(facts, ms) : oldest ? leavesAt(window, zone, oldest.at) : NEVER;
  return {
    ruleId: rule.id,
    scope,
    accountId: debt?.accountId ?? null,
    used: counted.length,
    max,
    windowFrom: span.from,
    windowTo: span.to,
    countedIds: counted.map((event) => event.id),
    resetsAt: returns === NEVER ? null : returns,
  };
}

/** A distance in minutes after the last contact. */
export function gapRule(rule: GapRule): Behaviour {
  const counts = compileFilter(rule.after);
  const length = rule.minutes * MINUTE;
  return {
    earliest: (facts, ms) => {
      const events = eventsOf(rule.scope, facts);
      let at = ms;
      for (const debt of debtsOf(rule.scope, facts, undefined)) {
        const last = events.findLast((event) => counts(event, facts.request) && calledAbout(event, debt));
        if (last !== undefined) at = Math.max(at, last.at + length);
      }
      return at;
    },
  };
}

/** Days without contact after a conversation, of which the day of the conversation is the first. */
export function cooldownRule(rule: CooldownRule, pack: PackSpec): Behaviour {
  const counts = compileFilter(rule.after);
  const { scope, days, consentDays } = rule;
  const countsOf = (facts: ContactFacts): Count[] => {
    const events = eventsOf(scope, facts).filter((event) => counts(event, facts.request));
    if (events.length === 0) return [];
    const zones = zonesOf(rule.zone, pack, facts);
    return debtsOf(scope, facts, undefined).flatMap((debt) => {
      const own = events.filter((event) => talkedAbout(event, debt));
      const consents = consentsOf(facts, debt, consentDays, zones);
      return zones.map((zone) => ({ zone, events: own, consents, debt }));
    });
  };
  const freeFrom = ({ zone, events }: Count) => {
    const last = events.at(-1);
    return last === undefined ? Number.NEGATIVE_INFINITY : startOfDay(zone, localDay(zone, last.at) + days);
  };
  const earliestOf = (count: Count, ms: number) =>
    freeFrom(count) <= ms || covers(count.consents, ms)
      ? ms
      : Math.min(freeFrom(count), nextConsent(count.consents, ms));
  return {
    earliest: (facts, ms) => latestOfAll(countsOf(facts), earliestOf, ms),
    closes: (facts, ms) =>
      consentDays === undefined ? NEVER : endOfConsent(countsOf(facts), (count) => freeFrom(count) <= ms, ms),
  };
}

/** First instant at or after `ms` at which every count permits. */
function latestOfAll(counts: readonly Count[], earliestOf: (count: Count, ms: number) => number, ms: number): number {
  let at = ms;
  for (;;) {
    let next = at;
    for (const count of counts) next = Math.max(next, earliestOf(count, next));
    if (next === at || next - ms > HORIZON_MS) return next - ms > HORIZON_MS ? NEVER : at;
    at = next;
  }
}

/** When the consent ends without which one of the counts would refuse at `ms`. */
function endOfConsent(counts: readonly Count[], isFree: (count: Count) => boolean, ms: number): number {
  let end = NEVER;
  for (const count of counts) {
    if (isFree(count)) continue;
    end = Math.min(end, Math.max(ms, ...count.consents.filter(({ from }) => from <= ms).map(({ until }) => until)));
  }
  return end;
}
