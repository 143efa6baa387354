import { type RawBuilder, type Selectable, sql, type Updateable } from 'kysely';
import type { Db, Trx } from '../db/database.ts';
import type { ImportsTable } from '../db/tables.ts';
import type { Vault } from '../personal-data.ts';
import type { FileCode } from './csv.ts';
import type { ImportStatus, ListQuery } from './schemas.ts';
import type { Records } from './sources/fields.ts';

export type ImportRow = Selectable<ImportsTable>;

export interface NewImport {
  readonly importId: string;
  readonly source: string;
  readonly sourceVersion: number;
  readonly records: Records;
  readonly dryRun: boolean;
  readonly expectedRows: number | null;
  readonly expectedSum: string | null;
  readonly clientId: string;
  readonly charset: string;
  readonly asOf: string;
  readonly now: Temporal.Instant;
  /** See queue.ts. */
  readonly leaseUntil: RawBuilder<string>;
}

export async function insertImport(db: Db, row: NewImport): Promise<void> {
  await db
    .insertInto('imports')
    .values({
      import_id: row.importId,
      source: row.source,
      source_version: row.sourceVersion,
      records: row.records,
      dry_run: row.dryRun,
      expected_rows: row.expectedRows,
      expected_sum: row.expectedSum,
      client_id: row.clientId,
      charset: row.charset,
      as_of: row.asOf,
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
      created_at: row.now.toString(),
      started_at: null,
      finished_at: null,
      lease_until: row.leaseUntil,
      rows_per_second: null,
      released_at: null,
      released_by: null,
      release_reason_sealed: null,
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
    .where((is) =>
      is.or([
        is('import_id', 'in', is.selectFrom('import_chunks').select('import_id').distinct()),
        is('import_id', 'in', is.selectFrom('import_dry_run_keys').select('import_id').distinct()),
      ]),
    )
    .execute();
  return rows.map((row) => row.import_id);
}

export async function deleteImport(db: Db, importId: string): Promise<void> {
  await dropChunks(db, importId);
  await db.deleteFrom('imports').where('import_id', '=', importId).execute();
}

/** The statement date of the first import of the same content, dry runs apart; undefined when the content is new. */
export async function earlierAsOf(trx: Trx, source: string, contentHash: Buffer): Promise<string | undefined> {
  const row = await trx
    .selectFrom('imports')
    .select('as_of')
    .where('content_hash', '=', contentHash)
    .where('source', '=', source)
    .where('dry_run', '=', false)
    .orderBy('created_at')
    .limit(1)
    .executeTakeFirst();
  return row?.as_of;
}

export async function findImport(db: Db | Trx, importId: string): Promise<ImportRow | undefined> {
  return db.selectFrom('imports').selectAll().where('import_id', '=', importId).executeTakeFirst();
}

/** The newest first; `after` is where the last page ended. */
export async function listImportRows(
  db: Db,
  { status, source, limit }: Omit<ListQuery, 'cursor'>,
  after: { readonly createdAt: string; readonly importId: string } | null,
): Promise<ImportRow[]> {
  let query = db.selectFrom('imports').selectAll();
  if (status !== undefined) query = query.where('status', '=', status);
  if (source !== undefined) query = query.where('source', '=', source);
  if (after !== null)
    query = query.where(sql<boolean>`(created_at, import_id) < (${after.createdAt}::timestamptz, ${after.importId})`);
  return query.orderBy('created_at', 'desc').orderBy('import_id', 'desc').limit(limit).execute();
}

/**
 * Moves an import that is in one of these states into another one; undefined when it is in none of them. Waits for a batch
 * that is being applied.
 */
export async function changeStatus(
  trx: Trx,
  importId: string,
  from: readonly ImportStatus[],
  change: { readonly status: ImportStatus } & Updateable<ImportsTable>,
): Promise<ImportRow | undefined> {
  return (
    trx
      .updateTable('imports')
      .set(change)
      .where('import_id', '=', importId)
      .where('status', 'in', from)
      // What is still being uploaded can be cancelled, and nothing else.
      .where((is) => is.or([is('content_hash', 'is not', null), is.val(change.status === 'cancelled')]))
      .returningAll()
      .executeTakeFirst()
  );
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

/** Locks the import for a batch. Undefined when it was stopped, or another process has applied these rows already. */
export async function lockForBatch(trx: Trx, importId: string, rowsRead: number): Promise<ImportRow | undefined> {
  return trx
    .selectFrom('imports')
    .selectAll()
    .where('import_id', '=', importId)
    .where('status', '=', 'running')
    .where('rows_read', '=', BigInt(rowsRead))
    .forUpdate()
    .executeTakeFirst();
}

/** Locks the import for a row that is sent again. */
export async function lockImport(trx: Trx, importId: string): Promise<ImportRow | undefined> {
  return trx.selectFrom('imports').selectAll().where('import_id', '=', importId).forUpdate().executeTakeFirst();
}

export interface BatchTotals {
  readonly rowsRead: number;
  readonly accepted: number;
  readonly corrected: number;
  readonly duplicates: number;
  readonly quarantined: number;
}

export async function advanceImport(
  trx: Trx,
  importId: string,
  batch: BatchTotals,
  rowsPerSecond: number | null,
): Promise<void> {
  await sql`
    UPDATE imports SET rows_read = rows_read + ${batch.rowsRead}, accepted = accepted + ${batch.accepted},
                       corrected = corrected + ${batch.corrected}, duplicates = duplicates + ${batch.duplicates},
                       quarantined = quarantined + ${batch.quarantined}, rows_per_second = ${rowsPerSecond}
     WHERE import_id = ${importId}`.execute(trx);
}
