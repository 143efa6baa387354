import { sql } from 'kysely';
import type { Db, Trx } from '../db/database.ts';
import { addJob } from '../jobs/jobs.ts';
import { tellImport } from './end.ts';
import type { ImportRow } from './repository.ts';

/** Who works on which import: jobs in the database's queue, and leases that tell who is alive. */

/** A process that uploads or works renews its lease every RENEW_MS; others take over when it has run out. */
const LEASE_SECONDS = 10;
const RENEW_MS = 3_000;

const JOB_ATTEMPTS = 8;
export const IMPORT_TASK = 'import';

/** An instant of the database's clock, the one that all processes share. */
export const leaseUntil = (seconds = LEASE_SECONDS) =>
  sql<string>`clock_timestamp() + make_interval(secs => ${seconds})`;

/** Calls `work` and keeps renewing the lease of an import meanwhile. The lease says who is alive; it does not lock. */
export async function keepingLease<T>(db: Db, importId: string, work: () => Promise<T>): Promise<T> {
  // A renewal that fails is left to the next one; without any, another process takes over.
  const timer = setInterval(() => setLease(db, importId, LEASE_SECONDS).catch(() => undefined), RENEW_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

/** Lets the next attempt begin at once; where the database does not answer, when the lease has run out. */
export async function releaseLease(db: Db, importId: string): Promise<void> {
  await setLease(db, importId, 0).catch(() => undefined);
}

async function setLease(db: Db, importId: string, seconds: number): Promise<void> {
  await db
    .updateTable('imports')
    .set({ lease_until: leaseUntil(seconds) })
    .where('import_id', '=', importId)
    .execute();
}

/** Ends the upload and queues the work in one transaction; an import that was cancelled meanwhile stays so. */
export async function queueImport(
  trx: Trx,
  importId: string,
  upload: { readonly contentHash: Buffer; readonly bytes: number; readonly asOf: string; readonly charset: string },
): Promise<ImportRow> {
  const row = await trx
    .updateTable('imports')
    .set({ content_hash: upload.contentHash, bytes_total: upload.bytes, as_of: upload.asOf, charset: upload.charset })
    .where('import_id', '=', importId)
    .returningAll()
    .executeTakeFirstOrThrow();
  if (row.status === 'queued') await addImportJob(trx, importId);
  return row;
}

/** Queues the work; a job of the same import that is locked is superseded. */
export async function addImportJob(trx: Db | Trx, importId: string): Promise<void> {
  await addJob(trx, IMPORT_TASK, { importId }, { jobKey: importId, maxAttempts: JOB_ATTEMPTS });
}

/** Starts or takes over the work; undefined when there is none, or when another process holds the lease. */
export async function takeImport(db: Db, importId: string, now: Temporal.Instant): Promise<ImportRow | undefined> {
  return db.transaction().execute(async (trx) => {
    const { rows } = await sql<ImportRow & { first: boolean }>`
      UPDATE imports SET status = 'running', started_at = coalesce(started_at, ${now.toString()}),
                         lease_until = ${leaseUntil()}
       WHERE import_id = ${importId} AND content_hash IS NOT NULL
         AND (status = 'queued' OR (status = 'running' AND lease_until < clock_timestamp()))
      RETURNING new.*, old.started_at IS NULL AS first`.execute(trx);
    const row = rows[0];
    if (row?.first) await tellImport(trx, now, row);
    return row;
  });
}

/** Gives the work back, to be taken up by any replica. */
export async function requeueImport(db: Db, importId: string): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const row = await trx
      .updateTable('imports')
      .set({ status: 'queued' })
      .where('import_id', '=', importId)
      .where('status', '=', 'running')
      .returning('import_id')
      .executeTakeFirst();
    if (row) await addImportJob(trx, importId);
  });
}

export interface StaleImport {
  readonly import_id: string;
  readonly uploaded: boolean;
  /** Null when there is no job. */
  readonly exhausted: boolean | null;
}

/** Imports whose process is gone: the upload never ended, or the work stands still. */
export async function staleImports(db: Db): Promise<StaleImport[]> {
  const { rows } = await sql<StaleImport>`
    SELECT i.import_id, i.content_hash IS NOT NULL AS uploaded, j.attempts >= j.max_attempts AS exhausted
      FROM imports i LEFT JOIN graphile_worker.jobs j ON j.key = i.import_id
     WHERE (i.status = 'running' OR (i.status = 'queued' AND i.content_hash IS NULL))
       AND i.lease_until < clock_timestamp()
       AND (j.locked_at IS NULL OR j.locked_at < clock_timestamp() - make_interval(secs => ${LEASE_SECONDS}))`.execute(
    db,
  );
  return rows;
}
