import type { Readable } from 'node:stream';
import { readableCollector } from '../collectors.ts';
import { type Ctx, requireScope } from '../context.ts';
import { cursorOf, positionOf } from '../cursor.ts';
import { AppError, notFound } from '../errors.ts';
import { type Once, once } from '../idempotency.ts';
import { newId } from '../ids.ts';
import { FileError } from '../imports/csv.ts';
import { refusalOf } from '../imports/service.ts';
import { charsetOf } from '../imports/upload.ts';
import type { CallRecordSource } from '../incidents/schemas.ts';
import { wireInstant } from '../validation.ts';
import { queueExamination } from './examine.ts';
import { type Format, receive } from './receive.ts';
import {
  deleteUpload,
  dropUnexamined,
  endReceipt,
  failUpload,
  findUpload,
  insertUpload,
  listUploadRows,
  type RecordRow,
  readExamined,
  readRejections,
  type UploadRow,
} from './repository.ts';
import type {
  CallRecord,
  CallRecordRejection,
  CallRecordUpload,
  CallResult,
  UploadListQuery,
  UploadPage,
  UploadQuery,
  UploadStatus,
} from './schemas.ts';

export interface UploadedFile {
  readonly contentType: string;
  /** Content-Length; null when the sender gave none. */
  readonly length: number | null;
  readonly body: Readable;
  readonly limitBytes: number;
}

/** A vendor's clock may run ahead of ours by this much. */
const CLOCK_SKEW_SECONDS = 300;

/**
 * Takes a file of call records and queues it; the calls are examined in the background. Throws UNSUPPORTED_MEDIA_TYPE for
 * another charset and for what is no text, PAYLOAD_TOO_LARGE, and UNPROCESSABLE for an empty file, a wrong header or a
 * wrong encoding: then there is no upload. One that breaks off leaves a failed one.
 */
export async function uploadCallRecords(
  ctx: Ctx,
  query: UploadQuery,
  { contentType, ...file }: UploadedFile,
  idempotencyKey?: string,
): Promise<Once<CallRecordUpload>> {
  requireScope(ctx, 'contact:report');
  const collectorId = reportingCollector(ctx, query.vendor);
  const named = charsetOf(contentType);
  if (named === null) throw new AppError('UNSUPPORTED_MEDIA_TYPE', 'The charset must be utf-8 or gb18030.');
  const charset = named ?? 'utf-8';
  const format: Format = /^application\/x-ndjson\b/i.test(contentType) ? 'ndjson' : 'csv';
  const { source } = query;
  const timeZone = query.timeZone ?? null;
  const uploadId = newId('cru', ctx.now.epochMilliseconds);
  const upload = { uploadId, collectorId, source, clientId: ctx.caller.clientId, now: ctx.now };
  const rules = { timeZone, latest: ctx.now.add({ seconds: CLOCK_SKEW_SECONDS }) };
  await insertUpload(ctx.db, upload);
  try {
    const { sha256, bytes } = await receive(ctx.db, ctx.vault, { upload, format, charset, rules, ...file });
    const sent = { collectorId, source, timeZone, format, charset, sha256 };
    const result = await once(ctx, 'uploadCallRecords', idempotencyKey, sent, async (trx) => {
      const row = await endReceipt(trx, uploadId, bytes);
      if (!row) throw new FileError('UPLOAD_INCOMPLETE', 'The upload was given up; send it again.');
      await queueExamination(trx, uploadId);
      return uploadOf(row);
    });
    if (result.replayed) await deleteUpload(ctx.db, uploadId);
    return result;
  } catch (error) {
    // What fails here too is found by the sweep, when nothing is heard of the upload any more.
    await discard(ctx, uploadId, error).catch(() => undefined);
    throw refusalOf(error);
  }
}

async function discard(ctx: Ctx, uploadId: string, error: unknown): Promise<void> {
  const broken = error instanceof FileError && error.code === 'UPLOAD_INCOMPLETE';
  if (!broken) return deleteUpload(ctx.db, uploadId);
  await failUpload(ctx.db, uploadId, { code: error.code, detail: error.message, now: ctx.now });
  await dropUnexamined(ctx.db, uploadId);
}

/** Whose calls may be sent: a vendor's key its own, the bank's any. */
function reportingCollector(ctx: Ctx, vendor: string | undefined): string {
  const own = ctx.caller.collectorId;
  if (own !== null && vendor !== undefined && vendor !== own)
    throw new AppError('FORBIDDEN', `This key may report only for the collector ${own}.`);
  const collectorId = own ?? vendor;
  if (collectorId !== undefined) return collectorId;
  const message = 'Needed, because this key belongs to no collector.';
  throw new AppError('VALIDATION_FAILED', `/vendor: ${message}`, {
    errors: [{ pointer: '/vendor', code: 'REQUIRED', message }],
  });
}

/** The newest first. */
export async function listCallRecordUploads(ctx: Ctx, query: UploadListQuery): Promise<UploadPage> {
  const collectorId = readableCollector(ctx, query.collectorId);
  const { limit, cursor } = query;
  const filters = { collectorId };
  const before = cursor === undefined ? null : positionOf(ctx.vault, 'call-records', filters, cursor);
  const rows = await listUploadRows(ctx.db, collectorId, before, limit + 1);
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(uploadOf),
    nextCursor: rows.length > limit && last ? cursorOf(ctx.vault, 'call-records', filters, last.upload_id) : null,
  };
}

/** Status, progress and totals. Throws NOT_FOUND. */
export async function getCallRecordUpload(ctx: Ctx, uploadId: string): Promise<CallRecordUpload> {
  const collectorId = readableCollector(ctx, undefined);
  const row = await findUpload(ctx.db, uploadId);
  if (!row || (collectorId !== null && row.collector_id !== collectorId)) throw notFound('/uploadId', 'upload');
  return uploadOf(row);
}

/** What was refused, row by row, in the order of the file; read while it is sent. Throws NOT_FOUND. */
export async function listCallRecordRejections(
  ctx: Ctx,
  uploadId: string,
): Promise<AsyncIterable<CallRecordRejection>> {
  await getCallRecordUpload(ctx, uploadId);
  return readRejections(ctx.db, uploadId);
}

/** What was found out about each call, in the order of the file; read while it is sent. Throws NOT_FOUND. */
export async function listCallRecords(ctx: Ctx, uploadId: string): Promise<AsyncIterable<CallRecord>> {
  await getCallRecordUpload(ctx, uploadId);
  return mapped(readExamined(ctx.db, uploadId), recordOf);
}

async function* mapped<I, O>(items: AsyncIterable<I>, map: (item: I) => O): AsyncGenerator<O> {
  for await (const item of items) yield map(item);
}

function recordOf(row: RecordRow): CallRecord {
  return {
    row: Number(row.row_no),
    vendorCallId: row.vendor_call_id,
    startedAt: wireInstant(row.started_at),
    direction: row.direction as CallRecord['direction'],
    result: row.result as CallResult,
    attemptId: row.attempt_id,
    reservationId: row.reservation_id,
    decisionId: row.decision_id,
    incidentId: row.incident_id,
  };
}

function uploadOf(row: UploadRow): CallRecordUpload {
  const results = row.results as Partial<Record<CallResult | 'duplicate', number>>;
  return {
    uploadId: row.upload_id,
    collectorId: row.collector_id,
    source: row.source as CallRecordSource,
    status: row.status as UploadStatus,
    bytesTotal: Number(row.bytes_total),
    rowsRead: Number(row.rows_read),
    quarantined: Number(row.quarantined),
    rowsExamined: Number(row.status === 'completed' ? row.rows_read : row.examined_to),
    results: {
      permitted: results.permitted ?? 0,
      late: results.late ?? 0,
      reportedWithoutPermission: results.reported_without_permission ?? 0,
      refused: results.refused ?? 0,
      orphan: results.orphan ?? 0,
      unknownNumber: results.unknown_number ?? 0,
      inbound: results.inbound ?? 0,
      duplicate: results.duplicate ?? 0,
    },
    problem:
      row.problem_code === null
        ? null
        : { code: row.problem_code as NonNullable<CallRecordUpload['problem']>['code'], detail: row.problem ?? '' },
    createdAt: wireInstant(row.created_at),
    finishedAt: wireInstant(row.finished_at),
  };
}
