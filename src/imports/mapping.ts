import type { AccountInput } from '../accounts/schemas.ts';
import { maskCell, type Parsed, type RowCode } from './cells.ts';
import type { Columns, Header } from './csv.ts';

/** What a source's file says, row by row, in the service's own terms. Pure. */

export const IMPORT_SOURCES = ['default', 'uci'] as const;
export type ImportSource = (typeof IMPORT_SOURCES)[number];

/** A debtor and one account, every value in its one stored form. */
export interface ImportedRow {
  readonly customer: ImportedCustomer;
  readonly account: ImportedAccount;
}

export interface ImportedCustomer {
  readonly customerId: string;
  readonly name: string;
  readonly residentId: string | null;
  /** E.164. */
  readonly phone: { readonly value: string; readonly line: 'mobile' | 'landline' | null } | null;
}

/** The facts of an account that files have; the others keep what they are. */
export type ImportedAccount = { readonly accountId: string } & Readonly<
  Pick<
    AccountInput,
    | 'customerId'
    | 'currency'
    | 'asOf'
    | 'pastDueSince'
    | 'annualRate'
    | 'status'
    | 'balances'
    | 'minimumPaymentDue'
    | 'creditLimit'
  >
>;

/** Where and when the bank states what a file says. */
export interface Statement {
  /** Date for rows that carry none. */
  readonly asOf: string;
  /** The bank's zone. */
  readonly zone: string;
  /** No state is later than this. */
  readonly latest: Temporal.Instant;
}

export interface Mapping {
  readonly columns: Columns;
  /** The column that a totals line sums. */
  readonly sumColumn: string;
  /** One row that can be imported, in the order of the columns. */
  readonly example: readonly string[];
  readonly mapRow: (row: RowReader, statement: Statement) => ImportedRow;
}

export interface RowProblem {
  readonly column: string;
  readonly code: RowCode;
  readonly maskedValue: string;
}

type Parse<T> = (text: string) => Parsed<T>;

/** Reads the cells of one row by column, and keeps what was wrong with it. */
export interface RowReader {
  /** The cell's value. A bad cell is noted and condemns the row; `standIn` lets the reading of the others go on. */
  readonly required: <T>(column: string, parse: Parse<T>, standIn: T) => T;
  /** The same; `whenEmpty` for an empty cell. */
  readonly optional: <T, E>(column: string, parse: Parse<T>, whenEmpty: E) => T | E;
}

export type RowResult =
  | { readonly imported: ImportedRow; readonly corrected: boolean }
  | { readonly problems: readonly RowProblem[] };

/** Maps the cells of one row; a bad cell condemns this row only, and every bad cell is named. */
export function readRow(mapping: Mapping, header: Header, cells: readonly string[], statement: Statement): RowResult {
  const problems = lengthProblems(header, cells);
  if (problems.length > 0) return { problems };
  let corrected = false;
  const note = (column: string, code: RowCode, text: string) =>
    problems.push({ column, code, maskedValue: maskCell(text) });
  const read = <T, E>(column: string, parse: Parse<T>, fallback: E, needed: boolean): T | E => {
    const text = cells[header.indexes.get(column) ?? -1] ?? '';
    if (text.trim() === '') {
      if (needed) note(column, 'REQUIRED', '');
      return fallback;
    }
    const parsed = parse(text);
    if ('code' in parsed) {
      note(column, parsed.code, text);
      return fallback;
    }
    corrected ||= parsed.corrected;
    return parsed.value;
  };
  const reader: RowReader = {
    required: (column, parse, standIn) => read(column, parse, standIn, true),
    optional: (column, parse, whenEmpty) => read(column, parse, whenEmpty, false),
  };
  const imported = mapping.mapRow(reader, statement);
  return problems.length > 0 ? { problems } : { imported, corrected };
}

/** A row with too few cells, or with more than the header names. */
export function lengthProblems({ indexes, width }: Header, cells: readonly string[]): RowProblem[] {
  if (cells.length < width) {
    const [column] = [...indexes].find(([, index]) => index >= cells.length)!;
    return [{ column, code: 'ROW_TOO_SHORT', maskedValue: '' }];
  }
  const extra = cells.findIndex((cell, index) => index >= width && cell.trim() !== '');
  return extra < 0 ? [] : [{ column: `#${extra + 1}`, code: 'ROW_TOO_LONG', maskedValue: maskCell(cells[extra]!) }];
}

/** First instant of a date at the bank, in UTC as accounts keep it. */
export function startOfBankDay(date: string, zone: string): string {
  return Temporal.PlainDate.from(date).toZonedDateTime(zone).toInstant().toString();
}

/** Date at the bank of an instant. */
export function bankDayOf(instant: Temporal.Instant, zone: string): string {
  return instant.toZonedDateTimeISO(zone).toPlainDate().toString();
}
