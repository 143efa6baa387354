import { renderAnswer, type StoredAnswer } from '../contact/answer.ts';
import { pinned } from '../contact/pin.ts';
import { type Ctx, requireScope } from '../context.ts';
import { cursorOf, positionOf } from '../cursor.ts';
import type { Db, Trx } from '../db/database.ts';
import { AppError, notFound } from '../errors.ts';
import { timeOfId } from '../ids.ts';
import type { ContactFacts } from '../rules/contact/facts.ts';
import { wireInstant } from '../validation.ts';
import type { DecisionRow } from './history.ts';
import { recordedPolicy } from './recorded-policy.ts';
import { replay } from './replay.ts';
import type { DifferingPage, DifferingQuery, Replay, ReplayAnswer } from './schemas.ts';

/**
 * Takes a recorded decision again, and tells what differs. Whoever may read policy may replay every decision, any other
 * client its own. Throws NOT_FOUND for an unknown decision or version.
 */
export async function replayContactPermission(
  ctx: Ctx,
  decisionId: string,
  { as, policyVersion }: Replay,
): Promise<ReplayAnswer> {
  const seesAll = ctx.caller.scopes.has('policy:read') && ctx.caller.collectorId === null;
  if (!seesAll) requireScope(ctx, 'contact:check');
  const whatIf = policyVersion?.split('+');
  const what =
    whatIf &&
    pinned(
      ctx.policy,
      whatIf,
      whatIf.map(() => '/policyVersion'),
    );
  return ctx.db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (trx) => {
      const row = await findDecision(trx, decisionId);
      if (row === undefined || !(seesAll || row.client_id === ctx.caller.clientId))
        throw notFound('/decisionId', 'recorded decision');
      const recorded = await recordedPolicy(ctx, trx, decidedBy(row));
      const { answer, differences } = await replay(
        { trx, vault: ctx.vault, accountPolicy: ctx.policy },
        row,
        as,
        what ?? recorded,
        what === undefined,
      );
      const all = what === undefined ? [...recorded.missing, ...differences] : differences;
      return {
        decision: renderAnswer(answer, { ...ctx.policy, byId: recorded.byId }, ctx.language),
        identical: all.length === 0,
        differences: [...all],
      };
    });
}

/** Decisions that would be others with what is known now, the newest first; those of the last month are looked at. */
export async function listDifferingDecisions(ctx: Ctx, query: DifferingQuery): Promise<DifferingPage> {
  requireScope(ctx, 'policy:read');
  if (ctx.caller.collectorId !== null) throw new AppError('FORBIDDEN', 'The decisions of all are the bank’s to see.');
  const { limit, cursor, ...filters } = query;
  const before = cursor === undefined ? null : positionOf(ctx.vault, 'differing-decisions', filters, cursor);
  const rows = await ctx.db
    .selectFrom('differing_decisions')
    .selectAll()
    .$if(filters.customerId !== undefined, (list) => list.where('customer_id', '=', filters.customerId!))
    .$if(before !== null, (list) => list.where('decision_id', '<', before!))
    .orderBy('decision_id', 'desc')
    .limit(limit + 1)
    .execute();
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map((row) => ({
      decisionId: row.decision_id,
      customerId: row.customer_id,
      permitted: row.permitted,
      wouldBePermitted: row.would_be_permitted,
      foundAt: wireInstant(row.found_at),
    })),
    nextCursor:
      rows.length > limit && last ? cursorOf(ctx.vault, 'differing-decisions', filters, last.decision_id) : null,
  };
}

export async function findDecision(db: Db | Trx, decisionId: string): Promise<DecisionRow | undefined> {
  const time = timeOfId(decisionId);
  if (time === null) return undefined;
  return db
    .selectFrom('decisions')
    .selectAll()
    .where('decision_id', '=', decisionId)
    .where('recorded_at', '=', Temporal.Instant.fromEpochMilliseconds(time))
    .executeTakeFirst();
}

/** What tells the versions that decided. */
export function decidedBy(row: DecisionRow): Parameters<typeof recordedPolicy>[2] {
  const { packs } = row.engine as { packs: Record<string, string | null> };
  return {
    hashes: packs,
    policyVersion: row.policy_version,
    shadow: ((row.answer as unknown as StoredAnswer).shadow ?? []).map(({ pack }) => pack),
    jurisdictions: (row.facts as unknown as ContactFacts).jurisdictions,
    atMs: row.evaluated_at.epochMilliseconds,
  };
}
