import type { Db, Trx } from '../db/database.ts';
import { queueDuplicateSearch } from '../duplicates/search-task.ts';
import type { NewEvent } from '../webhooks/events.ts';
import { emitEvents } from '../webhooks/outbox.ts';
import { BRINGS_PEOPLE } from './kinds/kinds.ts';
import { dropMet } from './met.ts';
import { dropChunks, type ImportEnd, type ImportRow, markEnded } from './repository.ts';
import type { Records } from './sources/fields.ts';

/** Ends an import that has not ended, and tells of it. A held one keeps its text until somebody decides. */
export async function endImport(db: Db, importId: string, end: ImportEnd): Promise<void> {
  const ended = await db.transaction().execute(async (trx) => {
    const row = await markEnded(trx, importId, end);
    if (row) await tellImport(trx, end.now, row);
    if (row) await searchAfter(trx, end.now, row);
    return row !== undefined;
  });
  if (ended && end.status !== 'held') await dropText(db, importId);
}

/** Has duplicates looked for among those that rows changed, also where the import failed or was cancelled in the end. */
export async function searchAfter(trx: Trx, now: Temporal.Instant, row: ImportRow): Promise<void> {
  if (row.accepted === 0n || row.dry_run || !BRINGS_PEOPLE[row.records as Records]) return;
  await queueDuplicateSearch(trx, { changedSince: row.started_at!.toString(), clientId: row.client_id, now });
}

/** Drops what was only needed for the work. */
export async function dropText(db: Db, importId: string): Promise<void> {
  await dropChunks(db, importId);
  await dropMet(db, importId);
}

/** Tells the state that an import has come to, in the transaction in which it came to it. */
export async function tellImport(trx: Trx, now: Temporal.Instant, row: ImportRow): Promise<void> {
  const event = eventOf(row);
  if (event) await emitEvents(trx, now, [event]);
}

function eventOf(row: ImportRow): NewEvent | null {
  const { import_id: importId, dry_run: dryRun } = row;
  const [rowsRead, accepted, duplicates, quarantined] = [
    row.rows_read,
    row.accepted,
    row.duplicates,
    row.quarantined,
  ].map(Number) as [number, number, number, number];
  const counts = { accepted, duplicates, quarantined };
  switch (row.status) {
    case 'running': {
      const { source, source_version: sourceVersion } = row;
      return { type: 'import.started', key: importId, data: { importId, source, sourceVersion, dryRun } };
    }
    case 'paused':
      return { type: 'import.paused', key: importId, data: { importId, rowsRead } };
    case 'held':
      return { type: 'import.held', key: importId, data: { importId, code: row.problem_code! } };
    case 'completed':
      return { type: 'import.completed', key: importId, data: { importId, dryRun, ...counts } };
    case 'cancelled':
      return { type: 'import.cancelled', key: importId, data: { importId, rowsRead, ...counts } };
    case 'failed':
      return {
        type: 'import.failed',
        key: importId,
        data: { importId, status: 'failed', code: row.problem_code!, ...counts },
      };
    default:
      return null;
  }
}
