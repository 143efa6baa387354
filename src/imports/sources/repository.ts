import { type Selectable, sql } from 'kysely';
import type { Db, Trx } from '../../db/database.ts';
import type { ImportSourcesTable } from '../../db/tables.ts';

export type SourceRow = Selectable<ImportSourcesTable>;

/** A version of a source, the newest for null. */
export async function findSource(db: Db | Trx, source: string, version: number | null): Promise<SourceRow | undefined> {
  let query = db.selectFrom('import_sources').selectAll().where('source', '=', source);
  if (version !== null) query = query.where('version', '=', version);
  return query.orderBy('version', 'desc').limit(1).executeTakeFirst();
}

/** The newest version of every source, in the order of their names. */
export async function listSourceRows(db: Db, limit: number): Promise<SourceRow[]> {
  return db
    .selectFrom('import_sources')
    .selectAll()
    .distinctOn('source')
    .orderBy('source')
    .orderBy('version', 'desc')
    .limit(limit)
    .execute();
}

/** Writers of one source wait for each other, also for its first version. */
export async function lockSource(trx: Trx, source: string): Promise<void> {
  await sql`SELECT pg_advisory_xact_lock(hashtextextended(${`import-source/${source}`}, 2))`.execute(trx);
}

export interface NewSource {
  readonly source: string;
  readonly version: number;
  readonly document: string;
  readonly contentHash: Buffer;
  readonly clientId: string;
  readonly now: Temporal.Instant;
}

export async function insertSource(trx: Trx, { source, version, document, contentHash, clientId, now }: NewSource) {
  return trx
    .insertInto('import_sources')
    .values({
      source,
      version,
      document,
      content_hash: contentHash,
      client_id: clientId,
      created_at: now.toString(),
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}
