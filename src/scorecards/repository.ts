import { sql } from 'kysely';
import type { Db, Trx } from '../db/database.ts';

export interface Period {
  readonly from: Temporal.Instant;
  /** Exclusive. */
  readonly to: Temporal.Instant;
  /** Null: all collectors. */
  readonly collectorId: string | null;
}

/** Figures of one collector; each count below gives some of them. */
export interface Counts {
  readonly taken: bigint;
  readonly reported: bigint;
  readonly late: bigint;
  readonly unreported: bigint;
  readonly released: bigint;
  readonly refused_asks: bigint;
  readonly late_incidents: bigint;
  readonly unasked_incidents: bigint;
  readonly refused_incidents: bigint;
  readonly orphan_incidents: bigint;
  readonly open_incidents: bigint;
  readonly calls: bigint;
  readonly calls_without_permission: bigint;
}
export type CountRow = { readonly collector_id: string } & Partial<Counts>;

const within = (column: string, { from, to }: Period) =>
  sql`${sql.ref(column)} >= ${from.toString()}::timestamptz AND ${sql.ref(column)} < ${to.toString()}::timestamptz`;
const of = (expression: ReturnType<typeof sql>, { collectorId }: Period) =>
  collectorId === null ? sql`true` : sql`${expression} = ${collectorId}`;

/** The reservations taken in the period, by what became of them; `endedBy`: without an outcome these are unreported. */
export async function countReservations(trx: Trx, period: Period, endedBy: Temporal.Instant): Promise<CountRow[]> {
  const { rows } = await sql<CountRow>`
    SELECT collector_id, count(*) AS taken, count(attempt_id) AS reported,
           count(*) FILTER (WHERE attempt_id IS NULL AND released_at IS NULL AND expires_at <= ${endedBy.toString()}) AS unreported,
           count(*) FILTER (WHERE attempt_id IS NULL AND released_at IS NOT NULL) AS released
      FROM reservations WHERE ${within('reserved_at', period)} AND ${of(sql`collector_id`, period)} GROUP BY collector_id`.execute(
    trx,
  );
  return rows;
}

/** Of the same reservations those whose attempt came too late. A contact cannot begin long before it was asked for. */
export async function countLate(trx: Trx, period: Period): Promise<CountRow[]> {
  const { rows } = await sql<CountRow>`
    SELECT r.collector_id, count(*) AS late
      FROM attempts a JOIN reservations r ON r.customer_id = a.customer_id AND r.reservation_id = a.reservation_id
     WHERE a.late AND a.reservation_id IS NOT NULL AND a.started_at >= ${period.from.subtract({ hours: 24 }).toString()}::timestamptz
       AND ${within('r.reserved_at', period)} AND ${of(sql`r.collector_id`, period)}
     GROUP BY r.collector_id`.execute(trx);
  return rows;
}

/** Reservations that were refused in the period. */
export async function countRefusals(trx: Trx, period: Period): Promise<CountRow[]> {
  const collector = sql`(facts -> 'request' ->> 'collectorId')`;
  const { rows } = await sql<CountRow>`
    SELECT ${collector} AS collector_id, count(*) AS refused_asks FROM decisions
     WHERE NOT permitted AND mode = 'reserve' AND ${within('recorded_at', period)} AND ${of(collector, period)}
     GROUP BY 1`.execute(trx);
  return rows;
}

/** Incidents whose contact was in the period, by kind. */
export async function countIncidents(trx: Trx, period: Period): Promise<CountRow[]> {
  const { rows } = await sql<CountRow>`
    SELECT collector_id, count(*) FILTER (WHERE kind = 'late') AS late_incidents,
           count(*) FILTER (WHERE kind = 'reported_without_permission') AS unasked_incidents,
           count(*) FILTER (WHERE kind = 'refused') AS refused_incidents,
           count(*) FILTER (WHERE kind = 'orphan') AS orphan_incidents,
           count(*) FILTER (WHERE status = 'open') AS open_incidents
      FROM incidents WHERE ${within('occurred_at', period)} AND ${of(sql`collector_id`, period)} GROUP BY collector_id`.execute(
    trx,
  );
  return rows;
}

/** Outbound calls in the period to numbers on file, as call records have them; one that two sources show counts twice. */
export async function countCalls(trx: Trx, period: Period): Promise<CountRow[]> {
  const { rows } = await sql<CountRow>`
    SELECT collector_id, count(*) AS calls,
           count(*) FILTER (WHERE result <> 'permitted') AS calls_without_permission
      FROM call_records
     WHERE ${within('started_at', period)} AND ${of(sql`collector_id`, period)}
       AND result IN ('permitted', 'late', 'reported_without_permission', 'refused', 'orphan')
     GROUP BY collector_id`.execute(trx);
  return rows;
}

/** True for a collector that has a key, ever took a slot, or whose contacts are known. */
export async function isCollector(db: Db, collectorId: string): Promise<boolean> {
  const { rows } = await sql<{ known: boolean }>`
    SELECT EXISTS (SELECT FROM api_clients WHERE collector_id = ${collectorId})
        OR EXISTS (SELECT FROM reservations WHERE collector_id = ${collectorId})
        OR EXISTS (SELECT FROM incidents WHERE collector_id = ${collectorId})
        OR EXISTS (SELECT FROM call_record_uploads WHERE collector_id = ${collectorId}) AS known`.execute(db);
  return rows[0]!.known;
}
