import type { Correction } from '../cleansing/corrections.ts';
import { isAmount, toMinor } from '../rules/money/money.ts';

/** Reading one cell of a file: what it means, and whether it had to be corrected to mean it. Pure. */

export const ROW_CODES = [
  'ROW_TOO_SHORT',
  'ROW_TOO_LONG',
  'REQUIRED',
  'INVALID_ID',
  'INVALID_NAME',
  'INVALID_NUMBER',
  'TOO_SMALL',
  'TOO_PRECISE',
  'INVALID_DATE',
  'INVALID_CURRENCY',
  'IN_THE_FUTURE',
  'OUT_OF_ORDER',
  'PHONE_INVALID',
  'RESIDENT_ID_INVALID',
  'UNKNOWN_STATUS',
  'UNKNOWN_VALUE',
  'COLUMN_SWAPPED',
  'BIRTH_DATE_DIFFERS',
  'CARD_NUMBER_INVALID',
  'ACCOUNT_OF_OTHER_CUSTOMER',
  'CURRENCY_DIFFERS',
  'ACCOUNT_UNKNOWN',
  'PAYMENT_CONFLICT',
  'STATEMENT_IDENTITY',
  'STATEMENT_CONTINUITY',
] as const;
export type RowCode = (typeof ROW_CODES)[number];

/** A value and what was done to the cell before it meant that, or what is wrong with the cell. */
export type Parsed<T> = { readonly value: T; readonly corrections: readonly Correction[] } | { readonly code: RowCode };

/** Of a cell that means what it says. */
export const AS_IT_IS: readonly Correction[] = [];

/** ASCII that NFKC leaves alone, which most cells are. */
const PLAIN = /^[\x20-\x7e]*$/;

/** Full-width digits, letters, signs and blanks to their plain forms, without outer blanks. */
export function fold(text: string): string {
  return (PLAIN.test(text) ? text : text.normalize('NFKC').replaceAll('\u2212', '-')).trim();
}

/** A value that only its width can have changed. */
export function folded<T>(value: T, text: string): Parsed<T> {
  return { value, corrections: fold(text) === text.trim() ? AS_IT_IS : ['width'] };
}

/** The caller's own id, as everywhere in the API. */
export function parseId(text: string): Parsed<string> {
  const value = fold(text);
  return /^[A-Za-z0-9._:-]{1,64}$/.test(value) ? folded(value, text) : { code: 'INVALID_ID' };
}

const DECIMAL = /^-?(0|[1-9]\d{0,14})(\.\d{1,4})?$/;

/**
 * Decimal text of an amount or a rate. Understood and counted as corrections: full-width digits, a currency sign,
 * thousands separators, the trailing minus of core systems, an exponent (`5.00E+05`). Null when it is no number.
 */
export function parseDecimal(
  text: string,
): { readonly value: string; readonly corrections: readonly Correction[] } | null {
  const trimmed = text.trim();
  if (DECIMAL.test(trimmed)) return { value: trimmed, corrections: AS_IT_IS };
  const corrections: Correction[] = [];
  let plain = trimmed;
  const to = (changed: string, kind: Correction) => {
    if (changed !== plain) corrections.push(kind);
    plain = changed;
  };
  to(fold(plain), 'width');
  to(plain.replace(/^(-?)[¥$] ?/, '$1'), 'currency_sign');
  if (/^[^-].*-$/.test(plain)) to(`-${plain.slice(0, -1).trimEnd()}`, 'trailing_minus');
  if (/^-?\d{1,3}(,\d{3})+(\.\d*)?$/.test(plain)) to(plain.replaceAll(',', ''), 'separators');
  to(expandExponent(plain), 'exponent');
  // A plus and leading zeros are how fixed-width systems print a number, not a fault in it.
  const value = plain.replace(/^\+/, '').replace(/^(-?)0+(?=\d)/, '$1');
  return isAmount(value) ? { value, corrections } : null;
}

/**
 * An amount to minor units, exactly: more decimals than the currency has are refused, never rounded. `unit` minor: the
 * file counts fen, and a decimal point shows that it does not.
 */
export function parseAmount(text: string, currency: string, unit: 'major' | 'minor' = 'major'): Parsed<bigint> {
  const decimal = parseDecimal(text);
  if (decimal === null) return { code: 'INVALID_NUMBER' };
  const { value, corrections } = decimal;
  const minor = unit === 'major' ? toMinor(value, currency) : /^-?\d+$/.test(value) ? BigInt(value) : null;
  if (minor === null) return { code: unit === 'major' ? 'TOO_PRECISE' : 'INVALID_NUMBER' };
  return { value: minor, corrections };
}

/** A whole number in plain or scientific form, which is not a correction here: `5.00E+05` is 500000. */
export function parseWhole(text: string): Parsed<number> {
  const plain = expandExponent(fold(text)).replace(/\.0+$/, '');
  return /^-?\d{1,15}$/.test(plain) ? { value: Number(plain), corrections: AS_IT_IS } : { code: 'INVALID_NUMBER' };
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

/** How dates are written: `2026-11-20`, `20261120`, `2026/11/20`, `2026.11.20`, `2026年11月20日`. */
export const DATE_FORMS = ['dashes', 'compact', 'slashes', 'dots', 'chinese'] as const;
export type DateForm = (typeof DATE_FORMS)[number];

const FORM_OF: Readonly<Record<string, DateForm>> = { '-': 'dashes', '/': 'slashes', '.': 'dots', 年: 'chinese' };

/** A date that exists, in one of these forms; the first of them is the file's own, another one is a correction. */
export function parseDate(text: string, forms: readonly DateForm[] = DATE_FORMS): Parsed<string> {
  const plain = fold(text);
  const match = /^((?:19|20|21)\d\d)(?:([-/.年])(\d{1,2})(?:\2|月)(\d{1,2})日?|(\d{2})(\d{2}))$/.exec(plain);
  if (!match) return { code: 'INVALID_DATE' };
  const [, year = '', mark, month = match[5] ?? '', day = match[6] ?? ''] = match;
  const form = mark === undefined ? 'compact' : FORM_OF[mark]!;
  if (!forms.includes(form) || !isRealDate(Number(year), Number(month), Number(day))) return { code: 'INVALID_DATE' };
  const value = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  const written = form !== forms[0] || (form === 'dashes' && value !== plain);
  const corrections: Correction[] = plain === text.trim() ? [] : ['width'];
  if (written) corrections.push('date_form');
  return { value, corrections: corrections.length === 0 ? AS_IT_IS : corrections };
}

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function isRealDate(year: number, month: number, day: number): boolean {
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return day >= 1 && day <= (MONTH_DAYS[month - 1] ?? 0) + (leap ? 1 : 0);
}

/**
 * What a rejection may show of a cell: the first character and the punctuation, at most 32 characters. Every column is
 * masked, since a shifted row has a name or a number anywhere.
 */
export function maskCell(text: string): string {
  const [first = '', ...rest] = [...text.trim()].slice(0, 32);
  return first + rest.join('').replace(/[\p{L}\p{N}\p{M}\p{S}\p{C}]/gu, '*');
}
