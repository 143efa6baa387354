import { sql } from 'kysely';
import type { Trx } from '../db/database.ts';
import { LATE_MS, MATCH_MS, type Permission, type ReportedAttempt } from './match.ts';
import type { RecordRow, UploadRow } from './repository.ts';

/** What the service knows of each call of a batch: SQL and rows to data. */

/** A refusal counts as one of this call's for so long. */
const REFUSAL_SECONDS = 600;
/** Longest that a reservation can have begun before a call that may still be its. */
const REACH_SECONDS = LATE_MS / 1000 + 86_400;

export interface Evidence {
  readonly customerIds: readonly string[];
  /** Of the number, or of the contact point that was named; null when neither is known. */
  readonly addressKey: Buffer | null;
  readonly attempts: readonly ReportedAttempt[];
  readonly open: readonly Permission[];
  readonly refusalId: string | null;
}

interface EvidenceRow {
  readonly row_no: bigint;
  readonly address_key: Buffer | null;
  readonly customer_ids: string[] | null;
  readonly attempts: AttemptTuple[] | null;
  readonly open: PermissionTuple[] | null;
  readonly refusal_id: string | null;
}
type PermissionTuple = [
  reservationId: string,
  decisionId: string,
  reserved: number,
  expires: number,
  released: number | null,
];
type AttemptTuple = [attemptId: string, startedAt: number, late: boolean, permission: PermissionTuple | null];

const ms = (column: string) => sql.raw(`floor(date_part('epoch', ${column}) * 1000)`);
const permission = sql`json_build_array(r.reservation_id, r.decision_id, ${ms('r.reserved_at')}, ${ms('r.expires_at')}, ${ms('r.released_at')})`;
const matchSeconds = MATCH_MS / 1000;

/**
 * The evidence for these rows of an upload, by row. An attempt or a reservation that answers for an examined call of the
 * same source is left out, as is an attempt that another row names by its id.
 */
export async function loadEvidence(
  trx: Trx,
  { upload_id: uploadId, collector_id: collectorId, source }: UploadRow,
  rows: readonly RecordRow[],
): Promise<Map<bigint, Evidence>> {
  const examined = sql`o.collector_id = ${collectorId} AND o.source = ${source} AND o.result IS NOT NULL`;
  const result = await sql<EvidenceRow>`
    SELECT c.row_no, c.address_key, known.customer_ids, reported.list AS attempts, held.list AS open, refused.decision_id AS refusal_id
    FROM (
      SELECT x.row_no, x.vendor_call_id, x.started_at, x.customer_id, coalesce(x.address_key, p.address_key) AS address_key
      FROM call_records x LEFT JOIN contact_points p ON p.customer_id = x.customer_id AND p.contact_point_id = x.contact_point_id
      WHERE x.upload_id = ${uploadId} AND x.row_no = ANY(${rows.map((row) => row.row_no)}::bigint[])
    ) c
    LEFT JOIN LATERAL (
      SELECT array_agg(DISTINCT customer_id ORDER BY customer_id) AS customer_ids FROM (
        SELECT p.customer_id FROM contact_points p WHERE p.address_key = c.address_key
        UNION ALL
        SELECT b.customer_id FROM budget_entries b WHERE b.subject_key = c.address_key
           AND b.started_at BETWEEN c.started_at - make_interval(secs => ${REACH_SECONDS}) AND c.started_at + make_interval(secs => ${matchSeconds})
        UNION ALL
        SELECT x.customer_id FROM customers x WHERE x.customer_id = c.customer_id
      ) k
    ) known ON true
    LEFT JOIN LATERAL (
      SELECT json_agg(json_build_array(a.attempt_id, ${ms('a.started_at')}, a.late, CASE WHEN r.reservation_id IS NOT NULL THEN ${permission} END)) AS list
      FROM (
        SELECT d.customer_id, d.started_at, d.attempt_id, true AS named FROM attempt_directory d WHERE d.attempt_id = c.vendor_call_id
        UNION ALL
        SELECT b.customer_id, b.started_at, b.contact_id, false FROM budget_entries b WHERE b.subject_key = c.address_key
           AND b.started_at BETWEEN c.started_at - make_interval(secs => ${matchSeconds}) AND c.started_at + make_interval(secs => ${matchSeconds})
        UNION ALL
        SELECT x.customer_id, x.started_at, x.attempt_id, false FROM attempts x WHERE c.address_key IS NULL AND x.customer_id = c.customer_id
           AND x.started_at BETWEEN c.started_at - make_interval(secs => ${matchSeconds}) AND c.started_at + make_interval(secs => ${matchSeconds})
      ) f
      JOIN attempts a ON a.customer_id = f.customer_id AND a.started_at = f.started_at AND a.attempt_id = f.attempt_id
      LEFT JOIN reservations r ON r.customer_id = a.customer_id AND r.reservation_id = a.reservation_id
      WHERE a.collector_id = ${collectorId} AND a.channel = 'voice' AND a.direction = 'outbound'
        AND NOT EXISTS (SELECT FROM call_records o WHERE o.attempt_id = a.attempt_id AND ${examined})
        AND (f.named OR NOT EXISTS (
          SELECT FROM call_records o WHERE o.collector_id = ${collectorId} AND o.source = ${source} AND o.record_key = a.attempt_id))
    ) reported ON true
    LEFT JOIN LATERAL (
      SELECT json_agg(${permission}) AS list FROM reservations r
      WHERE r.customer_id = ANY(known.customer_ids) AND r.collector_id = ${collectorId} AND r.channel = 'voice' AND r.attempt_id IS NULL
        AND (c.address_key IS NULL OR r.address_key = c.address_key)
        AND r.reserved_at BETWEEN c.started_at - make_interval(secs => ${REACH_SECONDS}) AND c.started_at + make_interval(secs => ${matchSeconds})
        AND NOT EXISTS (SELECT FROM call_records o WHERE o.reservation_id = r.reservation_id AND ${examined})
    ) held ON true
    LEFT JOIN LATERAL (
      SELECT d.decision_id FROM decisions d
      WHERE d.customer_id = ANY(known.customer_ids) AND NOT d.permitted AND d.facts -> 'request' ->> 'collectorId' = ${collectorId}
        AND d.facts -> 'request' ->> 'channel' = 'voice'
        AND d.recorded_at BETWEEN c.started_at - make_interval(secs => ${REFUSAL_SECONDS}) AND c.started_at + make_interval(secs => ${matchSeconds})
      ORDER BY d.recorded_at DESC LIMIT 1
    ) refused ON true`.execute(trx);
  return new Map(result.rows.map((row) => [row.row_no, evidenceOf(row)]));
}

function evidenceOf(row: EvidenceRow): Evidence {
  return {
    customerIds: row.customer_ids ?? [],
    addressKey: row.address_key,
    attempts: (row.attempts ?? []).map(([attemptId, startedAt, late, held]) => ({
      attemptId,
      startedAt,
      late,
      permission: held === null ? null : permissionOf(held),
    })),
    open: (row.open ?? []).map(permissionOf),
    refusalId: row.refusal_id,
  };
}

function permissionOf([reservationId, decisionId, reservedAt, expiresAt, releasedAt]: PermissionTuple): Permission {
  return { reservationId, decisionId, reservedAt, expiresAt, releasedAt };
}
