import { accountPolicyAt } from '../accounts/policy.ts';
import { type Ctx, requireScope } from '../context.ts';
import { cursorOf, positionOf } from '../cursor.ts';
import { customerExists } from '../customers/repository.ts';
import type { Trx } from '../db/database.ts';
import { AppError, notFound, unprocessable, unprocessableFields } from '../errors.ts';
import type { EventType } from '../webhooks/events.ts';
import { emitEvents } from '../webhooks/outbox.ts';
import {
  beginOf,
  cardNumberErrors,
  caseEntryOf,
  caseEntryRecord,
  contentKeyOf,
  type Days,
  daysOf,
  normaliseDetails,
  sealEndText,
} from './record.ts';
import {
  type CaseEntryRow,
  findCaseEntry,
  holdCaseEntry,
  insertCaseEntry,
  listCaseEntryRows,
  lockAccount,
  overlapsPlacement,
  writeEnd,
} from './repository.ts';
import type { CaseEntry, CaseEntryOutcome, CaseEntryQuery, EndCaseEntry, NewCaseEntry } from './schemas.ts';

/** How entries end that do not simply stop to hold. */
const OUTCOMES_OF: Readonly<Partial<Record<string, readonly CaseEntryOutcome[]>>> = {
  complaint: ['upheld', 'partly_upheld', 'not_upheld', 'withdrawn'],
  placement: ['term_ended', 'recalled', 'paid', 'complaint', 'performance'],
};

/**
 * Records what became known of a customer; nothing that was recorded before is changed by it. Throws CASE_ENTRY_CONFLICT
 * for the same id with other content, PLACEMENT_OVERLAP for an account that is placed on one of these days, NOT_FOUND, and
 * UNPROCESSABLE for days out of order or in the future, amounts that are too precise, and texts with a card number.
 */
export async function recordCaseEntry(
  ctx: Ctx,
  customerId: string,
  input: NewCaseEntry,
): Promise<{ entry: CaseEntry; created: boolean }> {
  requireScope(ctx, 'customers:write');
  const days = daysOf(accountPolicyAt(ctx.policy, ctx.now).zone, ctx.now);
  const { details, errors } = normaliseDetails(input.details);
  if (errors.length > 0) throw unprocessableFields(errors);
  checkDays(input, days);
  const record = caseEntryRecord(ctx, customerId, input, details, days);
  return ctx.db.transaction().execute(async (trx) => {
    if (!(await customerExists(trx, customerId))) throw notFound('/customerId', 'customer');
    if (input.accountId !== null && !(await lockAccount(trx, customerId, input.accountId)))
      throw notFound('/accountId', 'account of this customer');
    const row = await insertCaseEntry(trx, record);
    if (row === undefined) {
      const earlier = await findCaseEntry(trx, customerId, input.entryId);
      if (!earlier?.content_key.equals(record.content_key))
        throw new AppError('CASE_ENTRY_CONFLICT', 'This entry was recorded with other content.');
      return { entry: caseEntryOf(ctx, earlier), created: false };
    }
    if (row.kind === 'placement') await refuseOverlap(trx, row);
    await tell(ctx, trx, 'case_entry.recorded', row);
    return { entry: caseEntryOf(ctx, row), created: true };
  });
}

function checkDays({ kind, on, until }: NewCaseEntry, { today }: Days): void {
  if (kind !== 'placement' && on !== undefined && on > today)
    throw unprocessable('/on', 'IN_THE_FUTURE', 'Only a placement can begin in the future.');
  if (until !== null && until <= (on ?? today))
    throw unprocessable('/until', 'OUT_OF_ORDER', 'The end is not after the start.');
}

async function refuseOverlap(trx: Trx, row: CaseEntryRow): Promise<void> {
  const wanted = {
    customerId: row.customer_id,
    entryId: row.entry_id,
    accountId: row.account_id!,
    startsOn: row.starts_on,
    untilOn: row.until_on,
  };
  if (await overlapsPlacement(trx, wanted))
    throw new AppError('PLACEMENT_OVERLAP', 'The account is placed with a collector on one of these days.');
}

/** The newest first, also those that have ended. Throws NOT_FOUND for an unknown customer. */
export async function listCaseEntries(
  ctx: Ctx,
  customerId: string,
  { kind, limit, cursor }: CaseEntryQuery,
): Promise<{ items: CaseEntry[]; nextCursor: string | null }> {
  requireScope(ctx, 'customers:read');
  const filters = { customerId, kind };
  const before =
    cursor === undefined
      ? null
      : (JSON.parse(positionOf(ctx.vault, 'caseEntries', filters, cursor)) as [string, string]);
  const rows = await listCaseEntryRows(ctx.db, customerId, kind, before, limit + 1);
  if (rows.length === 0 && !(await customerExists(ctx.db, customerId))) throw notFound('/customerId', 'customer');
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map((row) => caseEntryOf(ctx, row)),
    nextCursor:
      rows.length > limit && last
        ? cursorOf(ctx.vault, 'caseEntries', filters, JSON.stringify([last.begins_at.toString(), last.entry_id]))
        : null,
  };
}

/** One entry, also when it has ended. Throws NOT_FOUND. */
export async function getCaseEntry(ctx: Ctx, customerId: string, entryId: string): Promise<CaseEntry> {
  requireScope(ctx, 'customers:read');
  return caseEntryOf(ctx, found(await findCaseEntry(ctx.db, customerId, entryId)));
}

/**
 * Ends an entry from a day on (today when left out); the record of it stays. The same end again gives the first result.
 * Throws CASE_ENTRY_CONFLICT for another one, and UNPROCESSABLE for a day before the entry or in the future, and an outcome
 * that is missing or not one of its kind.
 */
export async function endCaseEntry(
  ctx: Ctx,
  customerId: string,
  entryId: string,
  input: EndCaseEntry,
): Promise<CaseEntry> {
  requireScope(ctx, 'customers:write');
  const errors = cardNumberErrors(input.text, ['text']);
  if (errors.length > 0) throw unprocessableFields(errors);
  const days = daysOf(accountPolicyAt(ctx.policy, ctx.now).zone, ctx.now);
  return ctx.db.transaction().execute(async (trx) => {
    const row = found(await holdCaseEntry(trx, customerId, entryId));
    const contentKey = contentKeyOf(ctx.vault, customerId, input);
    if (row.end_content_key !== null) {
      if (row.end_content_key.equals(contentKey)) return caseEntryOf(ctx, row);
      throw new AppError('CASE_ENTRY_CONFLICT', 'This entry was ended before, and otherwise.');
    }
    checkOutcome(row.kind, input.outcome);
    const endedOn = endDayOf(row, input.on, days);
    const begin = beginOf(endedOn, days);
    const ended = await writeEnd(trx, row, {
      endedOn,
      endsAt: Temporal.Instant.compare(begin, row.begins_at) < 0 ? row.begins_at : begin,
      outcome: input.outcome,
      textSealed: sealEndText(ctx.vault, row, input.text),
      contentKey,
      clientId: ctx.caller.clientId,
      recordedAt: ctx.now,
    });
    await tell(ctx, trx, 'case_entry.ended', ended);
    return caseEntryOf(ctx, ended);
  });
}

function checkOutcome(kind: string, outcome: CaseEntryOutcome | null): void {
  const allowed = OUTCOMES_OF[kind];
  if (allowed === undefined) {
    if (outcome !== null) throw unprocessable('/outcome', 'INVALID_VALUE', `An entry of ${kind} ends without one.`);
  } else if (outcome === null || !allowed.includes(outcome)) {
    throw unprocessable('/outcome', outcome === null ? 'REQUIRED' : 'INVALID_VALUE', `One of ${allowed.join(', ')}.`);
  }
}

/** The day of the end: not before the entry, and not after today but for an entry that is still to begin. */
function endDayOf(row: CaseEntryRow, on: string | undefined, { today }: Days): string {
  const latest = row.starts_on > today ? row.starts_on : today;
  const endedOn = on ?? latest;
  if (endedOn > latest)
    throw unprocessable('/on', 'IN_THE_FUTURE', 'An entry cannot be ended in the future; give it `until` instead.');
  if (endedOn < row.starts_on) throw unprocessable('/on', 'OUT_OF_ORDER', 'The end is before the start.');
  return endedOn;
}

function found(row: CaseEntryRow | undefined): CaseEntryRow {
  if (!row) throw notFound('/entryId', 'case entry of this customer');
  return row;
}

async function tell(
  ctx: Ctx,
  trx: Trx,
  type: Extract<EventType, `case_entry.${string}`>,
  row: CaseEntryRow,
): Promise<void> {
  const { customer_id: customerId, account_id: accountId, entry_id: entryId, kind, outcome } = row;
  const data = { customerId, entryId, kind, accountId, collectorId: row.collector_id, outcome };
  await emitEvents(trx, ctx.now, [{ type, key: customerId, data }]);
}
