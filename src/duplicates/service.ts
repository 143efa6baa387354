import { type Ctx, requireScope } from '../context.ts';
import { cursorOf, positionOf } from '../cursor.ts';
import { giveKeys, moveCounts } from '../customers/counts.ts';
import { lockBudgetSubjects, refreshContactProfiles, type Trx } from '../db/database.ts';
import { AppError, notFound } from '../errors.ts';
import { fingerprint } from '../fingerprint.ts';
import { type Once, once } from '../idempotency.ts';
import { newId } from '../ids.ts';
import { wireInstant } from '../validation.ts';
import { emitEvents } from '../webhooks/outbox.ts';
import { settleCandidateOfMerge } from './candidate-repository.ts';
import { MATCH_RULES } from './match-rules.ts';
import { lockPersonsOf, MOST_RECORDS, settle } from './persons.ts';
import { findMerge, insertMerge, listMergeRows, type MergeRow, setApart, undoMerge } from './repository.ts';
import type { CustomerMerge, MergeListQuery, MergePage, NewMerge } from './schemas.ts';

/** Customers who are one person, and the end of it when they turned out not to be. */

/**
 * Makes two customers, and everybody who is the same person as either, one person: from now on their contacts, accounts and
 * directives count together. The records stay apart. Throws NOT_FOUND, CUSTOMERS_MERGED when they are one person already,
 * UNPROCESSABLE when they would be more than 51 records, and MERGE_CONFLICT for a `mergeId` that was used for something else.
 */
export async function mergeCustomers(
  ctx: Ctx,
  input: NewMerge,
  idempotencyKey?: string,
): Promise<Once<{ merge: CustomerMerge; created: boolean }>> {
  requireScope(ctx, 'customers:write');
  const { mergeId, ...said } = input;
  const print = fingerprint(said);
  return once(ctx, 'mergeCustomers', idempotencyKey, input, async (trx) => {
    if (mergeId !== undefined) {
      await lockBudgetSubjects(trx, [fingerprint({ mergeId })]);
      const earlier = await findMerge(trx, mergeId);
      if (earlier?.fingerprint?.equals(print)) return { merge: mergeOf(ctx, earlier), created: false };
      if (earlier) throw new AppError('MERGE_CONFLICT', 'This merge was recorded with other content.');
    }
    const merge = { ...said, mergeId: mergeId ?? newMergeId(ctx), basis: 'request' as const, candidateId: null, print };
    return { merge: mergeOf(ctx, await join(ctx, trx, merge)), created: true };
  });
}

export function newMergeId(ctx: Ctx): string {
  return newId('mrg', ctx.now.epochMilliseconds);
}

export interface Joining {
  readonly mergeId: string;
  readonly survivorId: string;
  readonly mergedId: string;
  readonly basis: 'candidate' | 'request';
  readonly reason: string;
  readonly candidateId: string | null;
  readonly print: Buffer | null;
}

/** Records a merge with all its effects; what `mergeCustomers` throws. */
export async function join(ctx: Ctx, trx: Trx, joining: Joining): Promise<MergeRow> {
  const { mergeId, survivorId, mergedId, reason, basis } = joining;
  const members = await lockPersonsOf(trx, [survivorId, mergedId]);
  const keyOf = (customerId: string, pointer: string) => {
    const found = members.find((member) => member.customer_id === customerId);
    if (!found) throw notFound(pointer, 'customer');
    return found.debtor_key;
  };
  const to = keyOf(survivorId, '/survivorId');
  const from = keyOf(mergedId, '/mergedId');
  if (from.equals(to)) throw new AppError('CUSTOMERS_MERGED', 'These customers are one person already.');
  if (members.filter(({ debtor_key }) => debtor_key.equals(from) || debtor_key.equals(to)).length > MOST_RECORDS)
    throw new AppError('UNPROCESSABLE', `One person has at most ${MOST_RECORDS} records; these would be more.`);
  const row = await insertMerge(trx, {
    ...joining,
    from,
    to,
    movedIds: members.filter((member) => member.debtor_key.equals(from)).map((member) => member.customer_id),
    reasonSealed: ctx.vault.seal(reasonAt('reason_sealed', mergeId), reason),
    ruleVersion: MATCH_RULES.version,
    clientId: ctx.caller.clientId,
    at: ctx.now.toString(),
  });
  await takeEffect(ctx, trx, row);
  const data = { mergeId, survivorId, mergedId, basis, ruleVersion: MATCH_RULES.version };
  await emitEvents(trx, ctx.now, [{ type: 'customer.merged', key: mergedId, data }]);
  return row;
}

/**
 * Ends a merge, of a person or of the rule: keys, contacts, budgets and directives are what the records and the other
 * merges say, as if it had never been. Two customers whom a bank gave one resident id stay apart from then on, also when
 * they are written again. Twice is the same as once. Throws NOT_FOUND.
 */
export async function undoCustomerMerge(ctx: Ctx, mergeId: string, reason: string): Promise<CustomerMerge> {
  requireScope(ctx, 'customers:write');
  return ctx.db.transaction().execute(async (trx) => {
    const seen = await findMerge(trx, mergeId);
    if (!seen) throw notFound('/mergeId', 'merge');
    const { survivor_id: survivorId, merged_id: mergedId } = seen;
    const members = await lockPersonsOf(trx, [survivorId, mergedId]);
    const row = await undoMerge(trx, mergeId, {
      at: ctx.now.toString(),
      reasonSealed: ctx.vault.seal(reasonAt('undo_reason_sealed', mergeId), reason),
      clientId: ctx.caller.clientId,
    });
    if (row === undefined) return mergeOf(ctx, (await findMerge(trx, mergeId))!);
    const ownOf = (customerId: string) => {
      const { own_key, debtor_key } = members.find((member) => member.customer_id === customerId)!;
      return own_key ?? debtor_key;
    };
    if (ownOf(survivorId).equals(ownOf(mergedId)))
      await setApart(trx, mergedId, ownOf(mergedId), ctx.vault.index('customer', mergedId));
    await takeEffect(ctx, trx, row);
    if (row.candidate_id !== null) await settleCandidateOfMerge(trx, row.candidate_id, ctx.now.toString());
    const data = { mergeId, survivorId, mergedId, basis: 'request' };
    await emitEvents(trx, ctx.now, [{ type: 'customer.merge_undone', key: mergedId, data }]);
    return mergeOf(ctx, row);
  });
}

/** Lets keys, counts and profiles follow. */
async function takeEffect(ctx: Ctx, trx: Trx, { survivor_id, merged_id }: MergeRow): Promise<void> {
  const at = ctx.now.toString();
  const { moves, customerIds } = await settle(trx, [survivor_id, merged_id], at);
  await moveCounts(trx, moves);
  await giveKeys(trx, moves);
  await refreshContactProfiles(trx, customerIds, at);
}

export async function getCustomerMerge(ctx: Ctx, mergeId: string): Promise<CustomerMerge> {
  requireScope(ctx, 'customers:read');
  const row = await findMerge(ctx.db, mergeId);
  if (!row) throw notFound('/mergeId', 'merge');
  return mergeOf(ctx, row);
}

/** Merges, the newest first, undone ones too. */
export async function listCustomerMerges(ctx: Ctx, query: MergeListQuery): Promise<MergePage> {
  requireScope(ctx, 'customers:read');
  const { limit, cursor, ...filters } = query;
  const before = cursor === undefined ? null : positionOf(ctx.vault, 'customer-merges', filters, cursor);
  const rows = await listMergeRows(ctx.db, filters, before, limit + 1);
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map((row) => mergeOf(ctx, row)),
    nextCursor:
      rows.length > limit && last ? cursorOf(ctx.vault, 'customer-merges', filters, String(last.position)) : null,
  };
}

/** People write reasons, and people write names. */
function reasonAt(column: 'reason_sealed' | 'undo_reason_sealed', mergeId: string) {
  return { table: 'customer_merges', column, rowId: mergeId };
}

export function mergeOf({ vault, caller }: Pick<Ctx, 'vault' | 'caller'>, row: MergeRow): CustomerMerge {
  const mayRead = caller.scopes.has('personal-data:read');
  const said = (column: 'reason_sealed' | 'undo_reason_sealed') => {
    const sealed = row[column];
    return sealed === null || !mayRead ? null : vault.open(reasonAt(column, row.merge_id), sealed);
  };
  return {
    mergeId: row.merge_id,
    survivorId: row.survivor_id,
    mergedId: row.merged_id,
    status: row.undone_at === null ? 'standing' : 'undone',
    basis: row.reason as CustomerMerge['basis'],
    reason: said('reason_sealed'),
    ruleVersion: row.rule_version,
    candidateId: row.candidate_id,
    movedCustomerIds: row.moved_ids,
    clientId: row.client_id,
    mergedAt: wireInstant(row.merged_at),
    undo:
      row.undone_at === null
        ? null
        : {
            at: wireInstant(row.undone_at),
            basis: row.undo_reason as NonNullable<CustomerMerge['undo']>['basis'],
            reason: said('undo_reason_sealed'),
            clientId: row.undo_client_id,
          },
  };
}
