import { type Selectable, sql } from 'kysely';
import type { Db, Trx } from '../db/database.ts';
import type { ReservationsTable } from '../db/tables.ts';

export type ReservationRow = Selectable<ReservationsTable>;

export interface UnreportedFilter {
  /** Null: of all collectors. */
  readonly collectorId: string | null;
  /** Ended at or before this instant. */
  readonly endedBy: Temporal.Instant;
}

export interface Position {
  readonly expiresAt: string;
  readonly reservationId: string;
}

function unreported(db: Db, { collectorId, endedBy }: UnreportedFilter) {
  return db
    .selectFrom('reservations')
    .where('attempt_id', 'is', null)
    .where('released_at', 'is', null)
    .where('unreported_at', 'is not', null)
    .where('expires_at', '<=', endedBy)
    .$if(collectorId !== null, (query) => query.where('collector_id', '=', collectorId!));
}

/** The oldest first. */
export async function listUnreported(
  db: Db,
  filter: UnreportedFilter,
  after: Position | null,
  limit: number,
): Promise<ReservationRow[]> {
  return unreported(db, filter)
    .selectAll()
    .$if(after !== null, (query) =>
      query.where(
        sql<boolean>`(expires_at, reservation_id) > (${after!.expiresAt}::timestamptz, ${after!.reservationId})`,
      ),
    )
    .orderBy('expires_at')
    .orderBy('reservation_id')
    .limit(limit)
    .execute();
}

export async function countUnreported(db: Db, filter: UnreportedFilter): Promise<number> {
  const row = await unreported(db, filter)
    .select(({ fn }) => fn.countAll<bigint>().as('total'))
    .executeTakeFirstOrThrow();
  return Number(row.total);
}

/** Marks open slots that ended at or before `endedBy`, the oldest first; each is returned to one caller once. */
export async function markUnreported(
  trx: Trx,
  {
    now,
    endedBy,
    limit,
  }: { readonly now: Temporal.Instant; readonly endedBy: Temporal.Instant; readonly limit: number },
): Promise<ReservationRow[]> {
  const { rows } = await sql<ReservationRow>`
    WITH due AS (
      SELECT customer_id, reservation_id FROM reservations
       WHERE attempt_id IS NULL AND released_at IS NULL AND unreported_at IS NULL AND expires_at <= ${endedBy.toString()}
       ORDER BY expires_at LIMIT ${limit} FOR UPDATE SKIP LOCKED
    )
    UPDATE reservations r SET unreported_at = ${now.toString()} FROM due
     WHERE r.customer_id = due.customer_id AND r.reservation_id = due.reservation_id
    RETURNING r.*`.execute(trx);
  return rows;
}
