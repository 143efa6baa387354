import type { Readable } from 'node:stream';
import { accountPolicyAt } from '../accounts/service.ts';
import { type Ctx, requireScope } from '../context.ts';
import { AppError, type FieldCode, notFound, unprocessable } from '../errors.ts';
import { type Once, once } from '../idempotency.ts';
import { newId } from '../ids.ts';
import { wireInstant } from '../validation.ts';
import { type FileCode, FileError } from './csv.ts';
import { endImport } from './end.ts';
import { bankDayOf, type ImportSource } from './mapping.ts';
import { MAPPINGS } from './mappings.ts';
import { keepingLease, leaseUntil, queueImport } from './queue.ts';
import {
  cancelRow,
  deleteImport,
  dropChunks,
  earlierAsOf,
  findImport,
  type ImportRow,
  insertImport,
  listImportRows,
  readRejections,
} from './repository.ts';
import type { Import, ImportStatus, Rejection, UploadQuery } from './schemas.ts';
import { charsetOf, receive, UploadTooLarge } from './upload.ts';

export interface NewUpload extends UploadQuery {
  readonly contentType: string;
  /** Content-Length; null when the sender gave none. */
  readonly length: number | null;
  readonly body: Readable;
  readonly limitBytes: number;
}

/**
 * Takes a file and queues it; the work goes on in the background. Throws UNSUPPORTED_MEDIA_TYPE for another charset and
 * for what is no text, PAYLOAD_TOO_LARGE, and UNPROCESSABLE for an empty file, a wrong header or a wrong encoding: then
 * there is no import. An upload that breaks off leaves a failed one.
 */
export async function createImport(ctx: Ctx, upload: NewUpload, idempotencyKey?: string): Promise<Once<Import>> {
  requireScope(ctx, 'imports:write');
  const { source, contentType, length, body, limitBytes } = upload;
  const charset = charsetOf(contentType);
  if (charset === null) throw new AppError('UNSUPPORTED_MEDIA_TYPE', 'The charset must be utf-8 or gb18030.');
  const today = bankDayOf(ctx.now, accountPolicyAt(ctx.policy, ctx.now).zone);
  if (upload.asOf !== undefined && upload.asOf > today)
    throw unprocessable('/asOf', 'IN_THE_FUTURE', 'The statement date is in the future.');
  const importId = newId('imp', ctx.now.epochMilliseconds);
  const asOf = upload.asOf ?? today;
  await insertImport(ctx.db, {
    importId,
    source,
    clientId: ctx.caller.clientId,
    charset,
    asOf,
    now: ctx.now,
    leaseUntil: leaseUntil(),
  });
  try {
    const { contentHash, bytes } = await keepingLease(ctx.db, importId, () =>
      receive(ctx.db, ctx.vault, { importId, charset, columns: MAPPINGS[source].columns, body, length, limitBytes }),
    );
    const sent = { source, asOf: upload.asOf ?? null, charset, sha256: contentHash.toString('hex') };
    const result = await once(ctx, 'createImport', idempotencyKey, sent, async (trx) => {
      const known = upload.asOf === undefined ? await earlierAsOf(trx, source, contentHash) : undefined;
      return importOf(await queueImport(trx, importId, { contentHash, bytes, asOf: known ?? asOf }), ctx.now);
    });
    if (result.replayed) await deleteImport(ctx.db, importId);
    return result;
  } catch (error) {
    const broken = error instanceof FileError && error.code === 'UPLOAD_INCOMPLETE';
    const end = {
      status: 'failed',
      code: 'UPLOAD_INCOMPLETE',
      detail: (error as Error).message,
      now: ctx.now,
    } as const;
    // What fails here too is found by the workers, when the lease has run out.
    await (broken ? endImport(ctx.db, importId, end) : deleteImport(ctx.db, importId)).catch(() => undefined);
    throw refusalOf(error);
  }
}

const FIELD_CODE_OF: Partial<Record<FileCode, FieldCode>> = {
  EMPTY_FILE: 'TOO_SMALL',
  ENCODING: 'INVALID_FORMAT',
  COLUMN_MISSING: 'REQUIRED',
  COLUMN_REPEATED: 'DUPLICATE',
  COLUMN_UNKNOWN: 'UNKNOWN_FIELD',
  RECORD_TOO_LARGE: 'TOO_LARGE',
};

/** What went wrong with a file, as the problem that its sender gets. */
export function refusalOf(error: unknown): unknown {
  if (error instanceof UploadTooLarge) return new AppError('PAYLOAD_TOO_LARGE', 'The file is larger than the limit.');
  if (!(error instanceof FileError)) return error;
  if (error.code === 'BINARY_FILE') return new AppError('UNSUPPORTED_MEDIA_TYPE', error.message);
  if (error.code === 'UPLOAD_INCOMPLETE') return new AppError('VALIDATION_FAILED', error.message);
  const pointer = error.column === undefined ? '' : `/${error.column}`;
  return unprocessable(pointer, FIELD_CODE_OF[error.code] ?? 'INVALID_VALUE', error.message);
}

/** Status, progress and totals. Throws NOT_FOUND. */
export async function getImport(ctx: Ctx, importId: string): Promise<Import> {
  requireScope(ctx, 'imports:write');
  const row = await findImport(ctx.db, importId);
  if (!row) throw notFound('/importId', 'import');
  return importOf(row, ctx.now);
}

/** The newest imports first. */
export async function listImports(ctx: Ctx, limit: number): Promise<Import[]> {
  requireScope(ctx, 'imports:write');
  return (await listImportRows(ctx.db, limit)).map((row) => importOf(row, ctx.now));
}

/**
 * Stops an import; rows that were applied stay, and a repeat changes nothing. Throws NOT_FOUND, and
 * IMPORT_NOT_CANCELLABLE when it was completed or has failed.
 */
export async function cancelImport(ctx: Ctx, importId: string): Promise<Import> {
  requireScope(ctx, 'imports:write');
  const cancelled = await cancelRow(ctx.db, importId, ctx.now);
  if (cancelled) {
    await dropChunks(ctx.db, importId);
    return importOf(cancelled, ctx.now);
  }
  const row = await findImport(ctx.db, importId);
  if (!row) throw notFound('/importId', 'import');
  if (row.status !== 'cancelled') throw new AppError('IMPORT_NOT_CANCELLABLE', `The import is ${row.status}.`);
  return importOf(row, ctx.now);
}

/** What was refused, row by row, in the order of the file; read while it is sent. Throws NOT_FOUND. */
export async function listRejections(ctx: Ctx, importId: string): Promise<AsyncIterable<Rejection>> {
  requireScope(ctx, 'imports:write');
  if (!(await findImport(ctx.db, importId))) throw notFound('/importId', 'import');
  return readRejections(ctx.db, importId);
}

/** Header and one example row of a source, as CSV. */
export function importTemplate(ctx: Ctx, source: ImportSource): string {
  requireScope(ctx, 'imports:write');
  const { columns, example } = MAPPINGS[source];
  const header = [...columns.required, ...columns.optional];
  return `${header.join(',')}\r\n${example.join(',')}\r\n`;
}

function importOf(row: ImportRow, now: Temporal.Instant): Import {
  const rowsRead = Number(row.rows_read);
  const rowsTotal = row.rows_total === null ? null : Number(row.rows_total);
  const until = row.finished_at ?? now;
  const seconds = row.started_at === null ? 0 : (until.epochMilliseconds - row.started_at.epochMilliseconds) / 1000;
  const rowsPerSecond = seconds > 0 && rowsRead > 0 ? Math.round(rowsRead / seconds) || 1 : null;
  const running = row.status === 'running' && rowsTotal !== null && rowsPerSecond !== null;
  return {
    importId: row.import_id,
    source: row.source as ImportSource,
    charset: row.charset,
    asOf: row.as_of,
    status: row.status as ImportStatus,
    bytesTotal: Number(row.bytes_total),
    rowsTotal,
    rowsRead,
    rowsPerSecond,
    secondsLeft: running ? Math.ceil((rowsTotal - rowsRead) / rowsPerSecond) : null,
    accepted: Number(row.accepted),
    corrected: Number(row.corrected),
    duplicates: Number(row.duplicates),
    quarantined: Number(row.quarantined),
    problem: row.problem_code === null ? null : { code: row.problem_code as FileCode, detail: row.problem ?? '' },
    createdAt: wireInstant(row.created_at),
    startedAt: wireInstant(row.started_at),
    finishedAt: wireInstant(row.finished_at),
  };
}
