import { sql } from 'kysely';
import type { Services } from '../context.ts';
import type { Trx } from '../db/database.ts';
import { uploadIncomplete } from '../imports/csv.ts';
import { recordIncidents } from '../incidents/record.ts';
import { lockCollector, type UnpermittedContact } from '../incidents/repository.ts';
import { type CallRecordSource, INCIDENT_KINDS } from '../incidents/schemas.ts';
import { addJob, type JobTask, type Sweep } from '../jobs/jobs.ts';
import { type Evidence, loadEvidence } from './evidence.ts';
import { type Finding, findPermissions } from './match.ts';
import {
  dropUnexamined,
  failUpload,
  insertRejections,
  type RecordRow,
  silentUploads,
  type UploadRow,
} from './repository.ts';

/** Calls examined in one transaction. */
const BATCH = 500;
const TASK = 'call-records';
const MAX_ATTEMPTS = 8;
/** Who receives says every few seconds that somebody is there. */
const RECEIVING_SECONDS = 30;
/** A batch takes seconds; an upload that stands still for so long has lost its job. */
const EXAMINING_SECONDS = 600;

/** Queues the examination; a second job for the same upload finds nothing to do. */
export async function queueExamination(trx: Trx | Services['db'], uploadId: string): Promise<void> {
  await addJob(trx, TASK, { uploadId }, { jobKey: uploadId, maxAttempts: MAX_ATTEMPTS });
}

/** Examines the calls of one upload batch by batch; each is a transaction, so a run after a crash goes on exactly there. */
export const callRecordsTask: JobTask = {
  name: TASK,
  exclusive: true,
  run: async (services, payload, { signal, lastAttempt }) => {
    const { uploadId } = payload as { uploadId: string };
    try {
      while (!signal.aborted) if (!(await examineBatch(services, uploadId))) return;
    } catch (error) {
      if (lastAttempt) await giveUp(services, uploadId);
      throw error;
    }
    await queueExamination(services.db, uploadId);
  },
};

/**
 * Ends uploads whose receiver is gone, because nothing of a file counts that did not arrive whole; queues again what stands
 * still.
 */
export const callRecordRecovery: Sweep = {
  name: 'call records of lost replicas',
  everySeconds: 15,
  run: async ({ db, clock }) => {
    for (const { upload_id: uploadId } of await silentUploads(db, 'receiving', RECEIVING_SECONDS)) {
      const { code, message: detail } = uploadIncomplete();
      await failUpload(db, uploadId, { code, detail, now: clock() });
      await dropUnexamined(db, uploadId);
    }
    for (const status of ['queued', 'running'] as const)
      for (const upload of await silentUploads(db, status, EXAMINING_SECONDS))
        await queueExamination(db, upload.upload_id);
  },
};

async function giveUp({ db, clock }: Services, uploadId: string): Promise<void> {
  const detail = 'The service failed several times; what was examined stays. Send the file again.';
  await failUpload(db, uploadId, { code: 'INTERNAL', detail, now: clock() });
  await dropUnexamined(db, uploadId);
}

/** Examines the next calls. False when there are none left. */
async function examineBatch({ db, clock }: Services, uploadId: string): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    const upload = await holdUpload(trx, uploadId);
    if (!upload) return false;
    await lockCollector(trx, upload.collector_id);
    const rows = await nextRows(trx, upload);
    if (rows.length === 0) {
      await progress(trx, upload, { status: 'completed', finished_at: clock().toString() });
      return false;
    }
    const { fresh, duplicates, conflicts } = await sortOut(trx, upload, rows);
    const findings = await examine(trx, upload, fresh, clock());
    await deleteRows(trx, upload, [...duplicates, ...conflicts]);
    await insertRejections(
      trx,
      uploadId,
      conflicts.map(({ row_no }) => ({
        row: Number(row_no),
        column: 'vendor_call_id',
        code: 'CONFLICT',
        maskedValue: '',
      })),
    );
    const results = { ...(upload.results as Record<string, number>) };
    const count = (result: string) => {
      results[result] = (results[result] ?? 0) + 1;
    };
    for (const { result } of findings) count(result);
    for (const _ of duplicates) count('duplicate');
    await progress(trx, upload, {
      status: 'running',
      examined_to: rows.at(-1)!.row_no,
      quarantined: upload.quarantined + BigInt(conflicts.length),
      results: JSON.stringify(results),
    });
    return true;
  });
}

async function holdUpload(trx: Trx, uploadId: string): Promise<UploadRow | undefined> {
  return trx
    .selectFrom('call_record_uploads')
    .selectAll()
    .where('upload_id', '=', uploadId)
    .where('status', 'in', ['queued', 'running'])
    .forUpdate()
    .executeTakeFirst();
}

async function progress(
  trx: Trx,
  { upload_id }: UploadRow,
  set: { status: string; examined_to?: bigint; quarantined?: bigint; results?: string; finished_at?: string },
): Promise<void> {
  await trx
    .updateTable('call_record_uploads')
    .set({ ...set, alive_at: sql<string>`clock_timestamp()` })
    .where('upload_id', '=', upload_id)
    .execute();
}

async function nextRows(trx: Trx, { upload_id, examined_to }: UploadRow): Promise<RecordRow[]> {
  return trx
    .selectFrom('call_records')
    .selectAll()
    .where('upload_id', '=', upload_id)
    .where('row_no', '>', examined_to)
    .orderBy('row_no')
    .limit(BATCH)
    .execute();
}

interface SortedRows {
  readonly fresh: readonly RecordRow[];
  readonly duplicates: readonly RecordRow[];
  /** Another call under an id that was examined before. */
  readonly conflicts: readonly RecordRow[];
}

/** Tells new calls from those that were examined before, in this file or another one of the same source. */
async function sortOut(trx: Trx, { collector_id, source }: UploadRow, rows: readonly RecordRow[]): Promise<SortedRows> {
  const { rows: known } = await sql<{ record_key: string; fingerprint: Buffer }>`
    SELECT record_key, fingerprint FROM call_records
     WHERE collector_id = ${collector_id} AND source = ${source}
       AND record_key = ANY(${rows.map((row) => row.record_key)}::text[]) AND result IS NOT NULL`.execute(trx);
  const seen = new Map(known.map(({ record_key, fingerprint }) => [record_key, fingerprint]));
  const sorted = { fresh: [] as RecordRow[], duplicates: [] as RecordRow[], conflicts: [] as RecordRow[] };
  for (const row of rows) {
    const earlier = seen.get(row.record_key);
    if (earlier === undefined) seen.set(row.record_key, row.fingerprint);
    sorted[earlier === undefined ? 'fresh' : earlier.equals(row.fingerprint) ? 'duplicates' : 'conflicts'].push(row);
  }
  return sorted;
}

async function deleteRows(trx: Trx, { upload_id }: UploadRow, rows: readonly RecordRow[]): Promise<void> {
  if (rows.length === 0) return;
  await sql`DELETE FROM call_records WHERE upload_id = ${upload_id}
              AND row_no = ANY(${rows.map((row) => row.row_no)}::bigint[])`.execute(trx);
}

/** Finds the permission of each call, writes it down, and makes an incident of each call without one. */
async function examine(
  trx: Trx,
  upload: UploadRow,
  rows: readonly RecordRow[],
  now: Temporal.Instant,
): Promise<Finding[]> {
  if (rows.length === 0) return [];
  const evidence = await loadEvidence(trx, upload, rows);
  const findings = findPermissions(
    rows.map((row) => {
      const { customerIds, attempts, open, refusalId } = evidence.get(row.row_no)!;
      return {
        row: Number(row.row_no),
        startedAt: row.started_at.epochMilliseconds,
        direction: row.direction as 'outbound' | 'inbound',
        vendorCallId: row.vendor_call_id,
        customerId: customerIds[0] ?? null,
        refusalId,
        attempts,
        open,
      };
    }),
  );
  const contacts = findings.flatMap((finding, index) => {
    const contact = unpermittedContact(upload, rows[index]!, evidence.get(rows[index]!.row_no)!, finding);
    return contact ? [{ index, contact }] : [];
  });
  const incidentIds = await recordIncidents(
    trx,
    now,
    contacts.map(({ contact }) => contact),
  );
  const incidentOf = new Map(contacts.map(({ index }, position) => [index, incidentIds[position]!]));
  await writeFindings(
    trx,
    upload,
    findings.map((finding, index) => ({ ...finding, incidentId: incidentOf.get(index) ?? null })),
  );
  return findings;
}

function unpermittedContact(
  upload: UploadRow,
  row: RecordRow,
  { customerIds, addressKey }: Evidence,
  finding: Finding,
): UnpermittedContact | null {
  const kind = INCIDENT_KINDS.find((one) => one === finding.result);
  const customerId = customerIds[0];
  if (kind === undefined || customerId === undefined) return null;
  return {
    kind,
    collectorId: upload.collector_id,
    customerId,
    addressKey,
    channel: 'voice',
    occurredAt: row.started_at,
    attemptId: finding.attemptId,
    reservationId: finding.reservationId,
    decisionId: finding.decisionId,
    source: upload.source as CallRecordSource,
  };
}

async function writeFindings(
  trx: Trx,
  { upload_id }: UploadRow,
  findings: readonly (Finding & { incidentId: string | null })[],
): Promise<void> {
  await sql`
    UPDATE call_records c SET result = f.result, attempt_id = f."attemptId", reservation_id = f."reservationId",
                              decision_id = f."decisionId", incident_id = f."incidentId",
                              matched_customer_id = coalesce(
                                (SELECT d.customer_id FROM attempt_directory d WHERE d.attempt_id = f."attemptId"),
                                (SELECT r.customer_id FROM reservations r WHERE r.reservation_id = f."reservationId"),
                                (SELECT i.customer_id FROM incidents i WHERE i.incident_id = f."incidentId"))
      FROM json_to_recordset(${JSON.stringify(findings)}::json)
        AS f(row bigint, result text, "attemptId" text, "reservationId" text, "decisionId" text, "incidentId" text)
     WHERE c.upload_id = ${upload_id} AND c.row_no = f.row`.execute(trx);
}
