import { isAmount, toMinor } from '../rules/money/money.ts';

/** Reading one cell of a file: what it means, and whether it had to be corrected to mean it. Pure. */

export const ROW_CODES = [
  'ROW_TOO_SHORT',
  'ROW_TOO_LONG',
  'REQUIRED',
  'INVALID_ID',
  'INVALID_NAME',
  'INVALID_NUMBER',
  'INVALID_DATE',
  'INVALID_CURRENCY',
  'IN_THE_FUTURE',
  'OUT_OF_ORDER',
  'PHONE_INVALID',
  'RESIDENT_ID_INVALID',
  'UNKNOWN_STATUS',
  'ACCOUNT_OF_OTHER_CUSTOMER',
] as const;
export type RowCode = (typeof ROW_CODES)[number];

export type Parsed<T> = { readonly value: T; readonly corrected: boolean } | { readonly code: RowCode };

/** Full-width digits, letters, signs and blanks to their plain forms, without outer blanks. */
export function fold(text: string): string {
  return text.normalize('NFKC').replaceAll('\u2212', '-').trim();
}

/** The caller's own id, as everywhere in the API. */
export function parseId(text: string): Parsed<string> {
  const folded = fold(text);
  return /^[A-Za-z0-9._:-]{1,64}$/.test(folded)
    ? { value: folded, corrected: folded !== text.trim() }
    : { code: 'INVALID_ID' };
}

/**
 * Decimal text of an amount or a rate. Understood and counted as corrections: full-width digits, a currency sign,
 * thousands separators, the trailing minus of core systems, an exponent (`5.00E+05`). Null when it is no number.
 */
export function parseDecimal(text: string): { readonly value: string; readonly corrected: boolean } | null {
  const trimmed = text.trim();
  let plain = fold(text).replace(/^(-?)[¥$] ?/, '$1');
  if (/^[^-].*-$/.test(plain)) plain = `-${plain.slice(0, -1).trimEnd()}`;
  if (/^-?\d{1,3}(,\d{3})+(\.\d*)?$/.test(plain)) plain = plain.replaceAll(',', '');
  plain = expandExponent(plain);
  // A plus and leading zeros are how fixed-width systems print a number, not a fault in it.
  const value = plain.replace(/^\+/, '').replace(/^(-?)0+(?=\d)/, '$1');
  return isAmount(value) ? { value, corrected: plain !== trimmed } : null;
}

/** An amount in major units to minor units, exactly: more decimals than the currency has are refused, never rounded. */
export function parseAmount(text: string, currency: string): Parsed<bigint> {
  const decimal = parseDecimal(text);
  const minor = decimal === null ? null : toMinor(decimal.value, currency);
  return decimal === null || minor === null
    ? { code: 'INVALID_NUMBER' }
    : { value: minor, corrected: decimal.corrected };
}

/** A whole number in plain or scientific form, which is not a correction here: `5.00E+05` is 500000. */
export function parseWhole(text: string): Parsed<number> {
  const plain = expandExponent(fold(text)).replace(/\.0+$/, '');
  return /^-?\d{1,15}$/.test(plain) ? { value: Number(plain), corrected: false } : { code: 'INVALID_NUMBER' };
}

/** `1.25E+03` to `1250`, exactly; text without an exponent, or with an absurd one, comes back as it is. */
function expandExponent(text: string): string {
  const match = /^(-?)(\d+)(?:\.(\d*))?[eE]([+-]?\d{1,2})$/.exec(text);
  if (!match) return text;
  const [, sign = '', whole = '', fraction = '', exponent = ''] = match;
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  const padded = point <= 0 ? '0'.repeat(1 - point) + digits : digits.padEnd(point, '0');
  const at = Math.max(point, 1);
  const value = `${padded.slice(0, at).replace(/^0+(?=\d)/, '')}.${padded.slice(at)}`.replace(/\.?0*$/, '');
  return sign + value;
}

/** A date that exists: `2026-11-20`, or corrected from `2026/11/20`, `20261120` or `2026年11月20日`. */
export function parseDate(text: string): Parsed<string> {
  const match = /^((?:19|20|21)\d\d)(?:([-/.年])(\d{1,2})(?:\2|月)(\d{1,2})日?|(\d{2})(\d{2}))$/.exec(fold(text));
  if (!match) return { code: 'INVALID_DATE' };
  const [, year = '', , month = match[5] ?? '', day = match[6] ?? ''] = match;
  const value = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  return isRealDate(value) ? { value, corrected: value !== text.trim() } : { code: 'INVALID_DATE' };
}

function isRealDate(date: string): boolean {
  const at = new Date(`${date}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(date);
}

/**
 * What a rejection may show of a cell: the first character and the punctuation, at most 32 characters. Every column is
 * masked, since a shifted row has a name or a number anywhere.
 */
export function maskCell(text: string): string {
  const [first = '', ...rest] = [...text.trim()].slice(0, 32);
  return first + rest.join('').replace(/[\p{L}\p{N}\p{M}\p{S}\p{C}]/gu, '*');
}
