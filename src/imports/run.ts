import { accountPolicyAt } from '../accounts/service.ts';
import type { Services } from '../context.ts';
import { applyBatch, type BatchRow } from './apply.ts';
import { compareTotals, controlAmount, FileError, openCsv } from './csv.ts';
import { endImport } from './end.ts';
import { type ImportSource, readRow, type Statement } from './mapping.ts';
import { MAPPINGS } from './mappings.ts';
import { keepingLease, releaseLease, takeImport } from './queue.ts';
import {
  advanceImport,
  type ImportRow,
  insertRejections,
  lockForBatch,
  readChunks,
  recordRowsTotal,
} from './repository.ts';

/** Rows applied in one transaction. */
const BATCH_ROWS = 500;

/**
 * Works on one import until it has ended, was cancelled, or `stopping`: checks the whole file first, so that a bad one is
 * refused or held with nothing applied, then applies it batch by batch from where an earlier run has ended.
 */
export async function runImport(services: Services, importId: string, stopping: AbortSignal): Promise<void> {
  const { db, clock } = services;
  const row = await takeImport(db, importId, clock());
  if (!row) return;
  try {
    const through = await keepingLease(db, importId, () => workOff(services, row, stopping));
    if (through) await endImport(db, importId, { status: 'completed', now: clock() });
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    const status = error.code === 'CONTROL_TOTALS' ? 'held' : 'failed';
    await endImport(db, importId, { status, code: error.code, detail: error.message, now: clock() });
  } finally {
    await releaseLease(db, importId);
  }
}

/** False when stopping, or when the import is no longer ours. Throws FileError. */
async function workOff(services: Services, row: ImportRow, stopping: AbortSignal): Promise<boolean> {
  const checked = row.rows_total !== null || (await checkFile(services, row, stopping));
  return checked && applyFile(services, row, stopping);
}

function open({ db, vault }: Services, row: ImportRow) {
  const { columns, sumColumn } = MAPPINGS[row.source as ImportSource];
  return openCsv(readChunks(db, vault, row.import_id), columns, sumColumn);
}

/** Reads the file through, counts its rows and compares the totals line. False when stopping. Throws FileError. */
async function checkFile(services: Services, row: ImportRow, stopping: AbortSignal): Promise<boolean> {
  const file = await open(services, row);
  const sumIndex = file.header.indexes.get(MAPPINGS[row.source as ImportSource].sumColumn)!;
  let rows = 0;
  let principal = 0n;
  for await (const { cells } of file.records) {
    if (stopping.aborted) return false;
    rows += 1;
    // A cell that is no number adds nothing; its row will be quarantined, and the sum will tell.
    principal += controlAmount(cells[sumIndex] ?? '') ?? 0n;
  }
  const totals = file.totals();
  const mismatch = totals === null ? null : compareTotals(totals, rows, principal);
  if (mismatch !== null) throw new FileError('CONTROL_TOTALS', mismatch);
  await recordRowsTotal(services.db, row.import_id, rows);
  return true;
}

/** Applies the rows that were not applied yet. False when stopping, or when the import is no longer ours to apply. */
async function applyFile(services: Services, row: ImportRow, stopping: AbortSignal): Promise<boolean> {
  const mapping = MAPPINGS[row.source as ImportSource];
  const statement = statementOf(services, row);
  const file = await open(services, row);
  let rowsRead = Number(row.rows_read);
  let batch: BatchRow[] = [];
  const flush = async () => {
    if (!(await commitBatch(services, row.import_id, rowsRead, batch))) return false;
    rowsRead += batch.length;
    batch = [];
    return true;
  };
  for await (const { row: no, cells } of file.records) {
    if (no <= rowsRead) continue;
    batch.push({ row: no, result: readRow(mapping, file.header, cells, statement) });
    if (batch.length < BATCH_ROWS) continue;
    if (stopping.aborted || !(await flush())) return false;
  }
  return batch.length === 0 || flush();
}

function statementOf({ policy, clock }: Services, row: ImportRow): Statement {
  const now = clock();
  return { asOf: row.as_of, zone: accountPolicyAt(policy.current(), now).zone, latest: now.add({ hours: 24 }) };
}

/** One transaction: the rows, their rejections and the progress, so that a run after a crash goes on exactly here. */
async function commitBatch(
  services: Services,
  importId: string,
  rowsRead: number,
  batch: readonly BatchRow[],
): Promise<boolean> {
  return services.db.transaction().execute(async (trx) => {
    if (!(await lockForBatch(trx, importId, rowsRead))) return false;
    const { totals, rejections } = await applyBatch(trx, services, importId, batch, services.clock());
    await insertRejections(trx, importId, rejections);
    await advanceImport(trx, importId, totals);
    return true;
  });
}
