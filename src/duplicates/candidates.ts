import { type Ctx, requireScope } from '../context.ts';
import { cursorOf, positionOf } from '../cursor.ts';
import { AppError, notFound, unprocessable } from '../errors.ts';
import { wireInstant } from '../validation.ts';
import { type CandidateRow, findCandidate, listCandidateRows, settleCandidate } from './candidate-repository.ts';
import { findMerge } from './repository.ts';
import type { Candidate, CandidateListQuery, CandidateMerge, CandidatePage, CustomerMerge } from './schemas.ts';
import { join, mergeOf, newMergeId } from './service.ts';

/** Two customers who may be one person: a person looks at them and decides. */

/** Candidates, the newest first. */
export async function listDuplicateCandidates(ctx: Ctx, query: CandidateListQuery): Promise<CandidatePage> {
  requireScope(ctx, 'customers:read');
  const { limit, cursor, ...filters } = query;
  const before = cursor === undefined ? null : positionOf(ctx.vault, 'duplicate-candidates', filters, cursor);
  const rows = await listCandidateRows(ctx.db, filters, before, limit + 1);
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map((row) => candidateOf(ctx, row)),
    nextCursor:
      rows.length > limit && last ? cursorOf(ctx.vault, 'duplicate-candidates', filters, last.candidate_id) : null,
  };
}

/**
 * Decides that both are one person, with the effects of a merge. The same decision again gives the first result. Throws
 * NOT_FOUND, CANDIDATE_SETTLED, and CUSTOMERS_MERGED when they have become one person in another way.
 */
export async function mergeDuplicateCandidate(
  ctx: Ctx,
  candidateId: string,
  { survivorId, reason }: CandidateMerge,
): Promise<CustomerMerge> {
  requireScope(ctx, 'customers:write');
  return ctx.db.transaction().execute(async (trx) => {
    const seen = await findCandidate(trx, candidateId);
    if (!seen) throw notFound('/candidateId', 'candidate');
    const pair = [seen.customer_id, seen.other_id];
    if (!pair.includes(survivorId))
      throw unprocessable('/survivorId', 'INVALID_VALUE', 'The survivor is one of the two customers.');
    const earlier = seen.status === 'merged' ? await findMerge(trx, seen.merge_id!) : undefined;
    if (earlier?.survivor_id === survivorId) return mergeOf(ctx, earlier);
    if (seen.status !== 'open') throw settled(seen.status);
    const mergedId = pair.find((id) => id !== survivorId)!;
    const mergeId = newMergeId(ctx);
    const row = await join(ctx, trx, {
      mergeId,
      survivorId,
      mergedId,
      reason,
      basis: 'candidate',
      candidateId,
      print: null,
    });
    const decided = { status: 'merged', ...decisionOf(ctx, candidateId, reason), mergeId } as const;
    if (!(await settleCandidate(trx, candidateId, decided))) throw settled('decided');
    return mergeOf(ctx, row);
  });
}

/** Decides that they are two people: the pair is not found again. Twice is the same as once. */
export async function dismissDuplicateCandidate(ctx: Ctx, candidateId: string, reason: string): Promise<Candidate> {
  requireScope(ctx, 'customers:write');
  return ctx.db.transaction().execute(async (trx) => {
    const decided = { status: 'dismissed', ...decisionOf(ctx, candidateId, reason), mergeId: null } as const;
    const row = (await settleCandidate(trx, candidateId, decided)) ?? (await findCandidate(trx, candidateId));
    if (!row) throw notFound('/candidateId', 'candidate');
    if (row.status !== 'dismissed') throw settled(row.status);
    return candidateOf(ctx, row);
  });
}

function decisionOf(ctx: Ctx, candidateId: string, reason: string) {
  return {
    at: ctx.now.toString(),
    clientId: ctx.caller.clientId,
    reasonSealed: ctx.vault.seal(reasonAt(candidateId), reason),
  };
}

function settled(status: string): AppError {
  return new AppError('CANDIDATE_SETTLED', `The candidate is ${status}.`);
}

function reasonAt(candidateId: string) {
  return { table: 'duplicate_candidates', column: 'reason_sealed', rowId: candidateId };
}

function candidateOf({ vault, caller }: Ctx, row: CandidateRow): Candidate {
  const mayRead = caller.scopes.has('personal-data:read') && row.reason_sealed !== null;
  return {
    candidateId: row.candidate_id,
    customerIds: [row.customer_id, row.other_id],
    status: row.status as Candidate['status'],
    key: 'name_and_phone',
    score: Number(row.score),
    evidence: row.evidence as Candidate['evidence'],
    ruleVersion: row.rule_version,
    foundAt: wireInstant(row.found_at),
    settledAt: wireInstant(row.settled_at),
    clientId: row.settle_client_id,
    reason: mayRead ? vault.open(reasonAt(row.candidate_id), row.reason_sealed!) : null,
    mergeId: row.merge_id,
  };
}
