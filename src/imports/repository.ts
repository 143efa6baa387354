import { type RawBuilder, type Selectable, sql } from 'kysely';
import type { Db, Trx } from '../db/database.ts';
import type { ImportsTable } from '../db/tables.ts';
import type { Vault } from '../personal-data.ts';
import type { FileCode } from './csv.ts';
import type { ImportSource } from './mapping.ts';
import type { ImportStatus, Rejection } from './schemas.ts';

export type ImportRow = Selectable<ImportsTable>;

export interface NewImport {
  readonly importId: string;
  readonly source: ImportSource;
  readonly clientId: string;
  readonly charset: string;
  readonly asOf: string;
  readonly now: Temporal.Instant;
  /** See queue.ts. */
  readonly leaseUntil: RawBuilder<string>;
}

export async function insertImport(
  db: Db,
  { importId, source, clientId, charset, asOf, now, leaseUntil }: NewImport,
): Promise<void> {
  await db
    .insertInto('imports')
    .values({
      import_id: importId,
      source,
      client_id: clientId,
      charset,
      as_of: asOf,
      status: 'queued',
      content_hash: null,
      bytes_total: 0,
      rows_total: null,
      rows_read: 0,
      accepted: 0,
      corrected: 0,
      duplicates: 0,
      quarantined: 0,
      problem_code: null,
      problem: null,
      created_at: now.toString(),
      started_at: null,
      finished_at: null,
      lease_until: leaseUntil,
    })
    .execute();
}

const chunkAt = (importId: string, chunkNo: number) => ({
  table: 'import_chunks',
  column: 'sealed',
  rowId: `${importId}/${chunkNo}`,
});

export async function appendChunk(
  db: Db,
  vault: Vault,
  importId: string,
  chunkNo: number,
  text: string,
): Promise<void> {
  const sealed = vault.seal(chunkAt(importId, chunkNo), text);
  await db.insertInto('import_chunks').values({ import_id: importId, chunk_no: chunkNo, sealed }).execute();
}

/** The uploaded text, a chunk at a time. */
export async function* readChunks(db: Db, vault: Vault, importId: string): AsyncGenerator<string> {
  for (let chunkNo = 0; ; chunkNo += 1) {
    const row = await db
      .selectFrom('import_chunks')
      .select('sealed')
      .where('import_id', '=', importId)
      .where('chunk_no', '=', chunkNo)
      .executeTakeFirst();
    if (!row) return;
    yield vault.open(chunkAt(importId, chunkNo), row.sealed);
  }
}

/** Deletes the uploaded text, a few chunks per statement, so that none takes long. */
export async function dropChunks(db: Db, importId: string): Promise<void> {
  for (;;) {
    const { numAffectedRows } = await sql`
      DELETE FROM import_chunks WHERE import_id = ${importId}
         AND chunk_no IN (SELECT chunk_no FROM import_chunks WHERE import_id = ${importId} LIMIT 100)`.execute(db);
    if (!numAffectedRows) return;
  }
}

/** Ended imports whose text was not dropped, because the process ended first. */
export async function leftoverImports(db: Db): Promise<string[]> {
  const rows = await db
    .selectFrom('imports')
    .select('import_id')
    .where('status', 'in', ['completed', 'failed', 'cancelled'])
    .where('import_id', 'in', ({ selectFrom }) => selectFrom('import_chunks').select('import_id').distinct())
    .execute();
  return rows.map((row) => row.import_id);
}

export async function deleteImport(db: Db, importId: string): Promise<void> {
  await dropChunks(db, importId);
  await db.deleteFrom('imports').where('import_id', '=', importId).execute();
}

/** The statement date of the first import of the same content; undefined when the content is new. */
export async function earlierAsOf(trx: Trx, source: ImportSource, contentHash: Buffer): Promise<string | undefined> {
  const row = await trx
    .selectFrom('imports')
    .select('as_of')
    .where('content_hash', '=', contentHash)
    .where('source', '=', source)
    .orderBy('created_at')
    .limit(1)
    .executeTakeFirst();
  return row?.as_of;
}

export async function findImport(db: Db | Trx, importId: string): Promise<ImportRow | undefined> {
  return db.selectFrom('imports').selectAll().where('import_id', '=', importId).executeTakeFirst();
}

export async function listImportRows(db: Db, limit: number): Promise<ImportRow[]> {
  return db
    .selectFrom('imports')
    .selectAll()
    .orderBy('created_at', 'desc')
    .orderBy('import_id', 'desc')
    .limit(limit)
    .execute();
}

/** Cancels what has not ended; undefined when it has. Waits for a batch that is being applied. */
export async function cancelRow(db: Db, importId: string, now: Temporal.Instant): Promise<ImportRow | undefined> {
  return db
    .updateTable('imports')
    .set({ status: 'cancelled', finished_at: now.toString() })
    .where('import_id', '=', importId)
    .where('status', 'in', ['queued', 'running', 'held'])
    .returningAll()
    .executeTakeFirst();
}

export async function recordRowsTotal(db: Db, importId: string, rowsTotal: number): Promise<void> {
  await db.updateTable('imports').set({ rows_total: rowsTotal }).where('import_id', '=', importId).execute();
}

export interface ImportEnd {
  readonly status: ImportStatus;
  readonly code?: FileCode;
  readonly detail?: string;
  readonly now: Temporal.Instant;
}

/** Ends an import; undefined when it has ended before. */
export async function markEnded(trx: Trx, importId: string, end: ImportEnd): Promise<ImportRow | undefined> {
  return trx
    .updateTable('imports')
    .set({
      status: end.status,
      problem_code: end.code ?? null,
      problem: end.detail ?? null,
      finished_at: end.now.toString(),
    })
    .where('import_id', '=', importId)
    .where('status', 'in', ['queued', 'running'])
    .returningAll()
    .executeTakeFirst();
}

/** Locks the import for a batch. False when it was cancelled, or another process has applied these rows already. */
export async function lockForBatch(trx: Trx, importId: string, rowsRead: number): Promise<boolean> {
  const row = await trx
    .selectFrom('imports')
    .select('import_id')
    .where('import_id', '=', importId)
    .where('status', '=', 'running')
    .where('rows_read', '=', BigInt(rowsRead))
    .forUpdate()
    .executeTakeFirst();
  return row !== undefined;
}

export interface BatchTotals {
  readonly rowsRead: number;
  readonly accepted: number;
  readonly corrected: number;
  readonly duplicates: number;
  readonly quarantined: number;
}

export async function advanceImport(trx: Trx, importId: string, batch: BatchTotals): Promise<void> {
  await sql`
    UPDATE imports SET rows_read = rows_read + ${batch.rowsRead}, accepted = accepted + ${batch.accepted},
                       corrected = corrected + ${batch.corrected}, duplicates = duplicates + ${batch.duplicates},
                       quarantined = quarantined + ${batch.quarantined}
     WHERE import_id = ${importId}`.execute(trx);
}

export async function insertRejections(trx: Trx, importId: string, rejections: readonly Rejection[]): Promise<void> {
  if (rejections.length === 0) return;
  await sql`
    INSERT INTO import_rejections (import_id, row_no, column_name, code, masked_value)
    SELECT ${importId}, * FROM unnest(${rejections.map(({ row }) => row)}::bigint[], ${rejections.map(({ column }) => column)}::text[],
                                      ${rejections.map(({ code }) => code)}::text[], ${rejections.map(({ maskedValue }) => maskedValue)}::text[])`.execute(
    trx,
  );
}

const REJECTIONS_PER_PAGE = 1_000;

/** All rejections of an import in the order of the file, read page by page. */
export async function* readRejections(db: Db, importId: string): AsyncGenerator<Rejection> {
  let after = { row: -1, column: '' };
  for (;;) {
    const rows = await db
      .selectFrom('import_rejections')
      .selectAll()
      .where('import_id', '=', importId)
      .where(sql<boolean>`(row_no, column_name) > (${after.row}, ${after.column})`)
      .orderBy('row_no')
      .orderBy('column_name')
      .limit(REJECTIONS_PER_PAGE)
      .execute();
    for (const row of rows) {
      after = { row: Number(row.row_no), column: row.column_name };
      yield { ...after, code: row.code as Rejection['code'], maskedValue: row.masked_value };
    }
    if (rows.length < REJECTIONS_PER_PAGE) return;
  }
}
