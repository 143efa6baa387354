import { sql } from 'kysely';
import type { Db, Trx } from '../db/database.ts';
import type { Vault } from '../personal-data.ts';
import type { AppliedRow } from './apply.ts';
import type { KeptCells } from './kept-cells.ts';
import type { RowProblem } from './mapping.ts';
import type { Rejection, Resubmission, RowDetails, RowOutcome } from './schemas.ts';

/** What became of the rows of an import, where it was not simply applied: SQL only. */

const cellsAt = (importId: string, row: number) => ({
  table: 'import_rows',
  column: 'cells_sealed',
  rowId: `${importId}/${row}`,
});

const sealedCells = (vault: Vault, importId: string, { row, cells }: Pick<AppliedRow, 'row' | 'cells'>) =>
  cells === null ? null : vault.seal(cellsAt(importId, row), JSON.stringify(cells));

export async function insertRows(trx: Trx, vault: Vault, importId: string, rows: readonly AppliedRow[]): Promise<void> {
  if (rows.length === 0) return;
  await sql`
    INSERT INTO import_rows (import_id, row_no, outcome, details, cells_sealed)
    SELECT ${importId}, * FROM unnest(${rows.map(({ row }) => row)}::bigint[], ${rows.map(({ outcome }) => outcome)}::text[],
                                      ${rows.map(({ details }) => JSON.stringify(details))}::json[],
                                      ${rows.map((row) => sealedCells(vault, importId, row))}::bytea[])`.execute(trx);
  await insertProblems(
    trx,
    importId,
    rows.flatMap(({ row, problems }) => problems.map((problem) => ({ row, ...problem }))),
  );
}

async function insertProblems(trx: Trx, importId: string, problems: readonly Rejection[]): Promise<void> {
  if (problems.length === 0) return;
  await sql`
    INSERT INTO import_rejections (import_id, row_no, column_name, code, masked_value)
    SELECT ${importId}, * FROM unnest(${problems.map(({ row }) => row)}::bigint[], ${problems.map(({ column }) => column)}::text[],
                                      ${problems.map(({ code }) => code)}::text[], ${problems.map(({ maskedValue }) => maskedValue)}::text[])`.execute(
    trx,
  );
}

export interface StoredRow {
  readonly row: number;
  readonly outcome: RowOutcome;
  readonly details: RowDetails;
  readonly problems: readonly RowProblem[];
  readonly history: readonly Resubmission[];
}

interface RowOfTable {
  row_no: bigint;
  outcome: string;
  details: unknown;
  history: unknown;
  problems: unknown;
}

const storedRow = ({ row_no, outcome, details, history, problems }: RowOfTable): StoredRow => ({
  row: Number(row_no),
  outcome: outcome as RowOutcome,
  details: details as RowDetails,
  problems: (problems ?? []) as RowProblem[],
  history: (history ?? []) as Resubmission[],
});

const ROWS_PER_PAGE = 1_000;

const PROBLEMS = sql`(SELECT json_agg(json_build_object('column', p.column_name, 'code', p.code, 'maskedValue', p.masked_value)
                             ORDER BY p.column_name)
                        FROM import_rejections p WHERE p.import_id = r.import_id AND p.row_no = r.row_no) AS problems`;

/** The rows in the order of the file, of one outcome or all, read page by page. */
export async function* readRows(db: Db, importId: string, outcome: RowOutcome | null): AsyncGenerator<StoredRow> {
  let after = 0;
  for (;;) {
    const { rows } = await sql<RowOfTable>`
      SELECT r.row_no, r.outcome, r.details, r.history, ${PROBLEMS} FROM import_rows r
       WHERE r.import_id = ${importId} AND r.row_no > ${after} AND (${outcome}::text IS NULL OR r.outcome = ${outcome})
       ORDER BY r.row_no LIMIT ${ROWS_PER_PAGE}`.execute(db);
    for (const row of rows) yield storedRow(row);
    if (rows.length < ROWS_PER_PAGE) return;
    after = Number(rows.at(-1)!.row_no);
  }
}

/** One row with its kept cells, null when there are none; undefined when nothing is known of it. */
export async function findRow(
  trx: Trx,
  vault: Vault,
  importId: string,
  row: number,
): Promise<(StoredRow & { readonly cells: KeptCells | null }) | undefined> {
  const { rows } = await sql<RowOfTable & { cells_sealed: Buffer | null }>`
    SELECT r.row_no, r.outcome, r.details, r.history, r.cells_sealed, ${PROBLEMS} FROM import_rows r
     WHERE r.import_id = ${importId} AND r.row_no = ${row}`.execute(trx);
  const found = rows[0];
  if (!found) return undefined;
  const cells =
    found.cells_sealed === null
      ? null
      : (JSON.parse(vault.open(cellsAt(importId, row), found.cells_sealed)) as KeptCells);
  return { ...storedRow(found), cells };
}

/** Puts what became of a row that was sent again in the place of what was known of it. */
export async function replaceRow(
  trx: Trx,
  vault: Vault,
  importId: string,
  applied: AppliedRow,
  history: readonly Resubmission[],
): Promise<void> {
  const { row, outcome, details, problems } = applied;
  await sql`
    UPDATE import_rows SET outcome = ${outcome}, details = ${JSON.stringify(details)}::json, history = ${JSON.stringify(history)}::json,
                           cells_sealed = ${sealedCells(vault, importId, applied)}
     WHERE import_id = ${importId} AND row_no = ${row}`.execute(trx);
  await sql`DELETE FROM import_rejections WHERE import_id = ${importId} AND row_no = ${row}`.execute(trx);
  await insertProblems(
    trx,
    importId,
    problems.map((problem) => ({ row, ...problem })),
  );
  const [accepted, corrected, duplicate, quarantined] = [
    Number(outcome === 'accepted' || outcome === 'corrected'),
    Number(outcome === 'corrected'),
    Number(outcome === 'duplicate'),
    Number(outcome === 'quarantined'),
  ];
  await sql`
    UPDATE imports SET accepted = accepted + ${accepted}, corrected = corrected + ${corrected}, duplicates = duplicates + ${duplicate},
                       quarantined = quarantined - ${1 - quarantined}, resubmitted = resubmitted + ${1 - quarantined}
     WHERE import_id = ${importId}`.execute(trx);
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
