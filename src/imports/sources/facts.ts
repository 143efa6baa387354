import { dailyRateSchema, rateSchema } from '../../accounts/schemas.ts';
import { checkCardNumber } from '../../cleansing/card-number.ts';
import { cleanName } from '../../cleansing/names.ts';
import { readPhone } from '../../cleansing/phones.ts';
import { checkResidentId } from '../../cleansing/resident-id.ts';
import { normaliseAddress } from '../../phone.ts';
import { ACCOUNT_STATUSES } from '../../rules/contact/facts.ts';
import { currencyDecimals, fromMinor } from '../../rules/money/money.ts';
import { instantSchema } from '../../validation.ts';
import {
  AS_IT_IS,
  type DateForm,
  fold,
  folded,
  type Parsed,
  parseAmount,
  parseDate,
  parseDecimal,
  parseWhole,
  type RowCode,
} from '../cells.ts';
import type { ImportedAmount, ImportedCard, ImportedPhone, Parse, Statement } from '../mapping.ts';

/** Reading a cell as a fact of a customer, an account, a payment or a statement. Pure. */

export function parseName(text: string): Parsed<string> {
  const name = cleanName(text);
  // As everywhere: not empty, not masked, not longer than this.
  return name !== null && /^[^*\p{Cc}]{1,200}$/u.test(name.value) ? name : { code: 'INVALID_NAME' };
}

export interface ReadResidentId {
  readonly value: string;
  readonly birthDate: string | null;
  readonly warning: RowCode | null;
}

/** A number of the right form that is no real one (check character, date, region) is refused, or kept with a warning. */
export function parseResidentId(today: string, invalid: 'quarantine' | 'mark'): Parse<ReadResidentId> {
  return (text) => {
    const { value, converted, problem, birthDate } = checkResidentId(text, today);
    if (problem === 'form' || (problem !== null && invalid === 'quarantine')) return { code: 'RESIDENT_ID_INVALID' };
    const id = { value, birthDate, warning: problem === null ? null : ('RESIDENT_ID_INVALID' as const) };
    const trimmed = text.trim();
    if (value === trimmed) return { value: id, corrections: AS_IT_IS };
    const plain = fold(trimmed);
    return {
      value: id,
      corrections: [
        ...(plain === trimmed ? [] : (['width'] as const)),
        ...(/\s/u.test(plain) ? (['blanks'] as const) : []),
        ...(plain.toUpperCase() === plain ? [] : (['case'] as const)),
        ...(converted ? (['converted_15_to_18'] as const) : []),
      ],
    };
  };
}

/** A date up to `latest`, which is included. */
export function parseDateUpTo(latest: string, forms: readonly DateForm[]): Parse<string> {
  return (text) => {
    const date = parseDate(text, forms);
    return 'value' in date && date.value > latest ? { code: 'IN_THE_FUTURE' } : date;
  };
}

/** The numbers of a cell, up to three; `place` is where the column's numbers ring, null where the column does not say. */
export function parsePhones(place: ImportedPhone['place']): Parse<readonly Omit<ImportedPhone, 'contactPointId'>[]> {
  return (text) => {
    const first = readPhone(text);
    const others = first?.others.map(readPhone) ?? [];
    const numbers = [first, ...others].map((phone) => {
      // A number of a segment that nobody was given rings nowhere.
      if (!phone?.allocated) return null;
      const { value, kind } = phone;
      const line = kind === 'mobile' ? 'mobile' : place === 'work' ? 'work' : kind === 'landline' ? 'landline' : null;
      // A mobile phone stands nowhere.
      return { value, line, place: line === 'mobile' ? null : place } as const;
    });
    const good = numbers.flatMap((number) => (number === null ? [] : [number]));
    return good.length === numbers.length
      ? { value: good, corrections: first!.corrections }
      : { code: 'PHONE_INVALID' };
  };
}

export function parseAddress(text: string): Parsed<string> {
  const value = text.length > 300 ? null : normaliseAddress('postal', text);
  return value === null ? { code: 'UNKNOWN_VALUE' } : folded(value, text);
}

/** What a cell plainly is, whatever its column: a Chinese name, a number of a person; null for most. */
export function looksLike(text: string): 'name' | 'phone' | 'residentId' | null {
  const plain = fold(text).replace(/[\s-]/gu, '');
  if (/^\d/.test(plain) || plain.startsWith('+')) {
    // 0086 and a mobile number are 15 digits too; no region begins with 00.
    if (/^((\+|00)?86)?0?1[3-9]\d{9}$/.test(plain)) return 'phone';
    return /^(\d{15}|\d{17}[\dXx])$/.test(plain) ? 'residentId' : null;
  }
  return /^\p{Script=Han}[\p{Script=Han}·•・∙‧⋅.]{1,19}$/u.test(plain) ? 'name' : null;
}

const currencies = new Set(Intl.supportedValuesOf('currency'));

export function parseCurrency(text: string): Parsed<string> {
  if (currencies.has(text)) return { value: text, corrections: AS_IT_IS };
  const upper = fold(text).toUpperCase();
  const value = upper === 'RMB' ? 'CNY' : upper;
  if (!currencies.has(value)) return { code: 'INVALID_CURRENCY' };
  if (upper === 'RMB') return { value, corrections: ['value_table'] };
  return { value, corrections: value === text.trim() ? AS_IT_IS : [fold(text) === upper ? 'width' : 'case'] };
}

export interface MoneyForm {
  readonly currency: string;
  readonly unit: 'major' | 'minor';
  /** reversed: what is owed has a minus. */
  readonly sign: 'as_is' | 'reversed';
  /** A negative amount has a meaning: a card in credit. */
  readonly signed: boolean;
}

/** Decimal text in major units with exactly the currency's decimals. */
export function parseMoney({ currency, unit, sign, signed }: MoneyForm): Parse<string> {
  return (text) => {
    const parsed = parseAmount(text, currency, unit);
    if ('code' in parsed) return parsed;
    const minor = sign === 'reversed' ? -parsed.value : parsed.value;
    if (minor < 0n && !signed) return { code: 'INVALID_NUMBER' };
    return { value: fromMinor(minor, currency), corrections: parsed.corrections };
  };
}

/** An amount whose currency is known later, with that of the account. `least`: zero is no amount. */
export function parseSum({ unit, sign, signed }: Omit<MoneyForm, 'currency'>, least: 'any' | 'positive' = 'any') {
  return (text: string): Parsed<ImportedAmount> => {
    const decimal = parseDecimal(text);
    if (decimal === null || (unit === 'minor' && decimal.value.includes('.'))) return { code: 'INVALID_NUMBER' };
    const isNothing = /^-?[0.]+$/.test(decimal.value);
    // One form for one amount, so that rows that say the same are the same.
    const plain = decimal.value
      .replace('-', '')
      .replace(/(\.\d*?)0+$/, '$1')
      .replace(/\.$/, '');
    const isNegative = !isNothing && decimal.value.startsWith('-') !== (sign === 'reversed');
    if (isNegative && !signed) return { code: 'INVALID_NUMBER' };
    if (isNothing && least === 'positive') return { code: 'TOO_SMALL' };
    return { value: { value: isNegative ? `-${plain}` : plain, unit }, corrections: decimal.corrections };
  };
}

const zeros = new Map<string, string>();

/** Nothing, with the currency's decimals. */
export function zeroOf(currency: string): string {
  let zero = zeros.get(currency);
  if (zero === undefined) {
    zero = currencyDecimals(currency) === 0 ? '0' : `0.${'0'.repeat(currencyDecimals(currency))}`;
    zeros.set(currency, zero);
  }
  return zero;
}

/** A date, meaning its first instant at the bank, or an instant with offset. */
export function parseAsOf({ latest, startOf }: Statement, forms: readonly DateForm[]): Parse<string> {
  return (text) => {
    const date = parseDate(text, forms);
    const instant = 'code' in date ? instantSchema.safeParse(fold(text)) : null;
    if ('code' in date && !instant!.success) return date;
    const value = 'value' in date ? startOf(date.value) : toMilliseconds(instant!.data!);
    if (value < '1970') return { code: 'INVALID_DATE' };
    // Both are in UTC; most are far from the bound.
    const isLate = value.slice(0, 10) >= latest.slice(0, 10) && Temporal.Instant.compare(value, latest) > 0;
    return isLate ? { code: 'IN_THE_FUTURE' } : { value, corrections: 'value' in date ? date.corrections : AS_IT_IS };
  };
}

function toMilliseconds(instant: string): string {
  return Temporal.Instant.from(instant).round({ smallestUnit: 'millisecond', roundingMode: 'floor' }).toString();
}

/** The missed due date is not after the day of the state. */
export function parseMissedDate(asOf: string, { dayOf }: Statement, forms: readonly DateForm[]): Parse<string> {
  return (text) => {
    const date = parseDate(text, forms);
    return 'value' in date && date.value > dayOf(asOf) ? { code: 'OUT_OF_ORDER' } : date;
  };
}

const MAX_DAYS = 20_000;

export function parseDays(text: string): Parsed<number> {
  const days = parseWhole(text);
  return 'value' in days && days.value >= 0 && days.value <= MAX_DAYS ? days : { code: 'INVALID_NUMBER' };
}

export const parseRate = (text: string) => parseDecimalFraction(text, rateSchema);
export const parseDailyRate = (text: string) => parseDecimalFraction(text, dailyRateSchema);

function parseDecimalFraction(text: string, schema: typeof rateSchema): Parsed<string> {
  const value = fold(text);
  return schema.safeParse(value).success ? folded(value, text) : { code: 'INVALID_NUMBER' };
}

export function parseProduct(text: string): Parsed<string> {
  const value = fold(text);
  return /^[A-Za-z0-9._-]{1,40}$/.test(value) ? folded(value, text) : { code: 'UNKNOWN_VALUE' };
}

export function parseStatus(text: string): Parsed<(typeof ACCOUNT_STATUSES)[number]> {
  const plain = fold(text);
  const lower = plain.toLowerCase();
  const value = ACCOUNT_STATUSES.find((status) => status === lower);
  if (value === undefined) return { code: 'UNKNOWN_STATUS' };
  return lower === plain ? folded(value, text) : { value, corrections: ['case'] };
}

const FLAGS = new Map([
  ['true', true],
  ['false', false],
  ['1', true],
  ['0', false],
  ['y', true],
  ['n', false],
  ['是', true],
  ['否', false],
]);

export function parseFlag(text: string): Parsed<boolean> {
  const value = FLAGS.get(fold(text).toLowerCase());
  return value === undefined ? { code: 'UNKNOWN_VALUE' } : folded(value, text);
}

/** A bank card's number, whose check digit is right. What is made of it keeps neither the number nor any part but four digits. */
export function parseCard(text: string): Parsed<ImportedCard> {
  const card = checkCardNumber(text);
  return card === null ? { code: 'CARD_NUMBER_INVALID' } : folded(card, text);
}
