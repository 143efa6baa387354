import type { TestApp } from './app.ts';

/** Every tenth of these is … of a history; an event every hour back from the end of 2026-11-22. */
const WRITERS: readonly string[] = [
  `INSERT INTO attempts (customer_id, attempt_id, started_at, client_id, party_id, contact_point_id, person_key, account_ids, channel,
     direction, purpose, outcome, automated, collector_kind, collector_id, details, late, fingerprint, recorded_at)
   SELECT $1, $1 || '-' || n, at, 'test', 'self', 'm1', '\\x00', ARRAY[$1 || '-A1'], 'voice', 'outbound', 'collect', 'no_answer', false,
          'creditor', 'bank', '{}', false, '\\x00', at FROM hours`,
  `INSERT INTO decisions (customer_id, recorded_at, decision_id, client_id, mode, permitted, evaluated_at, policy_version, request, facts, answer, engine)
   SELECT $1, at, 'dec_' || $1 || n, 'test', 'reserve', false, at, 'x', '{"accountIds": [], "channel": "voice"}', '{}', '{"reasonCode": "CALLING_HOURS"}', '{}'
     FROM hours`,
  `INSERT INTO reservations (customer_id, reservation_id, decision_id, client_id, party_id, person_key, account_ids, channel, purpose,
     collector_kind, collector_id, reserved_at, expires_at, released_at, unreported_at)
   SELECT $1, 'res_' || $1 || n, 'dec', 'test', 'self', '\\x00', '{}', 'voice', 'collect', 'creditor', 'bank', at, at,
          CASE WHEN n % 2 = 0 THEN at END, CASE WHEN n % 2 = 1 THEN at END FROM hours`,
  `INSERT INTO payments SELECT $1, $1 || '-A1', 'P' || n, 100, at::date, '{}', '\\x00', NULL, 'test', at FROM hours`,
  `INSERT INTO account_charges SELECT $1, $1 || '-A1', 'F' || n, 'late_fee', 100, at::date, '{}', '\\x00', 'test', at FROM hours`,
  `INSERT INTO account_snapshots
   SELECT s.customer_id, s.account_id, at + interval '7 minutes', s.content_hash, s.content, NULL, at
     FROM hours, account_snapshots s WHERE s.customer_id = $1 AND s.as_of = (SELECT max(as_of) FROM account_snapshots WHERE customer_id = $1)`,
  `INSERT INTO directives (customer_id, directive_id, kind, valid_from, ended_at, details, fingerprint, client_id, recorded_at)
   SELECT $1, 'D' || n, 'dispute', at, at, '{}', '\\x00', 'test', at FROM hours`,
  `INSERT INTO incidents (incident_id, kind, collector_id, customer_id, channel, occurred_at, detected_at, status)
   SELECT 'inc_' || $1 || n, 'orphan', 'bank', $1, 'voice', at, at, 'open' FROM hours`,
  `INSERT INTO case_entries (customer_id, entry_id, kind, starts_on, begins_at, ends_at, details_sealed, content_key, client_id, recorded_at)
   SELECT $1, 'E' || n, 'note', at::date, at, at, '\\x00', '\\x00', 'test', at FROM hours`,
  `INSERT INTO call_records (upload_id, row_no, collector_id, source, record_key, fingerprint, started_at, direction, result, matched_customer_id)
   SELECT 'cru_' || $1, n, 'bank', 'vendor', n::text, '\\x00', at, 'outbound', 'permitted', $1 FROM hours`,
];

/** Gives a customer a long history, the same number of events of each of ten sorts. */
export async function storeHistory(t: TestApp, customerId: string, events: number): Promise<void> {
  await t.database.pool.query(
    `INSERT INTO call_record_uploads (upload_id, collector_id, source, client_id, status, bytes_total, rows_read, quarantined, examined_to,
       results, created_at, alive_at) VALUES ('cru_' || $1, 'bank', 'vendor', 'test', 'completed', 0, 0, 0, 0, '{}', now(), now())`,
    [customerId],
  );
  const hours = `WITH hours AS (SELECT n, timestamptz '2026-11-22T12:00:00Z' - n * interval '1 hour' AS at
    FROM generate_series(1, ${Math.floor(events / WRITERS.length)}) n)`;
  for (const write of WRITERS) await t.database.pool.query(`${hours} ${write}`, [customerId]);
  await t.database.pool.query('ANALYZE');
}
