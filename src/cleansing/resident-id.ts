import { type Correction, inOrder } from './corrections.ts';
import { COUNTRIES, PROVINCES, TEST_REGION } from './data.ts';
import { BLANKS, foldWidth } from './text.ts';

export interface ResidentIdReading {
  /** 18 characters in capitals; what was given, folded, when it has no such form. */
  readonly value: string;
  /** It had 15 digits. */
  readonly converted: boolean;
  /** The first that was found, in this order; null for a valid id. */
  readonly problem: 'form' | 'check_character' | 'date' | 'region' | null;
  /** YYYY-MM-DD where the digits are a real date that is not in the future, even if another part is wrong. */
  readonly birthDate: string | null;
  readonly sex: 'male' | 'female' | null;
  /** Of the region that is kept for made-up people. */
  readonly test: boolean;
  readonly corrections: readonly Correction[];
}

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/** The eighteenth character for 17 digits: MOD 11-2 (ISO 7064, GB 11643). It finds every single wrong digit and every swap. */
export function checkCharacter(digits: string): string {
  let sum = 0;
  for (let at = 0; at < 17; at += 1) sum += WEIGHTS[at]! * (digits.charCodeAt(at) - 48);
  return '10X98765432'[sum % 11]!;
}

/**
 * Reads a resident id (GB 11643; 18 characters, or 15 digits of the first generation, which means a birth in 19yy) or the
 * number of a foreigner's permanent residence card of 2023: 9, place of application, country, birth date, sequence, check
 * character. `today` (YYYY-MM-DD, at the bank) is the last possible birth date. Full width, a small x, blanks, dashes and
 * a spreadsheet's apostrophe are corrected; a digit never is.
 *
 * `CN.ric` of stdnum agrees on check characters, but has no regions, reads the clock and takes the year 0019.
 */
export function checkResidentId(text: string, today: string): ResidentIdReading {
  const { folded, made } = foldId(text);
  const converted = /^\d{15}$/.test(folded);
  if (!converted && !/^\d{17}[\dX]$/.test(folded)) {
    return {
      value: folded,
      converted: false,
      problem: 'form',
      birthDate: null,
      sex: null,
      test: false,
      corrections: inOrder(made),
    };
  }
  if (converted) made.add('converted_15_to_18');
  const value = converted ? toEighteen(folded) : folded;
  const birthDate = birthDateOf(value, today);
  return {
    value,
    converted,
    problem: problemOf(value, birthDate),
    birthDate,
    sex: Number(value[16]) % 2 === 1 ? 'male' : 'female',
    test: value.startsWith(TEST_REGION),
    corrections: inOrder(made),
  };
}

function foldId(text: string): { folded: string; made: Set<Correction> } {
  const made = new Set<Correction>();
  const step = (correction: Correction, from: string, to: string) => {
    if (from !== to) made.add(correction);
    return to;
  };
  const trimmed = text.trim();
  if (/^(\d{17}[\dX]|\d{15})$/.test(trimmed)) return { folded: trimmed, made };
  const narrow = step('width', trimmed, foldWidth(trimmed));
  const bare = step('prefix', narrow, narrow.replace(/^['‘’`]/, ''));
  const tight = step('blanks', bare, bare.replace(BLANKS, ''));
  const joined = step('separators', tight, tight.replace(/\p{Pd}/gu, ''));
  return { folded: step('case', joined, joined.toUpperCase()), made };
}

function toEighteen(fifteen: string): string {
  const digits = `${fifteen.slice(0, 6)}19${fifteen.slice(6)}`;
  return digits + checkCharacter(digits);
}

function problemOf(value: string, birthDate: string | null): ResidentIdReading['problem'] {
  if (checkCharacter(value) !== value[17]) return 'check_character';
  if (birthDate === null) return 'date';
  return isKnownRegion(value) ? null : 'region';
}

function isKnownRegion(value: string): boolean {
  const region = value.slice(0, 2);
  if (value[0] !== '9' || region === TEST_REGION) return PROVINCES.has(region) || region === TEST_REGION;
  return PROVINCES.has(value.slice(1, 3)) && COUNTRIES.has(value.slice(3, 6));
}

/** Nobody who was born before 1900 lives. */
function birthDateOf(value: string, today: string): string | null {
  const year = Number(value.slice(6, 10));
  const month = Number(value.slice(10, 12));
  const day = Number(value.slice(12, 14));
  if (year < 1900 || month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) return null;
  const date = `${value.slice(6, 10)}-${value.slice(10, 12)}-${value.slice(12, 14)}`;
  return date <= today ? date : null;
}

function daysOf(year: number, month: number): number {
  if (month !== 2) return [4, 6, 9, 11].includes(month) ? 30 : 31;
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
}
