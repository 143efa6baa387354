import { type Selectable, sql } from 'kysely';
import type { Db, Trx } from '../db/database.ts';
import type { AttemptsTable, IncidentsTable } from '../db/tables.ts';
import type { CallRecordSource, IncidentKind, IncidentListQuery } from './schemas.ts';

export type IncidentRow = Selectable<IncidentsTable>;

/** Two sources that time one call by their own clocks may differ by this much. */
export const SAME_CONTACT_SECONDS = 120;

/** A contact without permission, as one source shows it. */
export interface UnpermittedContact {
  readonly kind: IncidentKind;
  readonly collectorId: string;
  readonly customerId: string;
  readonly addressKey: Buffer | null;
  readonly channel: string;
  readonly occurredAt: Temporal.Instant;
  readonly attemptId: string | null;
  readonly reservationId: string | null;
  readonly decisionId: string | null;
  /** Null for an attempt's own report. */
  readonly source: CallRecordSource | null;
}

/** Whoever looks for permissions of a collector's contacts waits here, so that two sources of one contact meet. */
export async function lockCollector(trx: Trx, collectorId: string): Promise<void> {
  await sql`SELECT pg_advisory_xact_lock(hashtextextended(${`incidents of ${collectorId}`}, 9))`.execute(trx);
}

/**
 * The incident of the same contact that another source has shown: of the same attempt, else of the same collector and
 * address at about the same time, without a report or a record of this source. Not one of `others`, which are other
 * contacts. Needs the collector's lock.
 */
export async function findSameContact(
  trx: Trx,
  contact: UnpermittedContact,
  others: readonly string[],
): Promise<IncidentRow | undefined> {
  const { attemptId, addressKey, collectorId, channel, occurredAt, source } = contact;
  if (attemptId !== null) {
    const known = await trx.selectFrom('incidents').selectAll().where('attempt_id', '=', attemptId).executeTakeFirst();
    if (known) return known;
  }
  if (addressKey === null) return undefined;
  return trx
    .selectFrom('incidents')
    .selectAll()
    .where('address_key', '=', addressKey)
    .where('occurred_at', '>=', occurredAt.subtract({ seconds: SAME_CONTACT_SECONDS }))
    .where('occurred_at', '<=', occurredAt.add({ seconds: SAME_CONTACT_SECONDS }))
    .where('collector_id', '=', collectorId)
    .where('channel', '=', channel)
    .where(sql<boolean>`incident_id <> ALL(${others}::text[])`)
    .$if(attemptId !== null, (query) => query.where('attempt_id', 'is', null))
    .$if(source !== null, (query) =>
      query.where(({ exists, not, selectFrom }) =>
        not(
          exists(
            selectFrom('call_records')
              .select('row_no')
              .where('source', '=', source!)
              .whereRef('call_records.incident_id', '=', 'incidents.incident_id'),
          ),
        ),
      ),
    )
    .orderBy(sql`abs(date_part('epoch', occurred_at - ${occurredAt.toString()}::timestamptz))`)
    .limit(1)
    .executeTakeFirst();
}

export async function insertIncident(
  trx: Trx,
  incidentId: string,
  contact: UnpermittedContact,
  now: Temporal.Instant,
): Promise<void> {
  await trx
    .insertInto('incidents')
    .values({
      incident_id: incidentId,
      kind: contact.kind,
      collector_id: contact.collectorId,
      customer_id: contact.customerId,
      address_key: contact.addressKey,
      channel: contact.channel,
      occurred_at: contact.occurredAt.toString(),
      detected_at: now.toString(),
      attempt_id: contact.attemptId,
      reservation_id: contact.reservationId,
      decision_id: contact.decisionId,
      status: 'open',
    })
    .execute();
}

/** Adds what a further source shows of the same contact. Who reported it after all is no orphan any more. */
export async function addEvidence(trx: Trx, incident: IncidentRow, contact: UnpermittedContact): Promise<void> {
  await trx
    .updateTable('incidents')
    .set({
      kind: incident.kind === 'orphan' ? contact.kind : incident.kind,
      attempt_id: incident.attempt_id ?? contact.attemptId,
      reservation_id: incident.reservation_id ?? contact.reservationId,
      decision_id: incident.decision_id ?? contact.decisionId,
    })
    .where('incident_id', '=', incident.incident_id)
    .execute();
}

export type LateAttempt = Selectable<AttemptsTable> & { readonly decision_id: string | null };

/** Takes late attempts out of their queue; two callers never get the same one. */
export async function takeLateAttempts(trx: Trx, limit: number): Promise<LateAttempt[]> {
  const { rows } = await sql<LateAttempt>`
    WITH taken AS (
      DELETE FROM late_attempts WHERE (customer_id, started_at, attempt_id) IN (
        SELECT customer_id, started_at, attempt_id FROM late_attempts ORDER BY started_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)
      RETURNING customer_id, started_at, attempt_id
    )
    SELECT a.*, r.decision_id FROM taken
      JOIN attempts a USING (customer_id, started_at, attempt_id)
      LEFT JOIN reservations r ON r.customer_id = a.customer_id AND r.reservation_id = a.reservation_id
     ORDER BY a.started_at, a.attempt_id`.execute(trx);
  return rows;
}

export interface IncidentFilter extends Omit<IncidentListQuery, 'collectorId' | 'limit' | 'cursor'> {
  /** Null: of all collectors. */
  readonly collectorId: string | null;
}

/** The newest first; `before` is the id after which the page begins. */
export async function listIncidentRows(
  db: Db,
  filter: IncidentFilter,
  before: string | null,
  limit: number,
): Promise<IncidentRow[]> {
  const { kind, status, collectorId, customerId, from, to } = filter;
  let query = db.selectFrom('incidents').selectAll();
  if (collectorId !== null) query = query.where('collector_id', '=', collectorId);
  if (customerId !== undefined) query = query.where('customer_id', '=', customerId);
  if (kind !== undefined) query = query.where('kind', '=', kind);
  // In the text of the statement, so that the index of what is not closed serves.
  if (status !== undefined) query = query.where('status', '=', sql.lit(status));
  if (from !== undefined) query = query.where('occurred_at', '>=', sql<Temporal.Instant>`${from}::timestamptz`);
  if (to !== undefined) query = query.where('occurred_at', '<', sql<Temporal.Instant>`${to}::timestamptz`);
  if (before !== null) query = query.where('incident_id', '<', before);
  return query.orderBy('incident_id', 'desc').limit(limit).execute();
}

export async function findIncident(db: Db | Trx, incidentId: string): Promise<IncidentRow | undefined> {
  return db.selectFrom('incidents').selectAll().where('incident_id', '=', incidentId).executeTakeFirst();
}

/** The same, locked until the end of the transaction. */
export async function holdIncident(trx: Trx, incidentId: string): Promise<IncidentRow | undefined> {
  return trx.selectFrom('incidents').selectAll().where('incident_id', '=', incidentId).forUpdate().executeTakeFirst();
}

export interface RecordReference {
  readonly incident_id: string;
  readonly upload_id: string;
  readonly row_no: bigint;
  readonly source: string;
  readonly vendor_call_id: string | null;
}

/** The call records that show these contacts. */
export async function recordsOf(db: Db | Trx, incidentIds: readonly string[]): Promise<RecordReference[]> {
  const { rows } = await sql<RecordReference>`
    SELECT incident_id, upload_id, row_no, source, vendor_call_id FROM call_records
     WHERE incident_id = ANY(${incidentIds}::text[]) ORDER BY source DESC, upload_id, row_no`.execute(db);
  return rows;
}
