import { type Ctx, requireScope } from '../context.ts';
import { notFound } from '../errors.ts';
import { rowAnswer } from './answer.ts';
import { csvOf } from './csv-out.ts';
import { findImport } from './repository.ts';
import { readRejections, readRows } from './row-store.ts';
import type { ImportRowAnswer, Rejection, RowOutcome } from './schemas.ts';

/** Reports on rows, read while they are sent, as values or as a table for a spreadsheet. */

export interface Report<T> {
  readonly values: AsyncIterable<T>;
  readonly csv: () => AsyncGenerator<string>;
}

/** What was refused, row by row, in the order of the file. Throws NOT_FOUND. */
export async function listRejections(ctx: Ctx, importId: string): Promise<Report<Rejection>> {
  await requireImport(ctx, importId);
  const values = readRejections(ctx.db, importId);
  const columns = ['row', 'column', 'code', 'maskedValue'];
  const csv = () => csvOf(columns, values, ({ row, column, code, maskedValue }) => [[row, column, code, maskedValue]]);
  return { values, csv };
}

/** What became of the rows that were not simply applied, in the order of the file. Throws NOT_FOUND. */
export async function listRows(
  ctx: Ctx,
  importId: string,
  outcome: RowOutcome | null,
): Promise<Report<ImportRowAnswer>> {
  await requireImport(ctx, importId);
  const stored = readRows(ctx.db, importId, outcome);
  const values = mapped(stored, rowAnswer);
  return { values, csv: () => csvOf(ROW_COLUMNS, values, tableRows) };
}

async function requireImport(ctx: Ctx, importId: string): Promise<void> {
  requireScope(ctx, 'imports:write');
  if (!(await findImport(ctx.db, importId))) throw notFound('/importId', 'import');
}

const ROW_COLUMNS = [
  'row',
  'outcome',
  'column',
  'code',
  'value',
  'duplicateOfRow',
  'duplicateOfAsOf',
  'duplicateOfImportId',
];

/** A line for each thing that is said of a row: corrections by their kinds, warnings and problems by their codes. */
function tableRows({ row, outcome, corrections, warnings, duplicateOf, problems }: ImportRowAnswer) {
  const none = [null, null, null] as const;
  const lines = [
    ...corrections.map(({ column, kinds }) => [row, outcome, column, 'CORRECTED', kinds.join(' '), ...none]),
    ...warnings.map(({ column, code }) => [row, outcome, column, code, null, ...none]),
    ...problems.map(({ column, code, maskedValue }) => [row, outcome, column, code, maskedValue, ...none]),
  ];
  if (duplicateOf) {
    const { row: earlier, asOf, importId } = duplicateOf;
    lines.push([row, outcome, null, 'DUPLICATE', null, earlier, asOf, importId] as never);
  }
  return lines.length > 0 ? lines : [[row, outcome, null, null, null, ...none]];
}

async function* mapped<T, U>(values: AsyncIterable<T>, map: (value: T) => U): AsyncGenerator<U> {
  for await (const value of values) yield map(value);
}
