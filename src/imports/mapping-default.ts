import { rateSchema } from '../accounts/schemas.ts';
import { customerInputSchema } from '../customers/schemas.ts';
import { normalisePhone } from '../phone.ts';
import { ACCOUNT_STATUSES } from '../rules/contact/facts.ts';
import { fromMinor } from '../rules/money/money.ts';
import { instantSchema } from '../validation.ts';
import { fold, type Parsed, parseAmount, parseDate, parseId } from './cells.ts';
import {
  bankDayOf,
  type ImportedRow,
  type Mapping,
  type RowReader,
  type Statement,
  startOfBankDay,
} from './mapping.ts';

/** The service's own layout: what `GET /v1/imports/template` gives. One row per account; the file has every column. */

const EXAMPLE = {
  customer_id: 'C1',
  name: '张三',
  resident_id: '11010519491231002X',
  phone: '13800138000',
  account_id: 'A1',
  currency: 'CNY',
  as_of: '2025-11-20',
  past_due_since: '2025-08-20',
  principal: '8000.00',
  interest: '600.00',
  penalty: '100.00',
  fees: '0.00',
  minimum_due: '1200.00',
  credit_limit: '50000.00',
  annual_rate: '0.1825',
  status: 'open',
};

export const defaultMapping: Mapping = {
  columns: { required: Object.keys(EXAMPLE), optional: [] },
  sumColumn: 'principal',
  example: Object.values(EXAMPLE),
  mapRow,
};

function mapRow(row: RowReader, statement: Statement): ImportedRow {
  const customerId = row.required('customer_id', parseId, '');
  const currency = row.required('currency', parseCurrency, 'CNY');
  const asOf = row.optional('as_of', parseAsOf(statement), startOfBankDay(statement.asOf, statement.zone));
  const zero = fromMinor(0n, currency);
  const amount = (negative: boolean) => parseMoney(currency, negative);
  return {
    customer: {
      customerId,
      name: row.required('name', parseName, ''),
      residentId: row.optional('resident_id', parseResidentId, null),
      phone: row.optional('phone', parsePhone, null),
    },
    account: {
      customerId,
      accountId: row.required('account_id', parseId, ''),
      currency,
      asOf,
      pastDueSince: row.optional('past_due_since', parseMissedDate(asOf, statement.zone), null),
      balances: {
        principal: row.required('principal', amount(true), zero),
        interest: row.optional('interest', amount(false), zero),
        penalty: row.optional('penalty', amount(false), zero),
        fees: row.optional('fees', amount(false), zero),
      },
      minimumPaymentDue: row.optional('minimum_due', amount(false), null),
      creditLimit: row.optional('credit_limit', amount(false), null),
      annualRate: row.optional('annual_rate', parseRate, null),
      status: row.optional('status', parseStatus, 'open'),
    },
  };
}

function parseName(text: string): Parsed<string> {
  const name = customerInputSchema.shape.name.safeParse(text);
  return name.success ? { value: name.data, corrected: false } : { code: 'INVALID_NAME' };
}

/** The form only, as everywhere: 15 digits, or 17 and a check character, which is judged where data are cleansed. */
function parseResidentId(text: string): Parsed<string> {
  const value = fold(text).replace(/\s/gu, '').toUpperCase();
  return /^(\d{15}|\d{17}[\dX])$/.test(value)
    ? { value, corrected: value !== text.trim() }
    : { code: 'RESIDENT_ID_INVALID' };
}

/** A mobile number is told by its form, `+861` and ten digits; another Chinese number is a landline. */
function parsePhone(text: string): Parsed<{ value: string; line: 'mobile' | 'landline' | null }> {
  const value = normalisePhone(text);
  if (value === null) return { code: 'PHONE_INVALID' };
  const line = !value.startsWith('+86') ? null : /^\+861\d{10}$/.test(value) ? 'mobile' : 'landline';
  return { value: { value, line }, corrected: !value.endsWith(text.trim()) };
}

const currencies = new Set(Intl.supportedValuesOf('currency'));

function parseCurrency(text: string): Parsed<string> {
  const folded = fold(text).toUpperCase();
  const value = folded === 'RMB' ? 'CNY' : folded;
  return currencies.has(value) ? { value, corrected: value !== text.trim() } : { code: 'INVALID_CURRENCY' };
}

function parseMoney(currency: string, negative: boolean) {
  return (text: string): Parsed<string> => {
    const parsed = parseAmount(text, currency);
    if ('code' in parsed) return parsed;
    if (parsed.value < 0n && !negative) return { code: 'INVALID_NUMBER' };
    return { value: fromMinor(parsed.value, currency), corrected: parsed.corrected };
  };
}

/** A date, meaning its first instant at the bank, or an instant with offset. */
function parseAsOf({ zone, latest }: Statement) {
  return (text: string): Parsed<string> => {
    const date = parseDate(text);
    const instant = instantSchema.safeParse(fold(text));
    if ('code' in date && !instant.success) return date;
    const value = 'value' in date ? startOfBankDay(date.value, zone) : toMilliseconds(instant.data!);
    if (Temporal.Instant.compare(value, latest) > 0) return { code: 'IN_THE_FUTURE' };
    return { value, corrected: 'value' in date && date.corrected };
  };
}

function toMilliseconds(instant: string): string {
  return Temporal.Instant.from(instant).round({ smallestUnit: 'millisecond', roundingMode: 'floor' }).toString();
}

/** The missed due date is not after the day of the state. */
function parseMissedDate(asOf: string, zone: string) {
  return (text: string): Parsed<string> => {
    const date = parseDate(text);
    if ('code' in date) return date;
    return date.value > bankDayOf(Temporal.Instant.from(asOf), zone) ? { code: 'OUT_OF_ORDER' } : date;
  };
}

function parseRate(text: string): Parsed<string> {
  const value = fold(text);
  return rateSchema.safeParse(value).success ? { value, corrected: value !== text.trim() } : { code: 'INVALID_NUMBER' };
}

function parseStatus(text: string): Parsed<(typeof ACCOUNT_STATUSES)[number]> {
  const folded = fold(text).toLowerCase();
  const value = ACCOUNT_STATUSES.find((status) => status === folded);
  return value === undefined ? { code: 'UNKNOWN_STATUS' } : { value, corrected: value !== text.trim() };
}
