import type { Db } from '../db/database.ts';
import type { NewEvent } from '../webhooks/events.ts';
import { emitEvents } from '../webhooks/outbox.ts';
import { dropChunks, type ImportEnd, type ImportRow, markEnded } from './repository.ts';

/** Ends an import that has not ended, and tells of it. A held one keeps its text until somebody decides. */
export async function endImport(db: Db, importId: string, end: ImportEnd): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const row = await markEnded(trx, importId, end);
    if (row) await emitEvents(trx, end.now, [eventOf(row)]);
  });
  if (end.status !== 'held') await dropChunks(db, importId);
}

function eventOf(row: ImportRow): NewEvent {
  const { import_id: importId, status } = row;
  const [accepted, duplicates, quarantined] = [row.accepted, row.duplicates, row.quarantined].map(Number);
  const counts = { accepted: accepted!, duplicates: duplicates!, quarantined: quarantined! };
  return status === 'completed'
    ? { type: 'import.completed', key: importId, data: { importId, ...counts } }
    : { type: 'import.failed', key: importId, data: { importId, status, code: row.problem_code!, ...counts } };
}
