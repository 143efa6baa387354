import { HORIZON_MS, NEVER } from './caps.ts';
import type { Applicable, CompiledObligation, CompiledPack, CompiledRule, LimitState } from './compile.ts';
import type { ContactFacts } from './facts.ts';
import type { ReasonCode } from './policy.ts';

/** A rule that does not permit at the instant asked about. */
export interface Finding {
  readonly rule: CompiledRule;
  /** The rule's own code, or MISSING_FACTS where it refuses because it does not know enough. */
  readonly code: ReasonCode;
  /** First instant at which this rule alone would permit; null when none is foreseeable. */
  readonly permittedFrom: number | null;
  readonly limit: LimitState | null;
}

export interface Verdict {
  readonly permitted: boolean;
  readonly at: number;
  /** The packs that bind such a contact; all that are in force where none does. */
  readonly packs: readonly CompiledPack[];
  readonly reasons: readonly Finding[];
  readonly warnings: readonly Finding[];
  /** Of the caps that refuse, full or not. */
  readonly limits: readonly LimitState[];
  readonly obligations: readonly CompiledObligation[];
  /** Earliest instant at which every rule permits if nothing else happens: `at` itself when permitted, null when none is foreseeable. */
  readonly nextPermittedAt: number | null;
  /** The rules without which it would be earlier: those that still refuse just before; empty when permitted. */
  readonly nextPermittedBecause: readonly CompiledRule[];
  /** Instant at which the rules stop permitting by the clock alone (end of hours, a hold that starts); null when unknown or denied. */
  readonly closesAt: number | null;
}

/** The packs that are in force at an instant, and the first later instant at which others are; Infinity when none. */
export type Timeline = (ms: number) => { readonly packs: readonly CompiledPack[]; readonly until: number };

/**
 * Decides whether the contact described by `facts` is permitted at `at` under all packs in force: every rule must permit
 * (the strictest wins), every rule is reported, in the order of the packs and of their rules. No pack: never permitted.
 */
export function evaluate(policy: Timeline | readonly CompiledPack[], facts: ContactFacts, at: number): Verdict {
  const timeline = typeof policy === 'function' ? policy : () => ({ packs: policy, until: NEVER });
  const { packs, until } = timeline(at);
  const reasons: Finding[] = [];
  const warnings: Finding[] = [];
  const limits: LimitState[] = [];
  const obligations: CompiledObligation[] = [];
  let closes = until;
  const bound: CompiledPack[] = [];
  for (const pack of packs) {
    const applicable = pack.applicable(facts);
    if (applicable === null) continue;
    bound.push(pack);
    for (const rule of applicable.rules) {
      const limit = rule.limit === undefined ? null : rule.limit(facts, at);
      const refuses = rule.spec.effect === 'refuse';
      if (refuses && limit !== null) limits.push(limit);
      if (limit !== null && limit.used < limit.max) continue;
      const earliest = rule.earliest(facts, at);
      if (earliest === at) continue;
      const code = rule.lacksFacts?.(facts) === true ? 'MISSING_FACTS' : rule.spec.code;
      const finding = { rule, code, permittedFrom: earliest - at > HORIZON_MS ? null : earliest, limit };
      if (refuses) reasons.push(finding);
      else warnings.push(finding);
    }
    obligations.push(...applicable.obligations);
    if (reasons.length > 0) continue;
    for (const rule of applicable.closing) closes = Math.min(closes, rule.closes(facts, at));
  }
  const permitted = packs.length > 0 && reasons.length === 0;
  const next = permitted ? at : nextPermitted(timeline, facts, at);
  return {
    permitted,
    at,
    packs: bound.length > 0 ? bound : packs,
    reasons,
    warnings,
    limits,
    obligations,
    nextPermittedAt: next,
    nextPermittedBecause: permitted || next === null ? [] : refusingAt(timeline, facts, next - 1),
    closesAt: permitted && closes !== NEVER ? closes : null,
  };
}

/** What binds such a contact, in the order of the packs. */
function bindingOf(packs: readonly CompiledPack[], facts: ContactFacts): Pick<Applicable, 'timeless' | 'timed'> {
  const applicable = packs.map((pack) => pack.applicable(facts)).filter((one) => one !== null);
  if (applicable.length === 1) return applicable[0]!;
  return {
    timeless: applicable.flatMap(({ timeless }) => timeless),
    timed: applicable.flatMap(({ timed }) => timed),
  };
}

/**
 * Least fixed point of all rules' own `earliest`: permitted at the result, and at no instant from `at` before it. Where
 * the law changes meanwhile, the rules of the new version decide from its first instant.
 */
function nextPermitted(timeline: Timeline, facts: ContactFacts, at: number): number | null {
  let from = at;
  for (;;) {
    const { packs, until } = timeline(from);
    const { timeless, timed } = bindingOf(packs, facts);
    const isHopeless = packs.length === 0 || timeless.some((rule) => rule.earliest(facts, from) !== from);
    const next = isHopeless ? NEVER : fixedPoint(timed, facts, from, Math.min(until, at + HORIZON_MS + 1));
    if (next < until) return next - at > HORIZON_MS ? null : next;
    if (until - at > HORIZON_MS) return null;
    from = until;
  }
}

/** Stops looking, with an instant at or after it, once `limit` is reached. */
function fixedPoint(rules: readonly CompiledRule[], facts: ContactFacts, at: number, limit: number): number {
  let candidate = at;
  for (;;) {
    let next = candidate;
    for (const rule of rules) {
      next = rule.earliest(facts, next);
      if (next >= limit) return NEVER;
    }
    if (next === candidate) return candidate;
    candidate = next;
  }
}

function refusingAt(timeline: Timeline, facts: ContactFacts, ms: number): CompiledRule[] {
  const { timeless, timed } = bindingOf(timeline(ms).packs, facts);
  return [...timeless, ...timed].filter((rule) => rule.earliest(facts, ms) !== ms);
}
