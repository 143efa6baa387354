import { type Selectable, sql } from 'kysely';
import { type Db, refreshContactProfiles, type Trx } from '../db/database.ts';
import type { AttemptCorrectionsTable, AttemptsTable } from '../db/tables.ts';
import type { Counted } from './counted.ts';

export type AttemptRow = Selectable<AttemptsTable>;
export type CorrectionRow = Selectable<AttemptCorrectionsTable>;

/** The first report and its corrections in order; undefined when the id is unknown. */
export async function findAttempt(
  db: Db | Trx,
  attemptId: string,
): Promise<{ row: AttemptRow; corrections: CorrectionRow[] } | undefined> {
  const row = await db
    .selectFrom('attempt_directory as directory')
    .innerJoin('attempts', (join) =>
      join
        .onRef('attempts.customer_id', '=', 'directory.customer_id')
        .onRef('attempts.started_at', '=', 'directory.started_at')
        .onRef('attempts.attempt_id', '=', 'directory.attempt_id'),
    )
    .selectAll('attempts')
    .where('directory.attempt_id', '=', attemptId)
    .executeTakeFirst();
  if (!row) return undefined;
  const corrections = await db
    .selectFrom('attempt_corrections')
    .selectAll()
    .where('customer_id', '=', row.customer_id)
    .where('attempt_id', '=', attemptId)
    .orderBy('correction_no')
    .execute();
  return { row, corrections };
}

/** Whom a contact is counted for, and on which number. */
export interface Subject {
  readonly partyId: string;
  readonly personKey: Buffer;
  readonly contactPointId: string | null;
  readonly addressKey: Buffer | null;
  /** Where the contact point reaches the person; null when it is tied to no place. */
  readonly place: 'home' | 'work' | null;
}

/** Looks up the party (the debtor when none is named) and the contact point of a report; nulls where there is none. */
export async function findSubject(
  db: Trx,
  wanted: { customerId: string; partyId: string | null; contactPointId: string | null; addressKey: Buffer | null },
): Promise<{
  customer: boolean;
  party: { partyId: string; personKey: Buffer } | null;
  contactPoint: { contactPointId: string; addressKey: Buffer; place: Subject['place'] } | null;
}> {
  const result = await sql<{
    customer_id: string;
    party_id: string | null;
    person_key: Buffer;
    contact_point_id: string | null;
    address_key: Buffer;
    place: Subject['place'];
  }>`
    SELECT c.customer_id, p.party_id, p.person_key, cp.contact_point_id, cp.address_key,
      coalesce(cp.place, CASE WHEN cp.line = 'work' THEN 'work' END) AS place
    FROM customers c
    LEFT JOIN parties p ON p.customer_id = c.customer_id
      AND CASE WHEN ${wanted.partyId}::text IS NULL THEN p.role = 'debtor' ELSE p.party_id = ${wanted.partyId} END
    LEFT JOIN contact_points cp ON cp.customer_id = c.customer_id
      AND CASE WHEN ${wanted.contactPointId}::text IS NULL THEN cp.address_key = ${wanted.addressKey} ELSE cp.contact_point_id = ${wanted.contactPointId} END
    WHERE c.customer_id = ${wanted.customerId}
    ORDER BY cp.party_id = p.party_id DESC NULLS LAST LIMIT 1`.execute(db);
  const row = result.rows[0];
  return {
    customer: row !== undefined,
    party: row?.party_id ? { partyId: row.party_id, personKey: row.person_key } : null,
    contactPoint: row?.contact_point_id
      ? { contactPointId: row.contact_point_id, addressKey: row.address_key, place: row.place }
      : null,
  };
}

/** The reservation a report settles: the one it names, or the one its client took under a requestId equal to the attempt id. */
export async function findReservationFor(
  trx: Trx,
  wanted: { customerId: string; reservationId: string | null; clientId: string; attemptId: string },
) {
  return trx
    .selectFrom('reservations')
    .selectAll()
    .where('customer_id', '=', wanted.customerId)
    .where((where) =>
      wanted.reservationId === null
        ? where.and([where('client_id', '=', wanted.clientId), where('request_id', '=', wanted.attemptId)])
        : where('reservation_id', '=', wanted.reservationId),
    )
    .executeTakeFirst();
}

/** Gives a reservation its outcome. */
export async function settleReservation(
  trx: Trx,
  reservation: { customer_id: string; reservation_id: string },
  attemptId: string,
): Promise<void> {
  await trx
    .updateTable('reservations')
    .set({ attempt_id: attemptId })
    .where('customer_id', '=', reservation.customer_id)
    .where('reservation_id', '=', reservation.reservation_id)
    .execute();
}

/** The accounts that the person's contacts after `since` count for, one list for each contact. */
export async function countedAccounts(trx: Trx, personKey: Buffer, since: Temporal.Instant): Promise<string[][]> {
  const rows = await trx
    .selectFrom('budget_entries')
    .select('account_ids')
    .where('subject_key', '=', personKey)
    .where('started_at', '>', since)
    .execute();
  return rows.map((row) => row.account_ids);
}

/** The accounts of the person that this customer is, also those of the same person's other customers. */
export async function accountIdsOf(trx: Trx, customerId: string): Promise<string[]> {
  const { rows } = await sql<{ account_id: string }>`
    SELECT a.account_id FROM customers c
      JOIN accounts a ON a.customer_id = ANY (array_append(same_person(c.customer_id, c.debtor_key), c.customer_id))
     WHERE c.customer_id = ${customerId}`.execute(trx);
  return rows.map((row) => row.account_id);
}

/** Counts a contact for its person and its number. */
export async function countAttempt(trx: Trx, row: AttemptRow, { outcome, accountIds, marks }: Counted): Promise<void> {
  const { customer_id, channel, direction, purpose, collector_id } = row;
  await trx
    .insertInto('budget_entries')
    .values(
      subjectKeys(row).map((subject_key) => ({
        customer_id,
        channel,
        direction,
        purpose,
        collector_id,
        outcome,
        account_ids: [...accountIds],
        marks: marks && JSON.stringify(marks),
        subject_key,
        started_at: row.started_at.toString(),
        contact_id: row.attempt_id,
      })),
    )
    .execute();
}

/** Takes the open slot of a reservation out of the budgets: it was released, or its outcome counts instead. */
export async function uncountReservation(
  trx: Trx,
  reservation: {
    person_key: Buffer;
    address_key: Buffer | null;
    reservation_id: string;
    reserved_at: Temporal.Instant;
  },
): Promise<void> {
  await trx
    .deleteFrom('budget_entries')
    .where('subject_key', 'in', subjectKeys(reservation))
    .where('started_at', '=', reservation.reserved_at)
    .where('contact_id', '=', reservation.reservation_id)
    .execute();
}

/** Lets an attempt count as it is known now: a correction changes what counts from now on. */
export async function recount(trx: Trx, row: AttemptRow, { outcome, accountIds, marks }: Counted): Promise<void> {
  const now = marks === null ? null : JSON.stringify(marks);
  await trx
    .updateTable('budget_entries')
    .set({
      outcome,
      account_ids: [...accountIds],
      marks: sql`CASE WHEN marks ->> 'misdirected' IS NULL THEN ${now}::json
        ELSE (coalesce(${now}::jsonb, '{}') || '{"misdirected": true}')::json END`,
    })
    .where('subject_key', 'in', subjectKeys(row))
    .where('started_at', '=', row.started_at)
    .where('contact_id', '=', row.attempt_id)
    .execute();
}

function subjectKeys(row: { person_key: Buffer; address_key: Buffer | null }): Buffer[] {
  return row.address_key === null || row.address_key.equals(row.person_key)
    ? [row.person_key]
    : [row.person_key, row.address_key];
}

/**
 * Marks a contact point as reaching somebody else since the attempt, or takes that mark away again. The contacts that were
 * meant for this person on that number then were with another one, and no longer count for this person where a rule says so.
 */
export async function markWrongNumber(trx: Trx, row: AttemptRow, wrong: boolean, at: string): Promise<void> {
  if (row.contact_point_id === null || row.address_key === null) return;
  const changed = await trx
    .updateTable('contact_points')
    .set({ wrong_since: wrong ? row.started_at.toString() : null })
    .where('customer_id', '=', row.customer_id)
    .where('contact_point_id', '=', row.contact_point_id)
    // A number that has replaced the one that was called has done nothing wrong.
    .where('address_key', '=', row.address_key)
    .where((where) => (wrong ? where('wrong_since', 'is', null) : where('wrong_since', '=', row.started_at)))
    .executeTakeFirst();
  if (wrong || changed.numUpdatedRows > 0n) {
    const marks = wrong
      ? sql`(coalesce(e.marks::jsonb, '{}') || '{"misdirected": true}')::json`
      : sql`nullif((e.marks::jsonb - 'misdirected')::text, '{}')::json`;
    await sql`UPDATE budget_entries e SET marks = ${marks} FROM attempts a
               WHERE a.customer_id = ${row.customer_id} AND a.person_key = ${row.person_key} AND a.address_key = ${row.address_key}
                 AND a.direction = 'outbound' AND e.subject_key = a.person_key AND e.started_at = a.started_at
                 AND e.contact_id = a.attempt_id`.execute(trx);
  }
  await refreshContactProfiles(trx, [row.customer_id], at);
}
