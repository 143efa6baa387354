import { type Selectable, sql } from 'kysely';
import type { Db, Trx } from '../db/database.ts';
import type { CallRecordsTable, CallRecordUploadsTable } from '../db/tables.ts';
import type { Call, RowProblem } from './row.ts';

export type UploadRow = Selectable<CallRecordUploadsTable>;
export type RecordRow = Selectable<CallRecordsTable>;

/** A call as it is stored: its number is a blind index. */
export interface BlindCall extends Omit<Call, 'number'> {
  readonly row: number;
  readonly addressKey: Buffer | null;
  readonly recordKey: string;
  readonly fingerprint: Buffer;
}

export interface Rejection extends RowProblem {
  readonly row: number;
}

export interface NewUpload {
  readonly uploadId: string;
  readonly collectorId: string;
  readonly source: string;
  readonly clientId: string;
  readonly now: Temporal.Instant;
}

const aliveNow = sql<string>`clock_timestamp()`;

export async function insertUpload(db: Db, upload: NewUpload): Promise<void> {
  await db
    .insertInto('call_record_uploads')
    .values({
      upload_id: upload.uploadId,
      collector_id: upload.collectorId,
      source: upload.source,
      client_id: upload.clientId,
      status: 'receiving',
      bytes_total: 0,
      rows_read: 0,
      quarantined: 0,
      examined_to: 0,
      results: '{}',
      created_at: upload.now.toString(),
      alive_at: aliveNow,
    })
    .execute();
}

/** Says that somebody is still at this upload. */
export async function renewUpload(db: Db, uploadId: string): Promise<void> {
  await db.updateTable('call_record_uploads').set({ alive_at: aliveNow }).where('upload_id', '=', uploadId).execute();
}

export interface RowBatch {
  readonly rows: number;
  readonly calls: readonly BlindCall[];
  readonly rejections: readonly Rejection[];
}

/** Stores rows as they arrive. False when the upload was given up meanwhile. */
export async function appendRows(trx: Trx, upload: NewUpload, { rows, calls, rejections }: RowBatch): Promise<boolean> {
  const quarantined = rows - calls.length;
  const { numUpdatedRows } = await trx
    .updateTable('call_record_uploads')
    .set({
      rows_read: sql<bigint>`rows_read + ${rows}`,
      quarantined: sql<bigint>`quarantined + ${quarantined}`,
      alive_at: aliveNow,
    })
    .where('upload_id', '=', upload.uploadId)
    .where('status', '=', 'receiving')
    .executeTakeFirstOrThrow();
  if (numUpdatedRows === 0n) return false;
  await insertCalls(trx, upload, calls);
  await insertRejections(trx, upload.uploadId, rejections);
  return true;
}

async function insertCalls(trx: Trx, upload: NewUpload, calls: readonly BlindCall[]): Promise<void> {
  const hex = (bytes: Buffer | null) => bytes && `\\x${bytes.toString('hex')}`;
  const rows = calls.map((call) => ({
    row_no: call.row,
    record_key: call.recordKey,
    vendor_call_id: call.vendorCallId,
    fingerprint: hex(call.fingerprint),
    started_at: call.startedAt.toString(),
    direction: call.direction,
    duration_seconds: call.durationSeconds,
    vendor_result: call.result,
    carrier: call.carrier,
    address_key: hex(call.addressKey),
    customer_id: call.customerId,
    contact_point_id: call.contactPointId,
  }));
  await sql`
    INSERT INTO call_records (upload_id, collector_id, source, row_no, record_key, vendor_call_id, fingerprint, started_at, direction,
      duration_seconds, vendor_result, carrier, address_key, customer_id, contact_point_id)
    SELECT ${upload.uploadId}, ${upload.collectorId}, ${upload.source}, call.* FROM json_to_recordset(${JSON.stringify(rows)}::json)
      AS call(row_no bigint, record_key text, vendor_call_id text, fingerprint bytea, started_at timestamptz, direction text,
        duration_seconds integer, vendor_result text, carrier text, address_key bytea, customer_id text, contact_point_id text)`.execute(
    trx,
  );
}

export async function insertRejections(trx: Trx, uploadId: string, rejections: readonly Rejection[]): Promise<void> {
  if (rejections.length === 0) return;
  await sql`
    INSERT INTO call_record_rejections (upload_id, row_no, column_name, code, masked_value)
    SELECT ${uploadId}, * FROM unnest(${rejections.map(({ row }) => row)}::bigint[], ${rejections.map(({ column }) => column)}::text[],
                                      ${rejections.map(({ code }) => code)}::text[], ${rejections.map(({ maskedValue }) => maskedValue)}::text[])
    ON CONFLICT DO NOTHING`.execute(trx);
}

/** Ends the receipt; undefined when the upload was given up meanwhile. */
export async function endReceipt(trx: Trx, uploadId: string, bytes: number): Promise<UploadRow | undefined> {
  return trx
    .updateTable('call_record_uploads')
    .set({ status: 'queued', bytes_total: bytes, alive_at: aliveNow })
    .where('upload_id', '=', uploadId)
    .where('status', '=', 'receiving')
    .returningAll()
    .executeTakeFirst();
}

/** Ends an upload that has not ended, with what went wrong. */
export async function failUpload(
  db: Db,
  uploadId: string,
  { code, detail, now }: { readonly code: string; readonly detail: string; readonly now: Temporal.Instant },
): Promise<void> {
  await db
    .updateTable('call_record_uploads')
    .set({ status: 'failed', problem_code: code, problem: detail, finished_at: now.toString() })
    .where('upload_id', '=', uploadId)
    .where('status', 'in', ['receiving', 'queued', 'running'])
    .execute();
}

/** Deletes calls that were never examined, a few per statement, so that none takes long. */
export async function dropUnexamined(db: Db, uploadId: string): Promise<void> {
  for (;;) {
    const { numAffectedRows } = await sql`
      DELETE FROM call_records WHERE upload_id = ${uploadId} AND row_no IN (
        SELECT row_no FROM call_records WHERE upload_id = ${uploadId} AND result IS NULL LIMIT 5000)`.execute(db);
    if (!numAffectedRows) return;
  }
}

export async function deleteUpload(db: Db, uploadId: string): Promise<void> {
  await dropUnexamined(db, uploadId);
  await db.deleteFrom('call_record_uploads').where('upload_id', '=', uploadId).execute();
}

/** Uploads of a status of which nothing was heard for so long, by the database's clock. */
export async function silentUploads(
  db: Db,
  status: 'receiving' | 'queued' | 'running',
  seconds: number,
): Promise<UploadRow[]> {
  return db
    .selectFrom('call_record_uploads')
    .selectAll()
    .where('status', '=', sql.lit(status))
    .where('alive_at', '<', sql<Temporal.Instant>`clock_timestamp() - make_interval(secs => ${seconds})`)
    .execute();
}

export async function findUpload(db: Db | Trx, uploadId: string): Promise<UploadRow | undefined> {
  return db.selectFrom('call_record_uploads').selectAll().where('upload_id', '=', uploadId).executeTakeFirst();
}

/** The newest first; `before` is the id after which the page begins. */
export async function listUploadRows(
  db: Db,
  collectorId: string | null,
  before: string | null,
  limit: number,
): Promise<UploadRow[]> {
  return db
    .selectFrom('call_record_uploads')
    .selectAll()
    .$if(collectorId !== null, (query) => query.where('collector_id', '=', collectorId!))
    .$if(before !== null, (query) => query.where('upload_id', '<', before!))
    .orderBy('upload_id', 'desc')
    .limit(limit)
    .execute();
}

const ROWS_PER_PAGE = 1_000;

/** All rejections of an upload in the order of the file, read page by page. */
export async function* readRejections(db: Db, uploadId: string): AsyncGenerator<Rejection> {
  let after = { row: -1, column: '' };
  for (;;) {
    const rows = await db
      .selectFrom('call_record_rejections')
      .selectAll()
      .where('upload_id', '=', uploadId)
      .where(sql<boolean>`(row_no, column_name) > (${after.row}, ${after.column})`)
      .orderBy('row_no')
      .orderBy('column_name')
      .limit(ROWS_PER_PAGE)
      .execute();
    for (const row of rows) {
      after = { row: Number(row.row_no), column: row.column_name };
      yield { ...after, code: row.code as Rejection['code'], maskedValue: row.masked_value };
    }
    if (rows.length < ROWS_PER_PAGE) return;
  }
}

/** All examined calls of an upload in the order of the file, read page by page. */
export async function* readExamined(db: Db, uploadId: string): AsyncGenerator<RecordRow> {
  let after = 0n;
  for (;;) {
    const rows = await db
      .selectFrom('call_records')
      .selectAll()
      .where('upload_id', '=', uploadId)
      .where('row_no', '>', after)
      .where('result', 'is not', null)
      .orderBy('row_no')
      .limit(ROWS_PER_PAGE)
      .execute();
    yield* rows;
    if (rows.length < ROWS_PER_PAGE) return;
    after = rows.at(-1)!.row_no;
  }
}
