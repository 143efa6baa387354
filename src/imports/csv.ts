import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type CsvError, parse } from 'csv-parse';
import { fold, parseDecimal } from './cells.ts';

/** The shape of a file: separator, header, records, totals line. No database and no clock. */

export const SEPARATORS = [',', '\t', '|'] as const;
export type Separator = (typeof SEPARATORS)[number];

/** Longest record; what is longer is a wrong separator, a lost quote or no text at all. */
export const MAX_RECORD_BYTES = 65_536;

const SLICE_BYTES = 16_384;
/** Lines that are read before others have their turn. */
const LINES_A_TURN = 50;

export const FILE_CODES = [
  'EMPTY_FILE',
  'BINARY_FILE',
  'NOT_CSV',
  'NO_ROWS',
  'ENCODING',
  'COLUMN_MISSING',
  'COLUMN_REPEATED',
  'COLUMN_UNKNOWN',
  'RECORD_TOO_LARGE',
  'MALFORMED_CSV',
  'CONTROL_TOTALS',
  'UPLOAD_INCOMPLETE',
  'INTERNAL',
] as const;
export type FileCode = (typeof FILE_CODES)[number];

/** What is wrong with a whole file, in one sentence that shows nothing of its content but names of columns. */
export class FileError extends Error {
  readonly code: FileCode;
  readonly column: string | undefined;

  constructor(code: FileCode, detail: string, column?: string) {
    super(detail);
    this.code = code;
    this.column = column;
  }
}

export function uploadIncomplete(): FileError {
  return new FileError('UPLOAD_INCOMPLETE', 'The upload broke off before the end of the file; nothing was applied.');
}

/** Which columns a file may have, by their names in the header. */
export interface Columns {
  readonly required: readonly string[];
  readonly optional: readonly string[];
  /** Further names in a header, in the form of `columnKey`, and the column each means; null: a column to pass over. */
  readonly aliases?: ReadonlyMap<string, string | null>;
  /** A column of another name is passed over, not refused. */
  readonly others?: boolean;
  /** Null: detected from the header. */
  readonly separator?: Separator | null;
}

/** Names of columns are compared so. */
export function columnKey(name: string): string {
  return fold(name).toLowerCase();
}

export interface Header {
  readonly indexes: ReadonlyMap<string, number>;
  /** Number of cells a record must have. */
  readonly width: number;
  /** Number of cells the header has, those that are passed over too. */
  readonly extent: number;
}

/** The separator that occurs most often in the header line, outside quotes; a comma when none does. */
export function detectSeparator(headerLine: string): Separator {
  const unquoted = headerLine.replace(/"[^"]*"/g, '');
  const count = (separator: string) => unquoted.split(separator).length;
  return SEPARATORS.reduce((best, separator) => (count(separator) > count(best) ? separator : best));
}

/** Finds the columns, whatever their order and case. Throws FileError for a missing, repeated or unknown column. */
export function readHeader(cells: readonly string[], columns: Columns): Header {
  const { required, optional, aliases, others = false } = columns;
  const known = new Map<string, string | null>(aliases);
  for (const name of [...required, ...optional]) known.set(columnKey(name), name);
  const indexes = new Map<string, number>();
  let extent = 0;
  for (const [index, cell] of cells.entries()) {
    // Spreadsheets leave separators behind the last column.
    if (cell.trim() === '') continue;
    extent = index + 1;
    const name = known.get(columnKey(cell));
    if (name === null || (name === undefined && others)) continue;
    // The cell is not repeated: in a file without a header it is a name or a number of a person.
    if (name === undefined)
      throw new FileError('COLUMN_UNKNOWN', `Column ${index + 1} of the header is none of this source.`);
    if (indexes.has(name)) throw new FileError('COLUMN_REPEATED', `The header has the column ${name} twice.`, name);
    indexes.set(name, index);
  }
  const missing = required.filter((name) => !indexes.has(name));
  if (missing.length > 0) throw new FileError('COLUMN_MISSING', `The header lacks ${missing.join(', ')}.`, missing[0]);
  return { indexes, width: Math.max(0, ...indexes.values()) + 1, extent };
}

/**
 * Checks the first characters of a file, so that what cannot be one is refused while it is uploaded. `complete` says that
 * the file ends here. False when the header line has not ended. Throws FileError.
 */
export function checkHead(head: string, complete: boolean, columns: Columns): boolean {
  const line = firstLine(head, complete);
  if (line === null && head.length >= MAX_RECORD_BYTES) throw recordTooLarge();
  if (line === null) return false;
  if (line === '') throw new FileError('EMPTY_FILE', 'The file is empty.');
  refuseOtherFormats(line);
  const separator = columns.separator ?? detectSeparator(line);
  readHeader(
    line.split(separator).map((cell) => cell.replace(/^\s*"(.*)"\s*$/, '$1')),
    columns,
  );
  return true;
}

/** What is sent instead of an extract when something before it went wrong: a page, a message, a document. */
function refuseOtherFormats(firstLine: string): void {
  const format = /^\s*<(!doctype|html)/i.test(firstLine)
    ? 'HTML'
    : /^\s*</.test(firstLine)
      ? 'XML'
      : /^\s*[{[]/.test(firstLine)
        ? 'JSON'
        : null;
  if (format !== null) throw new FileError('NOT_CSV', `This is ${format}; send CSV with a header line.`);
}

export function noRows(): FileError {
  const detail = 'The file has a header and no row; where there is nothing to send, a totals line of 0 rows says so.';
  return new FileError('NO_ROWS', detail);
}

export function recordTooLarge(): FileError {
  return new FileError('RECORD_TOO_LARGE', `A line is longer than ${MAX_RECORD_BYTES} bytes.`);
}

/** The first line that is not blank, '' for a file without one, null when the line does not end in time. */
function firstLine(head: string, complete: boolean): string | null {
  const text = head.trimStart();
  const end = text.search(/[\r\n]/);
  if (end >= 0) return text.slice(0, end);
  return complete ? text.trimEnd() : null;
}

export interface TotalsLine {
  readonly rows: string;
  readonly sum: string;
}

export interface DataRecord {
  /** Row number; 1 is the first after the header. */
  readonly row: number;
  readonly cells: readonly string[];
}

export interface CsvFile {
  readonly header: Header;
  readonly records: AsyncIterable<DataRecord>;
  /** The totals line; null when there is none, or until all records have been read. */
  readonly totals: () => TotalsLine | null;
}

/**
 * Reads a file in constant memory. A last line whose first cell is `TOTAL` or `合计` is no record: it carries the number
 * of rows in its first other cell that is not empty, and the sum in the column `sumColumn`, or in the next such cell.
 * Throws FileError, also while the records are read.
 */
export async function openCsv(text: AsyncIterable<string>, columns: Columns, sumColumn: string): Promise<CsvFile> {
  const pieces = text[Symbol.asyncIterator]();
  let head = '';
  let complete = false;
  while (!complete && head.length < MAX_RECORD_BYTES && firstLine(head, false) === null) {
    const next = await pieces.next();
    if (next.done) complete = true;
    else head += next.value;
  }
  checkHead(head, complete, columns);
  const lines = readLines(head, pieces, columns.separator ?? detectSeparator(firstLine(head, complete) ?? ''));
  const first = await lines.next();
  if (first.done) throw new FileError('EMPTY_FILE', 'The file is empty.');
  const header = readHeader(first.value, columns);
  let totals: TotalsLine | null = null;
  async function* records(): AsyncGenerator<DataRecord> {
    let row = 0;
    for await (const cells of lines) {
      if (totals !== null) throw new FileError('CONTROL_TOTALS', 'The totals line is not the last line.');
      if (isTotals(cells)) {
        totals = readTotals(cells, header.indexes.get(sumColumn));
      } else {
        row += 1;
        yield { row, cells };
      }
    }
  }
  return { header, records: records(), totals: () => totals };
}

const LINE_END = /\r\n|[\r\n]/;

/** The cells of each record that is not blank. */
async function* readLines(head: string, rest: AsyncIterator<string>, delimiter: Separator): AsyncGenerator<string[]> {
  for (let text = head; ; ) {
    // Most files quote nothing; there a line is a record, and a parser takes ten times as long to find that.
    if (text.includes('"')) return yield* parseLines(text, rest, delimiter);
    const lines = text.split(LINE_END);
    const begun = lines.pop()!;
    yield* cellsOf(lines, delimiter);
    refuseLong(begun);
    const next = await rest.next();
    if (next.done) return yield* cellsOf([begun], delimiter);
    text = begun + next.value;
  }
}

async function* cellsOf(lines: readonly string[], delimiter: Separator): AsyncGenerator<string[]> {
  for (const [index, line] of lines.entries()) {
    if (index % LINES_A_TURN === 0) await nextTurn();
    refuseLong(line);
    const cells = line.split(delimiter);
    if (isFilled(cells)) yield cells;
  }
}

function refuseLong(line: string): void {
  if (line.length * 3 > MAX_RECORD_BYTES && Buffer.byteLength(line) > MAX_RECORD_BYTES) throw recordTooLarge();
}

function isFilled(cells: readonly string[]): boolean {
  return cells.some((cell) => cell.trim() !== '');
}

async function* parseLines(head: string, rest: AsyncIterator<string>, delimiter: Separator): AsyncGenerator<string[]> {
  async function* source() {
    yield* slices(head);
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield* slices(next.value);
  }
  const input = Readable.from(source());
  const parser = parse({
    delimiter,
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: MAX_RECORD_BYTES,
  });
  input.on('error', (error) => parser.destroy(error));
  input.pipe(parser);
  try {
    for await (const cells of parser as AsyncIterable<string[]>) if (isFilled(cells)) yield cells;
  } catch (error) {
    const { code } = error as CsvError;
    if (code === 'CSV_MAX_RECORD_SIZE') throw recordTooLarge();
    if (code?.startsWith('CSV_'))
      throw new FileError('MALFORMED_CSV', 'A quoted cell does not end; quotes inside it must be doubled.');
    throw error;
  } finally {
    input.destroy();
  }
}

/** Small enough that parsing one does not keep requests waiting; they have their turn between two. */
async function* slices(text: string): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
    yield bytes.subarray(at, at + SLICE_BYTES);
    await nextTurn();
  }
}

function isTotals(cells: readonly string[]): boolean {
  const first = fold(cells[0] ?? '').toUpperCase();
  return first === 'TOTAL' || first === '合计';
}

function readTotals(cells: readonly string[], sumIndex: number | undefined): TotalsLine {
  const filled = [...cells.keys()].slice(1).filter((index) => cells[index]!.trim() !== '');
  const [rows, next] = filled;
  const sum = filled.find((index) => index === sumIndex && index !== rows) ?? next;
  return { rows: rows === undefined ? '' : cells[rows]!, sum: sum === undefined ? '' : cells[sum]! };
}

/** Ten-thousandths, so that sums are exact in every currency. Null when the text is no number. */
export function controlAmount(text: string): bigint | null {
  const decimal = parseDecimal(text);
  if (decimal === null) return null;
  const [whole = '0', fraction = ''] = decimal.value.replace('-', '').split('.');
  const scaled = BigInt(whole + fraction.padEnd(4, '0'));
  return decimal.value.startsWith('-') ? -scaled : scaled;
}

/** Compares a totals line with what was counted. Null when they agree, else the sentence for people. */
export function compareTotals(totals: TotalsLine, rows: number, sum: bigint, column: string): string | null {
  const said = { rows: controlAmount(totals.rows), sum: controlAmount(totals.sum) };
  if (said.rows === null || said.sum === null)
    return `The totals line needs the number of rows and the sum of ${column}.`;
  if (said.rows !== BigInt(rows) * 10_000n)
    return `The totals line gives another number of rows than the ${rows} of the file.`;
  return said.sum === sum ? null : `The sum of ${column} in the totals line is not that of the rows.`;
}
