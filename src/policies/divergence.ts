import { type Ctx, requireScope } from '../context.ts';
import { timeOfId } from '../ids.ts';
import { formatInstant } from '../rules/time/zone.ts';
import { wireInstant } from '../validation.ts';
import { differingRules } from './compare.ts';
import { readShadowed, type ShadowedDecision } from './decisions.ts';
import type { VersionKey } from './repository.ts';
import type { Divergence, DivergenceQuery } from './schemas.ts';
import { type Comparison, count, emptyTally, reportOf } from './tally.ts';
import { idOf, readVersion } from './view.ts';

const BATCH_SIZE = 1000;

/**
 * How often a version that was asked in shadow would have changed the answer, from the decisions that were recorded; a
 * check that was not recorded leaves nothing to count. Throws NOT_FOUND.
 */
export async function getPolicyDivergence(ctx: Ctx, key: VersionKey, query: DivergenceQuery): Promise<Divergence> {
  requireScope(ctx, 'policy:read');
  const { zone } = await readVersion(ctx, key);
  const [from, until] = [Temporal.Instant.from(query.from), Temporal.Instant.from(query.to)];
  const tally = emptyTally();
  let decisionsRead = 0;
  let after: string | null = null;
  let complete = false;
  while (!complete && decisionsRead < query.limit) {
    const size = Math.min(BATCH_SIZE, query.limit - decisionsRead);
    const batch: ShadowedDecision[] = await readShadowed(ctx.db, idOf(key), {
      from,
      until,
      sampleRate: query.sampleRate,
      after,
      size,
    });
    for (const decision of batch) {
      const comparison = comparisonOf(decision, key.pack, zone);
      if (comparison !== null) count(tally, comparison);
    }
    decisionsRead += batch.length;
    after = batch.at(-1)?.decision_id ?? after;
    complete = batch.length < size;
  }
  const { notComparable: _, factsTooShort: __, ...report } = reportOf(tally);
  const lastMs = after === null ? null : timeOfId(after);
  const readUntil = complete || lastMs === null ? until : Temporal.Instant.fromEpochMilliseconds(lastMs + 1);
  return {
    ...key,
    from: wireInstant(from),
    to: wireInstant(until),
    readUntil: wireInstant(readUntil),
    decisionsRead,
    ...report,
    decisionsAgreed: report.decisionsCompared - report.newlyRefused - report.newlyPermitted,
  };
}

/** Null when the version was not asked. What other packs refuse stays refused whatever this one says. */
function comparisonOf({ shadow, ...decision }: ShadowedDecision, pack: string, zone: string): Comparison | null {
  if (shadow === null) return null;
  const own = decision.reasons.filter((reason) => reason.pack.startsWith(`${pack}@`));
  const permitted = shadow.permitted && own.length === decision.reasons.length;
  const findings = (reasons: ShadowedDecision['reasons']) => new Map(reasons.map(({ ruleId, code }) => [ruleId, code]));
  return {
    decisionId: decision.decision_id,
    collectorId: decision.collector_id,
    day: formatInstant(zone, decision.evaluated_at.epochMilliseconds).slice(0, 10),
    difference: permitted === decision.permitted ? null : permitted ? 'newlyPermitted' : 'newlyRefused',
    ruleIds: differingRules(findings(own), findings(shadow.reasons)),
  };
}
