import type { Readable } from 'node:stream';
import { accountPolicyAt } from '../accounts/policy.ts';
import { type Ctx, requireScope } from '../context.ts';
import { cursorOf, positionOf } from '../cursor.ts';
import { AppError, type FieldCode, notFound, unprocessable } from '../errors.ts';
import { type Once, once } from '../idempotency.ts';
import { newId } from '../ids.ts';
import { importOf } from './answer.ts';
import { type FileCode, FileError } from './csv.ts';
import { endImport } from './end.ts';
import { bankDayOf } from './mapping.ts';
import { keepingLease, leaseUntil, queueImport } from './queue.ts';
import { deleteImport, earlierAsOf, findImport, insertImport, listImportRows } from './repository.ts';
import type { Import, ImportPage, ListQuery, UploadQuery } from './schemas.ts';
import { sourceNamed } from './sources/service.ts';
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
  const { contentType, length, body, limitBytes } = upload;
  const named = charsetOf(contentType);
  if (named === null) throw new AppError('UNSUPPORTED_MEDIA_TYPE', 'The charset must be utf-8 or gb18030.');
  const today = bankDayOf(ctx.now, accountPolicyAt(ctx.policy, ctx.now).zone);
  if (upload.asOf !== undefined && upload.asOf > today)
    throw unprocessable('/asOf', 'IN_THE_FUTURE', 'The statement date is in the future.');
  const source = await sourceNamed(ctx, upload.source);
  const importId = newId('imp', ctx.now.epochMilliseconds);
  const dryRun = upload.dryRun === 'true';
  const { expectedRows = null, expectedSum = null } = upload;
  const charset = named ?? source.charset;
  const asOf = upload.asOf ?? today;
  await insertImport(ctx.db, {
    importId,
    source: source.source,
    sourceVersion: source.version,
    records: source.mapping.records,
    dryRun,
    expectedRows,
    expectedSum,
    clientId: ctx.caller.clientId,
    charset: charset ?? 'utf-8',
    asOf,
    now: ctx.now,
    leaseUntil: leaseUntil(),
  });
  try {
    const { columns } = source.mapping;
    const received = await keepingLease(ctx.db, importId, () =>
      receive(ctx.db, ctx.vault, {
        importId,
        charset,
        columns,
        body,
        length,
        limitBytes,
        mayBeEmpty: expectedRows === 0,
      }),
    );
    const { contentHash } = received;
    const sent = {
      source: upload.source,
      asOf: upload.asOf ?? null,
      charset: named ?? null,
      sha256: contentHash.toString('hex'),
      ...(dryRun && { dryRun }),
      ...(expectedRows !== null && { expectedRows }),
      ...(expectedSum !== null && { expectedSum }),
    };
    const result = await once(ctx, 'createImport', idempotencyKey, sent, async (trx) => {
      const known = upload.asOf === undefined ? await earlierAsOf(trx, upload.source, contentHash) : undefined;
      return importOf(ctx, await queueImport(trx, importId, { ...received, asOf: known ?? asOf }));
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
  NO_ROWS: 'TOO_SMALL',
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
  if (error.code === 'BINARY_FILE' || error.code === 'NOT_CSV')
    return new AppError('UNSUPPORTED_MEDIA_TYPE', error.message);
  if (error.code === 'UPLOAD_INCOMPLETE') return new AppError('VALIDATION_FAILED', error.message);
  const pointer = error.column === undefined ? '' : `/${error.column}`;
  return unprocessable(pointer, FIELD_CODE_OF[error.code] ?? 'INVALID_VALUE', error.message);
}

/** Status, progress and totals. Throws NOT_FOUND. */
export async function getImport(ctx: Ctx, importId: string): Promise<Import> {
  requireScope(ctx, 'imports:write');
  const row = await findImport(ctx.db, importId);
  if (!row) throw notFound('/importId', 'import');
  return importOf(ctx, row);
}

/** The newest imports first. Throws VALIDATION_FAILED for a cursor of another list. */
export async function listImports(ctx: Ctx, { cursor, limit, ...filters }: ListQuery): Promise<ImportPage> {
  requireScope(ctx, 'imports:write');
  const after = cursor === undefined ? null : positionAfter(positionOf(ctx.vault, 'imports', filters, cursor));
  const rows = await listImportRows(ctx.db, { ...filters, limit: limit + 1 }, after);
  const items = rows.slice(0, limit);
  const last = rows.length > limit ? items.at(-1) : undefined;
  return {
    items: items.map((row) => importOf(ctx, row)),
    nextCursor: last ? cursorOf(ctx.vault, 'imports', filters, `${last.created_at}/${last.import_id}`) : null,
  };
}

function positionAfter(position: string): { createdAt: string; importId: string } {
  const [createdAt = '', importId = ''] = position.split('/');
  return { createdAt, importId };
}
