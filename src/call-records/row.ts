import { fold, maskCell, parseWhole } from '../imports/cells.ts';
import type { Header } from '../imports/csv.ts';
import { lengthProblems } from '../imports/mapping.ts';
import { normalisePhone } from '../phone.ts';

/** What one row of a vendor's or carrier's call records says. Pure. */

/** By their names in a CSV header; in NDJSON the same in camel case. */
export const COLUMNS = {
  required: ['started_at'],
  optional: [
    'number',
    'customer_id',
    'contact_point_id',
    'direction',
    'duration_seconds',
    'result',
    'vendor_call_id',
    'carrier',
  ],
} as const;
type Column = (typeof COLUMNS)['required' | 'optional'][number];

export const ROW_CODES = [
  'ROW_TOO_SHORT',
  'ROW_TOO_LONG',
  'REQUIRED',
  'INVALID_JSON',
  'INVALID_ID',
  'INVALID_TIME',
  'INVALID_NUMBER',
  'INVALID_VALUE',
  'IN_THE_FUTURE',
  'PHONE_INVALID',
  'UNKNOWN_FIELD',
  'CONFLICT',
] as const;
export type RowCode = (typeof ROW_CODES)[number];

export interface RowProblem {
  readonly column: string;
  readonly code: RowCode;
  readonly maskedValue: string;
}

export interface Call {
  readonly startedAt: Temporal.Instant;
  readonly direction: 'outbound' | 'inbound';
  /** E.164; null when the row names the customer instead. */
  readonly number: string | null;
  readonly customerId: string | null;
  readonly contactPointId: string | null;
  readonly durationSeconds: number | null;
  readonly result: string | null;
  /** Null also for an id that contains the number. */
  readonly vendorCallId: string | null;
  readonly carrier: string | null;
}

export interface RowRules {
  /** Zone of times without an offset; null: they are refused. */
  readonly timeZone: string | null;
  /** No call starts later than this. */
  readonly latest: Temporal.Instant;
}

export type RowResult = { readonly call: Call } | { readonly problems: readonly RowProblem[] };

/** Reads one record of a CSV file. */
export function readCsvRow(header: Header, cells: readonly string[], rules: RowRules): RowResult {
  const problems = lengthProblems(header, cells) as readonly RowProblem[];
  if (problems.length > 0) return { problems };
  return readRow((column) => cells[header.indexes.get(column) ?? -1] ?? '', rules);
}

/** Reads one line of NDJSON: an object of strings and whole numbers, without fields of other names. */
export function readJsonRow(line: string, rules: RowRules): RowResult {
  const fields = fieldsOf(line);
  if (fields === null) return { problems: [{ column: '#1', code: 'INVALID_JSON', maskedValue: '' }] };
  const names = new Map<string, string>(
    [...COLUMNS.required, ...COLUMNS.optional].map((name) => [camelCase(name), name]),
  );
  const problems = Object.entries(fields).flatMap(([field, value]): RowProblem[] => {
    const column = /^\w{1,64}$/.test(field) ? field : '#?';
    if (!names.has(field)) return [{ column, code: 'UNKNOWN_FIELD', maskedValue: '' }];
    const isCell = value === null || typeof value === 'string' || Number.isSafeInteger(value);
    return isCell ? [] : [{ column, code: 'INVALID_VALUE', maskedValue: '' }];
  });
  return problems.length > 0 ? { problems } : readRow((column) => String(fields[camelCase(column)] ?? ''), rules);
}

function fieldsOf(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line);
    return value === null || typeof value !== 'object' || Array.isArray(value)
      ? null
      : (value as Record<string, unknown>);
  } catch {
    return null;
  }
}

function camelCase(column: string): string {
  return column.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** A value, or what is wrong with the cell. */
type Parsed<T> = { readonly value: T } | { readonly code: RowCode };

function readRow(cell: (column: Column) => string, { timeZone, latest }: RowRules): RowResult {
  const problems: RowProblem[] = [];
  const read = <T>(column: Column, parse: (text: string) => Parsed<T>): T | null => {
    const text = fold(cell(column));
    if (text === '') return null;
    const parsed = parse(text);
    if ('value' in parsed) return parsed.value;
    problems.push({ column, code: parsed.code, maskedValue: maskCell(text) });
    return null;
  };
  const startedAt = read('started_at', (text) => parseTime(text, timeZone, latest));
  const number = read('number', parseNumber);
  const customerId = read('customer_id', (text) => parsePattern(text, ID, 'INVALID_ID'));
  const contactPointId = read('contact_point_id', (text) => parsePattern(text, ID, 'INVALID_ID'));
  const direction = read('direction', parseDirection);
  const durationSeconds = read('duration_seconds', parseDuration);
  const result = read('result', parseResult);
  const vendorCallId = read('vendor_call_id', (text) => parsePattern(text, CALL_ID, 'INVALID_ID'));
  const carrier = read('carrier', (text) => parsePattern(text, ID, 'INVALID_ID'));
  const missing = (column: Column) => problems.push({ column, code: 'REQUIRED', maskedValue: '' });
  if (fold(cell('started_at')) === '') missing('started_at');
  if (fold(cell('number')) === '' && fold(cell('customer_id')) === '')
    missing(fold(cell('contact_point_id')) === '' ? 'number' : 'customer_id');
  if (problems.length > 0 || startedAt === null) return { problems };
  return {
    call: {
      startedAt,
      direction: direction ?? 'outbound',
      number,
      customerId,
      contactPointId,
      durationSeconds,
      result,
      vendorCallId: number !== null && vendorCallId?.includes(number.slice(-8)) ? null : vendorCallId,
      carrier,
    },
  };
}

const ID = /^[A-Za-z0-9._:-]{1,64}$/;
/** As call ids in the API, and with the @ of a SIP Call-ID. */
const CALL_ID = /^[A-Za-z0-9._:/@-]{1,128}$/;
const WITH_OFFSET = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)$/i;
const LOCAL = /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})[T ](\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?$/;
const DAY_SECONDS = 86_400;

function parsePattern(text: string, pattern: RegExp, code: RowCode): Parsed<string> {
  return pattern.test(text) ? { value: text } : { code };
}

function parseNumber(text: string): Parsed<string> {
  const value = normalisePhone(text);
  return value === null ? { code: 'PHONE_INVALID' } : { value };
}

function parseDirection(text: string): Parsed<'outbound' | 'inbound'> {
  const value = text.toLowerCase();
  return value === 'outbound' || value === 'inbound' ? { value } : { code: 'INVALID_VALUE' };
}

function parseDuration(text: string): Parsed<number> {
  const parsed = parseWhole(text);
  if ('code' in parsed || parsed.value < 0 || parsed.value > DAY_SECONDS) return { code: 'INVALID_NUMBER' };
  return { value: parsed.value };
}

/** The sender's own word for how the call ended; a number of a person does not belong there. */
function parseResult(text: string): Parsed<string> {
  return text.length <= 64 && !/\d{7}/.test(text) ? { value: text } : { code: 'INVALID_VALUE' };
}

/** RFC 3339, with a blank for the T too; without an offset the local time of `timeZone`, the earlier where there are two. */
function parseTime(text: string, timeZone: string | null, latest: Temporal.Instant): Parsed<Temporal.Instant> {
  const instant = instantOf(text, timeZone)?.round({ smallestUnit: 'microsecond', roundingMode: 'floor' });
  if (instant === undefined || instant.epochMilliseconds < 0) return { code: 'INVALID_TIME' };
  return Temporal.Instant.compare(instant, latest) > 0 ? { code: 'IN_THE_FUTURE' } : { value: instant };
}

function instantOf(text: string, timeZone: string | null): Temporal.Instant | undefined {
  try {
    if (WITH_OFFSET.test(text)) return Temporal.Instant.from(text.replace(' ', 'T'));
    const local = LOCAL.exec(text);
    if (!local || timeZone === null) return undefined;
    const [, year, month, day, hour, minute, second] = local.map(Number);
    const fields = { year: year!, month: month!, day: day!, hour: hour!, minute: minute!, second: second || 0 };
    return Temporal.PlainDateTime.from(fields, { overflow: 'reject' }).toZonedDateTime(timeZone).toInstant();
  } catch {
    return undefined;
  }
}
