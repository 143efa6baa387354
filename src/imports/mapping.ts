import type { AccountInput } from '../accounts/schemas.ts';
import type { Correction } from '../cleansing/corrections.ts';
import { maskCell, type Parsed, type RowCode } from './cells.ts';
import type { Columns, Header } from './csv.ts';
import type { FieldName, Records } from './sources/fields.ts';

/** What a source's file says, row by row, in the service's own terms. Pure. */

/** A debtor and one account, every value in its one stored form. */
export interface ImportedRow {
  readonly customer: ImportedCustomer;
  readonly account: ImportedAccount;
}

export interface ImportedCustomer {
  readonly customerId: string;
  readonly name: string;
  readonly residentId: string | null;
  readonly birthDate: string | null;
  readonly phones: readonly ImportedPhone[];
  readonly address: string | null;
}

export interface ImportedPhone {
  /** Id of the contact point that holds the number: m1, home or work by its column; m2, home-2 of a second one there. */
  readonly contactPointId: string;
  /** E.164. */
  readonly value: string;
  readonly line: 'mobile' | 'landline' | 'work' | null;
  readonly place: 'home' | 'work' | null;
}

/** A bank card, between the file and its token; the digits are never stored. */
export interface ImportedCard {
  readonly digits: string;
  readonly last4: string;
}

type Known = Pick<AccountInput, 'customerId' | 'currency' | 'asOf'>;
type Balances = AccountInput['balances'];

/** The facts of an account that the file has; the others keep what they are. Null is a fact: there is none. */
export type ImportedAccount = Readonly<
  { accountId: string; balances: Partial<Balances> & Pick<Balances, 'principal'>; card?: ImportedCard | null } & Known &
    Partial<Omit<AccountInput, keyof Known | 'balances' | 'penaltyRule'>>
>;

/** What a row of a file says, whatever its records are. */
export type Imported = ImportedRow | ImportedPayment | ImportedStatement;

/** An amount in the currency of its account, which the row does not name: major units, or whole minor ones. */
export interface ImportedAmount {
  readonly value: string;
  readonly unit: 'major' | 'minor';
}

export interface ImportedPayment {
  readonly accountId: string;
  readonly paymentId: string;
  /** Above zero. */
  readonly amount: ImportedAmount;
  readonly postedOn: string;
  readonly includedInState: boolean | null;
}

export const STATEMENT_AMOUNTS = [
  'previousBalance',
  'paymentsTotal',
  'newCharges',
  'adjustments',
  'interest',
  'statementBalance',
  'minimumDue',
] as const;

export interface ImportedStatement {
  readonly accountId: string;
  readonly statementOn: string;
  readonly amounts: Readonly<Record<(typeof STATEMENT_AMOUNTS)[number], ImportedAmount>>;
  readonly dueOn: string;
  readonly creditLimit: ImportedAmount | null;
}

/** Where and when the bank states what a file says. */
export interface Statement {
  /** Date for rows that carry none. */
  readonly asOf: string;
  /** Nobody is born later. */
  readonly today: string;
  /** No state is later than this instant. */
  readonly latest: string;
  /** First instant of a date at the bank. */
  readonly startOf: (date: string) => string;
  /** Date at the bank of an instant. */
  readonly dayOf: (instant: string) => string;
}

export interface Mapping {
  readonly records: Records;
  readonly columns: Columns;
  /** The column that a totals line sums. */
  readonly sumColumn: string;
  /** The column of a field; the field itself where no column has it. */
  readonly columnOf: (field: FieldName) => string;
  /** Columns that are not kept with a row that is refused, because nothing may keep them. */
  readonly unkept: readonly string[];
  /** One row that can be imported, in the order of the columns. */
  readonly example: readonly string[];
  readonly mapRow: (row: RowReader, statement: Statement) => Imported;
}

export interface RowProblem {
  readonly column: string;
  readonly code: RowCode;
  readonly maskedValue: string;
}

/** What was done to one cell, never what was in it. */
export interface RowCorrection {
  readonly column: string;
  readonly kinds: readonly Correction[];
}

/** Something about a cell of a row that was applied nevertheless. */
export interface RowWarning {
  readonly column: string;
  readonly code: RowCode;
}

export type Parse<T> = (text: string) => Parsed<T>;

/** Reads the cells of one row by column, and keeps what was wrong with it. */
export interface RowReader {
  /** The cell as it stands; empty when the file has no such column. */
  readonly text: (column: string) => string;
  /** The cell's value. A bad cell is noted and condemns the row; `standIn` lets the reading of the others go on. */
  readonly required: <T>(column: string, parse: Parse<T>, standIn: T) => T;
  /** The same; `whenEmpty` for an empty cell. */
  readonly optional: <T, E>(column: string, parse: Parse<T>, whenEmpty: E) => T | E;
  /** Condemns the row for a cell, instead of what was noted of that cell before. */
  readonly refuse: (column: string, code: RowCode) => void;
  readonly warn: (column: string, code: RowCode) => void;
}

export interface GoodRow {
  readonly imported: Imported;
  readonly corrections: readonly RowCorrection[];
  readonly warnings: readonly RowWarning[];
}

export type RowResult = GoodRow | { readonly problems: readonly RowProblem[] };

/** Maps the cells of one row; a bad cell condemns this row only, and every bad cell is named. */
export function readRow(mapping: Mapping, header: Header, cells: readonly string[], statement: Statement): RowResult {
  const problems = lengthProblems(header, cells);
  return problems.length > 0
    ? { problems }
    : readCells(mapping, (column) => cells[header.indexes.get(column) ?? -1] ?? '', statement);
}

/** The same for cells that are found by the names of their columns. */
export function readCells(mapping: Mapping, text: RowReader['text'], statement: Statement): RowResult {
  let problems: RowProblem[] = [];
  const corrections: RowCorrection[] = [];
  const warnings: RowWarning[] = [];
  const note = (column: string, code: RowCode) => problems.push({ column, code, maskedValue: maskCell(text(column)) });
  const read = <T, E>(column: string, parse: Parse<T>, fallback: E, needed: boolean): T | E => {
    const cell = text(column);
    if (cell.trim() === '') {
      if (needed) note(column, 'REQUIRED');
      return fallback;
    }
    const parsed = parse(cell);
    if ('code' in parsed) {
      note(column, parsed.code);
      return fallback;
    }
    if (parsed.corrections.length > 0) corrections.push({ column, kinds: parsed.corrections });
    return parsed.value;
  };
  const reader: RowReader = {
    text,
    required: (column, parse, standIn) => read(column, parse, standIn, true),
    optional: (column, parse, whenEmpty) => read(column, parse, whenEmpty, false),
    refuse: (column, code) => {
      problems = problems.filter((problem) => problem.column !== column);
      note(column, code);
    },
    warn: (column, code) => warnings.push({ column, code }),
  };
  const imported = mapping.mapRow(reader, statement);
  return problems.length > 0 ? { problems } : { imported, corrections, warnings };
}

/** A row with too few cells, or with more than the header names. */
export function lengthProblems({ indexes, width, extent }: Header, cells: readonly string[]): RowProblem[] {
  if (cells.length < width) {
    const [column] = [...indexes].find(([, index]) => index >= cells.length)!;
    return [{ column, code: 'ROW_TOO_SHORT', maskedValue: '' }];
  }
  if (cells.length <= extent) return [];
  const extra = cells.findIndex((cell, index) => index >= extent && cell.trim() !== '');
  return extra < 0 ? [] : [{ column: `#${extra + 1}`, code: 'ROW_TOO_LONG', maskedValue: maskCell(cells[extra]!) }];
}

/** How long after now a state may be as of: clocks differ, and a bank closes its day early. */
const AHEAD_HOURS = 24;

/** What a file says at the bank whose zone this is; `asOf` is for rows that carry no date. */
export function statementAt(asOf: string, zone: string, now: Temporal.Instant): Statement {
  return {
    asOf,
    today: bankDayOf(now, zone),
    latest: now.add({ hours: AHEAD_HOURS }).toString(),
    startOf: remembered((date) => startOfBankDay(date, zone)),
    dayOf: remembered((instant) => bankDayOf(Temporal.Instant.from(instant), zone)),
  };
}

const REMEMBERED = 10_000;

/** The rows of a file have few dates, and civil time takes long. */
function remembered(compute: (text: string) => string): (text: string) => string {
  const known = new Map<string, string>();
  return (text) => {
    let value = known.get(text);
    if (value === undefined) {
      value = compute(text);
      if (known.size < REMEMBERED) known.set(text, value);
    }
    return value;
  };
}

/** First instant of a date at the bank, in UTC as accounts keep it. */
function startOfBankDay(date: string, zone: string): string {
  return Temporal.PlainDate.from(date).toZonedDateTime(zone).toInstant().toString();
}

/** Date at the bank of an instant. */
export function bankDayOf(instant: Temporal.Instant, zone: string): string {
  return instant.toZonedDateTimeISO(zone).toPlainDate().toString();
}
