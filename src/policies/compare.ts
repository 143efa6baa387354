import type { StoredAnswer } from '../contact/answer.ts';
import { appliesTo, type PolicyRegistry } from '../policy/registry.ts';
import type { CompiledPack } from '../rules/contact/compile.ts';
import { evaluate, type Timeline } from '../rules/contact/evaluate.ts';
import type { ContactFacts } from '../rules/contact/facts.ts';
import { formatInstant } from '../rules/time/zone.ts';
import type { Comparison, Difference } from './tally.ts';

/** A decision as it was recorded. */
export interface RecordedDecision {
  readonly decisionId: string;
  readonly evaluatedAtMs: number;
  readonly policyVersion: string;
  readonly facts: ContactFacts;
  readonly answer: Pick<StoredAnswer, 'permitted' | 'nextPermittedAt' | 'reasons'> &
    Partial<Pick<StoredAnswer, 'nextPermittedBecause'>>;
  /** Content hashes of the versions that decided, by `pack@version`. */
  readonly hashes: Readonly<Record<string, string | null>>;
}

export interface Compared {
  readonly comparison: Comparison;
  /** False when the version counts further back than the contacts that were recorded with the decision. */
  readonly factsReach: boolean;
}

/**
 * Asks again with the packs of the decision, this pack's version replaced by `candidate` (added where it was not part,
 * left out where it does not apply), and tells what differs. Null when a version that decided is unknown.
 */
export function compareWith(
  registry: PolicyRegistry,
  candidate: CompiledPack,
  decision: RecordedDecision,
): Compared | null {
  const { facts, evaluatedAtMs: at, answer } = decision;
  const named = packsOf(registry, candidate, decision);
  if (named === null) return null;
  const applies = facts.jurisdictions.some((code) => appliesTo(candidate.spec.jurisdictions, code));
  const verdict = evaluate(timelineWith(registry, applies ? candidate : null, named, facts, at), facts, at);
  const before = answer.reasons.map(({ ruleId, permittedFrom }) => [ruleId, msOf(permittedFrom)] as const);
  const after = verdict.reasons.map(({ rule, permittedFrom }) => [rule.spec.id, permittedFrom] as const);
  const difference = differenceOf(answer, verdict);
  const ruleIds = differingRules(new Map(before), new Map(after));
  const because = [
    ...(answer.nextPermittedBecause ?? []).map(({ ruleId }) => ruleId),
    ...verdict.nextPermittedBecause.map(({ spec }) => spec.id),
  ];
  const question = {
    channel: facts.request.channel,
    purpose: facts.request.purpose,
    carrier: facts.request.carrier ?? null,
    debtor: facts.party.role === 'debtor',
  };
  const since = (pack: CompiledPack) => pack.countsSince(question, at).ms;
  return {
    comparison: {
      decisionId: decision.decisionId,
      collectorId: facts.request.collectorId,
      day: formatInstant(candidate.spec.zone, at).slice(0, 10),
      difference,
      ruleIds: ruleIds.length > 0 ? ruleIds : because,
    },
    factsReach: !applies || since(candidate) >= Math.min(...named.all.map(since)),
  };
}

interface Named {
  /** The versions that decided. */
  readonly all: readonly CompiledPack[];
  /** The same without the pack that is compared. */
  readonly others: readonly CompiledPack[];
  readonly pack: string;
}

function packsOf(
  registry: PolicyRegistry,
  { spec: { pack } }: CompiledPack,
  { policyVersion, hashes }: RecordedDecision,
): Named | null {
  const ids = policyVersion === 'none' ? [] : policyVersion.split('+');
  const found = ids.map((id) => {
    const hash = hashes[id];
    return [id, (hash ? registry.byHash(hash) : undefined) ?? registry.byId(id)] as const;
  });
  const isOwn = (id: string) => id.startsWith(`${pack}@`);
  if (found.some(([id, one]) => one === undefined && !isOwn(id))) return null;
  const all = found.flatMap(([, one]) => one?.compiled ?? []);
  return { all, others: all.filter(({ spec }) => spec.pack !== pack), pack };
}

/** The packs at the decision and later; another jurisdiction without any pack still permits nothing. */
function timelineWith(
  registry: PolicyRegistry,
  candidate: CompiledPack | null,
  { others, pack }: Named,
  { jurisdictions }: ContactFacts,
  at: number,
): Timeline {
  const first = registry.inForceAt(jurisdictions, at);
  const byId = (a: CompiledPack, b: CompiledPack) => (a.id < b.id ? -1 : 1);
  return (ms) => {
    const inForce = ms < first.until ? first : registry.inForceAt(jurisdictions, ms);
    const rest = inForce.packs.filter(({ spec }) => spec.pack !== pack);
    const own = candidate === null ? [] : [candidate];
    const everywhere = [...rest, ...others, ...own];
    const known = jurisdictions.every((code) => everywhere.some(({ spec }) => appliesTo(spec.jurisdictions, code)));
    const packs = [...(ms < first.until ? others : rest), ...own].sort(byId);
    return { packs: known ? packs : [], until: inForce.until };
  };
}

function msOf(instant: string | null): number | null {
  return instant === null ? null : Temporal.Instant.from(instant).epochMilliseconds;
}

function differenceOf(
  before: Pick<StoredAnswer, 'permitted' | 'nextPermittedAt'>,
  after: { readonly permitted: boolean; readonly nextPermittedAt: number | null },
): Difference | null {
  if (before.permitted !== after.permitted) return after.permitted ? 'newlyPermitted' : 'newlyRefused';
  if (before.permitted) return null;
  return msOf(before.nextPermittedAt) === after.nextPermittedAt ? null : 'otherNextPermittedAt';
}

/** Rules with a finding in one and none, or one of another instant, in the other. */
export function differingRules<T>(before: ReadonlyMap<string, T>, after: ReadonlyMap<string, T>): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter(
    (ruleId) => before.has(ruleId) !== after.has(ruleId) || before.get(ruleId) !== after.get(ruleId),
  );
}
