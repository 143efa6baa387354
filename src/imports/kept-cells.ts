import { containsCardNumber } from '../cleansing/card-number.ts';
import { maskCell } from './cells.ts';
import type { Header } from './csv.ts';
import { type Mapping, type RowProblem, type RowResult, readCells, type Statement } from './mapping.ts';

/** A quarantined row as it is kept for whoever corrects it: cells by their columns, `#17` for the 17th that has no column. */
export type KeptCells = Readonly<Record<string, string>>;

/** A card number may be kept nowhere, also where a shifted row has it in the column of something else. */
export function mayKeep(mapping: Mapping, column: string, cell: string): boolean {
  return !mapping.unkept.includes(column) && !containsCardNumber(cell);
}

/** The cells of a row, but for those that nothing may keep. A cell that the row lacks is left out. */
export function keptCells(mapping: Mapping, { indexes, extent }: Header, cells: readonly string[]): KeptCells {
  const kept: Record<string, string> = {};
  for (const [column, index] of indexes)
    if (index < cells.length && mayKeep(mapping, column, cells[index]!)) kept[column] = cells[index]!;
  for (let index = extent; index < cells.length; index += 1)
    if (cells[index]!.trim() !== '' && !containsCardNumber(cells[index]!)) kept[`#${index + 1}`] = cells[index]!;
  return kept;
}

/** Reads a row from its kept cells, as it would be read from a file. */
export function readKept(mapping: Mapping, cells: KeptCells, statement: Statement): RowResult {
  const problems: RowProblem[] = [];
  for (const column of mapping.columns.required)
    if (!Object.hasOwn(cells, column) && !mapping.unkept.includes(column))
      problems.push({ column, code: 'ROW_TOO_SHORT', maskedValue: '' });
  for (const [column, text] of Object.entries(cells))
    if (column.startsWith('#') && text.trim() !== '')
      problems.push({ column, code: 'ROW_TOO_LONG', maskedValue: maskCell(text) });
  if (problems.length > 0) return { problems: problems.slice(0, 1) };
  return readCells(mapping, (column) => (Object.hasOwn(cells, column) ? cells[column]! : ''), statement);
}
