import { type Insertable, type Selectable, sql } from 'kysely';
import type { Db, Trx } from '../db/database.ts';
import type { CaseEntriesTable } from '../db/tables.ts';

export type CaseEntryRow = Selectable<CaseEntriesTable>;

/** Writes an entry unless the customer has one of this id; undefined when there is one. */
export async function insertCaseEntry(
  trx: Trx,
  entry: Insertable<CaseEntriesTable>,
): Promise<CaseEntryRow | undefined> {
  return trx
    .insertInto('case_entries')
    .values(entry)
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst();
}

export async function findCaseEntry(
  db: Db | Trx,
  customerId: string,
  entryId: string,
): Promise<CaseEntryRow | undefined> {
  return db
    .selectFrom('case_entries')
    .selectAll()
    .where('customer_id', '=', customerId)
    .where('entry_id', '=', entryId)
    .executeTakeFirst();
}

/** The same, locked until the end of the transaction. */
export async function holdCaseEntry(trx: Trx, customerId: string, entryId: string): Promise<CaseEntryRow | undefined> {
  return trx
    .selectFrom('case_entries')
    .selectAll()
    .where('customer_id', '=', customerId)
    .where('entry_id', '=', entryId)
    .forUpdate()
    .executeTakeFirst();
}

/** Whoever places an account waits here for whoever else does. False when the customer has no such account. */
export async function lockAccount(trx: Trx, customerId: string, accountId: string): Promise<boolean> {
  const rows = await trx
    .selectFrom('accounts')
    .select('account_id')
    .where('customer_id', '=', customerId)
    .where('account_id', '=', accountId)
    .forNoKeyUpdate()
    .execute();
  return rows.length > 0;
}

/** True when another placement of the account shares a day with this one. Needs `lockAccount`. */
export async function overlapsPlacement(
  trx: Trx,
  wanted: { customerId: string; entryId: string; accountId: string; startsOn: string; untilOn: string | null },
): Promise<boolean> {
  const { rows } = await sql<{ entry_id: string }>`
    SELECT entry_id FROM case_entries
     WHERE customer_id = ${wanted.customerId} AND kind = 'placement' AND account_id = ${wanted.accountId}
       AND entry_id <> ${wanted.entryId}
       AND daterange(starts_on, least(until_on, ended_on)) && daterange(${wanted.startsOn}::date, ${wanted.untilOn}::date)
     LIMIT 1`.execute(trx);
  return rows.length > 0;
}

export interface CaseEntryEnd {
  readonly endedOn: string;
  readonly endsAt: Temporal.Instant;
  readonly outcome: string | null;
  readonly textSealed: Buffer | null;
  readonly contentKey: Buffer;
  readonly clientId: string;
  readonly recordedAt: Temporal.Instant;
}

export async function writeEnd(
  trx: Trx,
  { customer_id, entry_id }: Pick<CaseEntryRow, 'customer_id' | 'entry_id'>,
  end: CaseEntryEnd,
): Promise<CaseEntryRow> {
  return trx
    .updateTable('case_entries')
    .set({
      ended_on: end.endedOn,
      ends_at: sql<string>`least(ends_at, ${end.endsAt.toString()}::timestamptz)`,
      outcome: end.outcome,
      end_text_sealed: end.textSealed,
      end_content_key: end.contentKey,
      end_client_id: end.clientId,
      end_recorded_at: end.recordedAt.toString(),
    })
    .where('customer_id', '=', customer_id)
    .where('entry_id', '=', entry_id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** The newest first; `before` is the instant and the id after which the page begins. */
export async function listCaseEntryRows(
  db: Db,
  customerId: string,
  kind: string | undefined,
  before: readonly [string, string] | null,
  limit: number,
): Promise<CaseEntryRow[]> {
  let query = db.selectFrom('case_entries').selectAll().where('customer_id', '=', customerId);
  if (kind !== undefined) query = query.where('kind', '=', kind);
  if (before !== null)
    query = query.where(sql<boolean>`(begins_at, entry_id) < (${before[0]}::timestamptz, ${before[1]})`);
  return query.orderBy('begins_at', 'desc').orderBy('entry_id', 'desc').limit(limit).execute();
}
