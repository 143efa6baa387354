import { HORIZON_MS, NEVER } from './caps.ts';
import type { CompiledObligation, CompiledPack, CompiledRule, LimitState } from './compile.ts';
import type { ContactFacts } from './facts.ts';

/** A rule that does not permit at the instant asked about. */
export interface Finding {
  readonly rule: CompiledRule;
  /** First instant at which this rule alone would permit; null when none is foreseeable. */
  readonly permittedFrom: number | null;
  readonly limit: LimitState | null;
}

export interface Verdict {
  readonly permitted: boolean;
  readonly at: number;
  readonly packs: readonly CompiledPack[];
  readonly reasons: readonly Finding[];
  readonly warnings: readonly Finding[];
  readonly limits: readonly LimitState[];
  readonly obligations: readonly CompiledObligation[];
  /** Earliest instant at which every rule permits if nothing else happens: `at` itself when permitted, null when none is foreseeable. */
  readonly nextPermittedAt: number | null;
  /** Instant at which the rules stop permitting by the clock alone (end of hours, a hold that starts); null when unknown or denied. */
  readonly closesAt: number | null;
}

/**
 * Decides whether the contact described by `facts` is permitted at `at` under all `packs`: every rule must permit
 * (the strictest wins), every rule is reported, in the order of the packs and of their rules. No pack: never permitted.
 */
export function evaluate(packs: readonly CompiledPack[], facts: ContactFacts, at: number): Verdict {
  const reasons: Finding[] = [];
  const warnings: Finding[] = [];
  const limits: LimitState[] = [];
  const obligations: CompiledObligation[] = [];
  const binding: CompiledRule[] = [];
  for (const pack of packs) {
    const applicable = pack.applicable(facts);
    for (const rule of applicable.rules) {
      const limit = rule.limit === null ? null : rule.limit(facts, at);
      if (limit !== null) limits.push(limit);
      if (rule.spec.effect === 'refuse') binding.push(rule);
      if (limit !== null && limit.used < limit.max) continue;
      const earliest = rule.earliest(facts, at);
      if (earliest === at) continue;
      const finding = { rule, permittedFrom: earliest - at > HORIZON_MS ? null : earliest, limit };
      if (rule.spec.effect === 'refuse') reasons.push(finding);
      else warnings.push(finding);
    }
    obligations.push(...applicable.obligations);
  }
  const permitted = packs.length > 0 && reasons.length === 0;
  return {
    permitted,
    at,
    packs,
    reasons,
    warnings,
    limits,
    obligations,
    nextPermittedAt: permitted ? at : packs.length === 0 ? null : nextPermitted(binding, facts, at),
    closesAt: permitted ? earliestClose(binding, facts, at) : null,
  };
}

/** Least fixed point of all rules' own `earliest`: permitted at the result, and at no instant from `at` before it. */
function nextPermitted(rules: readonly CompiledRule[], facts: ContactFacts, at: number): number | null {
  let candidate = at;
  for (;;) {
    let next = candidate;
    for (const rule of rules) next = rule.earliest(facts, next);
    if (next === candidate) return candidate;
    if (next - at > HORIZON_MS) return null;
    candidate = next;
  }
}

function earliestClose(rules: readonly CompiledRule[], facts: ContactFacts, at: number): number | null {
  let closes = NEVER;
  for (const rule of rules) closes = Math.min(closes, rule.closes(facts, at));
  return closes === NEVER ? null : closes;
}
