import { leavesAt, NEVER } from './caps.ts';
import type { CompiledRule, LimitState } from './compile.ts';
import { evaluate, type Timeline } from './evaluate.ts';
import { type ContactEvent, type ContactFacts, marksOf } from './facts.ts';

/** What remains of the caps, and when further contacts fit; the engine itself is asked, nothing is estimated. */

/** A cap with what is left of it. */
export interface BudgetState extends LimitState {
  readonly rule: CompiledRule;
  readonly remaining: number;
  /** For each used slot, earliest first, the instant at which it is free again if nothing else happens; Infinity is never. */
  readonly slotsReturnAt: readonly number[];
}

/** All caps that apply to the contact at `at`, in the order of the packs and their rules. */
export function budgetsAt(policy: Timeline, facts: ContactFacts, at: number): BudgetState[] {
  const rules = policy(at).packs.flatMap((pack) => pack.applicable(facts)?.rules ?? []);
  return rules.flatMap((rule) => {
    const limit = rule.limit?.(facts, at);
    if (!limit) return [];
    const remaining = Math.max(0, limit.max - limit.used);
    return [{ ...limit, rule, remaining, slotsReturnAt: returnsOf(rule, facts, limit, at) }];
  });
}

/** A count falls only when a contact leaves its window, so it is taken anew at each instant at which one may. */
function returnsOf(rule: CompiledRule, facts: ContactFacts, { used, windowTo }: LimitState, at: number): number[] {
  const { spec, pack } = rule;
  if (spec.kind !== 'cap') return [];
  const { person, number, household = [] } = facts.events;
  const zones = [pack.spec.zone, ...facts.zones];
  const leaves = [...person, ...number, ...household].flatMap((event) =>
    zones.map((zone) => leavesAt(spec.window, zone, event.at)),
  );
  const returns: number[] = [];
  let counted = used;
  for (const instant of [...new Set([windowTo, ...leaves])].sort((a, b) => a - b)) {
    if (instant <= at || instant === NEVER || counted === 0) continue;
    const left = rule.limit?.(facts, instant)?.used ?? 0;
    for (; counted > left; counted -= 1) returns.push(instant);
  }
  return [...returns, ...new Array<number>(counted).fill(NEVER)];
}

export interface Plan {
  /** So many contacts at most. */
  readonly contacts: number;
  /** Exclusive. */
  readonly until: number;
  /** So long at least from one contact to the next; above 0. */
  readonly apartMs: number;
}

/**
 * Instants, ascending from `from` on, at which one contact after the other is permitted, each at the first chance it
 * has. Every contact counts in every way it may turn out, so the plan holds whatever the calls before it come to.
 */
export function scheduleOf(policy: Timeline, facts: ContactFacts, from: number, plan: Plan): number[] {
  const instants: number[] = [];
  let known = facts;
  let at = from;
  while (instants.length < plan.contacts) {
    const next = evaluate(policy, known, at).nextPermittedAt;
    if (next === null || next >= plan.until) break;
    instants.push(next);
    known = withContact(known, next, `planned-${instants.length}`);
    at = next + plan.apartMs;
  }
  return instants;
}

/** The facts once the contact that is asked for has a slot at `at`, as a reservation would be counted. */
export function withContact(facts: ContactFacts, at: number, id: string): ContactFacts {
  const { request, party, contactPoint, accounts, events } = facts;
  const contact: ContactEvent = {
    id,
    at,
    channel: request.channel,
    outcome: 'pending',
    direction: 'outbound',
    collectorId: request.collectorId,
    purpose: request.purpose,
    ...(accounts.length === 0 ? {} : { accountIds: accounts.map(({ accountId }) => accountId) }),
    ...marksOf(facts),
  };
  const add = (list: readonly ContactEvent[]) => [...list, contact].sort((a, b) => a.at - b.at);
  const ofHousehold = party.role === 'debtor' || party.role === 'spouse';
  return {
    ...facts,
    request: request.reply === undefined ? request : { ...request, reply: { ...request.reply, answered: true } },
    events: {
      ...events,
      person: add(events.person),
      number: contactPoint === null ? events.number : add(events.number),
      ...(events.household && ofHousehold ? { household: add(events.household) } : {}),
    },
  };
}
