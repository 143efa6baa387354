import { sql } from 'kysely';
import { accountPolicyAt } from '../accounts/policy.ts';
import type { Services } from '../context.ts';
import { sqlState } from '../db/database.ts';
import { mapAhead } from '../map-ahead.ts';
import { emitEvents } from '../webhooks/outbox.ts';
import { applyBatch, type BatchRow } from './apply.ts';
import { type CsvFile, compareTotals, controlAmount, FileError, noRows, openCsv } from './csv.ts';
import { endImport } from './end.ts';
import { keptCells } from './kept-cells.ts';
import type { RecordKind } from './kinds/kind.ts';
import { KINDS } from './kinds/kinds.ts';
import { type Imported, type Mapping, readRow, statementAt } from './mapping.ts';
import { createPace, type Pace, progressEvent } from './pace.ts';
import { keepingLease, releaseLease, takeImport } from './queue.ts';
import { advanceImport, type ImportRow, lockForBatch, readChunks, recordRowsTotal } from './repository.ts';
import { insertRows } from './row-store.ts';
import { readableSource } from './sources/sources.ts';
import type { WaveContext } from './wave.ts';

/** Rows applied in one transaction. */
const BATCH_ROWS = 1_000;

/** What the work of an import needs: in the service's own thread, or in one beside it. */
export type ImportServices = Pick<Services, 'db' | 'vault' | 'clock' | 'policy'>;

/**
 * Works on one import until it has ended, was stopped, or `stopping`: checks the whole file first, so that a bad one is
 * refused or held with nothing applied, then applies it batch by batch from where an earlier run has ended.
 */
export async function runImport(services: ImportServices, importId: string, stopping: AbortSignal): Promise<void> {
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
async function workOff(services: ImportServices, row: ImportRow, stopping: AbortSignal): Promise<boolean> {
  const source = await readableSource(services.db, row.source, row.source_version);
  if (!source) throw new Error(`the source ${row.source} of an import is gone`);
  const { mapping } = source;
  const rowsTotal =
    row.rows_total === null ? await checkFile(services, row, mapping, stopping) : Number(row.rows_total);
  return rowsTotal !== null && applyFile(services, row, mapping, rowsTotal, stopping);
}

function open({ db, vault }: ImportServices, row: ImportRow, { columns, sumColumn }: Mapping): Promise<CsvFile> {
  return openCsv(readChunks(db, vault, row.import_id), columns, sumColumn);
}

/** Reads the file through, counts its rows and compares the control sums. Null when stopping. Throws FileError. */
async function checkFile(
  services: ImportServices,
  row: ImportRow,
  mapping: Mapping,
  stopping: AbortSignal,
): Promise<number | null> {
  const file = await open(services, row, mapping);
  const sumIndex = file.header.indexes.get(mapping.sumColumn) ?? -1;
  let rows = 0;
  let sum = 0n;
  for await (const { cells } of file.records) {
    if (stopping.aborted) return null;
    rows += 1;
    // A cell that is no number adds nothing; its row will be quarantined, and the sum will tell.
    sum += controlAmount(cells[sumIndex] ?? '') ?? 0n;
  }
  const totals = file.totals();
  if (rows === 0 && totals === null && row.expected_rows !== 0n) throw noRows();
  if (row.released_at === null) {
    const mismatch = totals === null ? null : compareTotals(totals, rows, sum, mapping.sumColumn);
    const unexpected = mismatch ?? compareExpected(row, rows, sum, mapping.sumColumn);
    if (unexpected !== null) throw new FileError('CONTROL_TOTALS', unexpected);
  }
  await recordRowsTotal(services.db, row.import_id, rows);
  return rows;
}

/** What the sender said beside the file. Null when it agrees. */
function compareExpected(row: ImportRow, rows: number, sum: bigint, column: string): string | null {
  if (row.expected_rows !== null && row.expected_rows !== BigInt(rows))
    return `The file has ${rows} rows, and ${row.expected_rows} were expected.`;
  if (row.expected_sum !== null && controlAmount(row.expected_sum) !== sum)
    return `The sum of ${column} is not the one that was expected.`;
  return null;
}

/** Applies the rows that were not applied yet. False when stopping, or when the import is no longer ours to apply. */
async function applyFile(
  services: ImportServices,
  row: ImportRow,
  mapping: Mapping,
  rowsTotal: number,
  stopping: AbortSignal,
): Promise<boolean> {
  const pace = createPace(rowsTotal, Number(row.rows_read), services.clock);
  const kind = KINDS[mapping.records]();
  const commit = (batch: Batch) => commitBatch(services, row, mapping, batch, { pace, kind });
  // While one batch is applied, the next is read.
  for await (const applied of mapAhead(readBatches(services, row, mapping, kind), 1, commit))
    if (!applied || stopping.aborted) return false;
  return true;
}

interface Batch {
  /** Rows before it. */
  readonly from: number;
  readonly rows: readonly BatchRow[];
}

async function* readBatches(
  services: ImportServices,
  row: ImportRow,
  mapping: Mapping,
  kind: RecordKind<Imported>,
): AsyncGenerator<Batch> {
  const { clock, policy } = services;
  const now = clock();
  const statement = statementAt(row.as_of, accountPolicyAt(policy.current(), now).zone, now);
  const file = await open(services, row, mapping);
  let from = Number(row.rows_read);
  let rows: BatchRow[] = [];
  let context = waveContext(services, row);
  for await (const { row: no, cells } of file.records) {
    if (no <= from) continue;
    const result = readRow(mapping, file.header, cells, statement);
    if ('imported' in result && !row.dry_run) kind.prepare?.(context, result.imported);
    rows.push({ row: no, result, cells: () => keptCells(mapping, file.header, cells) });
    if (rows.length < BATCH_ROWS) continue;
    yield { from, rows };
    from += rows.length;
    rows = [];
    context = waveContext(services, row);
  }
  if (rows.length > 0) yield { from, rows };
}

function waveContext({ vault, clock, policy }: ImportServices, row: ImportRow): WaveContext {
  return { vault, policy: policy.current(), importId: row.import_id, clientId: row.client_id, now: clock() };
}

/** Somebody else writes the same at this moment; the batch is applied again, as if all of it could be on file. */
const OVERTAKEN = new Set<string | undefined>(['23505', '40P01']);

async function commitBatch(
  services: ImportServices,
  row: ImportRow,
  mapping: Mapping,
  batch: Batch,
  { pace, kind }: { readonly pace: Pace; readonly kind: RecordKind<Imported> },
): Promise<boolean> {
  try {
    return await applyOnce(services, row, mapping, batch, { pace, kind });
  } catch (error) {
    if (!OVERTAKEN.has(sqlState(error))) throw error;
    return applyOnce(services, row, mapping, batch, { pace, kind: KINDS[mapping.records]() });
  }
}

/** One transaction: the rows, what became of them and the progress, so that a run after a crash goes on exactly here. */
async function applyOnce(
  services: ImportServices,
  row: ImportRow,
  { columnOf }: Mapping,
  { from, rows }: Batch,
  { pace, kind }: { readonly pace: Pace; readonly kind: RecordKind<Imported> },
): Promise<boolean> {
  const { db, vault } = services;
  const { import_id: importId, dry_run: dryRun } = row;
  return db.transaction().execute(async (trx) => {
    const before = await lockForBatch(trx, importId, from);
    if (!before) return false;
    // A crash that loses this batch loses its progress with it, and the end of the import waits for all before it.
    await sql`SET LOCAL synchronous_commit = off`.execute(trx);
    const context = { ...waveContext(services, row), dryRun, kind, columnOf };
    const applied = await applyBatch(trx, context, rows);
    await insertRows(trx, vault, importId, applied.rows);
    const { rowsPerSecond, percent } = pace(from + rows.length);
    await advanceImport(trx, importId, applied.totals, rowsPerSecond);
    if (percent !== null) await emitEvents(trx, context.now, [progressEvent(before, applied.totals, percent)]);
    return true;
  });
}
