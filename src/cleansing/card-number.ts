import { checkCharacter } from './resident-id.ts';
import { BLANKS, foldWidth } from './text.ts';

/**
 * Checks a card number (ISO/IEC 7812): 13 to 19 digits, Luhn, not the same digit throughout. Width, blanks and dashes are
 * folded. Null when it is none. The digits are to make a token of and to forget; only the last four may be kept.
 */
export function checkCardNumber(text: string): { readonly digits: string; readonly last4: string } | null {
  const digits = foldWidth(text)
    .replace(BLANKS, '')
    .replace(/\p{Pd}/gu, '');
  return isCardNumber(digits) ? { digits, last4: digits.slice(-4) } : null;
}

/** In one piece, or in the groups in which cards print it: fours, 4-6-5, and six and the rest. */
const CANDIDATES =
  /(?<![\dA-Za-z])(?:\d{13,19}|\d{4}(?:[ -]\d{4}){2,3}(?:[ -]\d{1,4})?|\d{4}[ -]\d{6}[ -]\d{5}|\d{6}[ -]\d{7,13})(?![\dA-Za-z])/g;

/**
 * Whether free text holds what may be a card number, so that it can be refused: on the safe side, but resident ids, dates
 * with times and numbers whose first digit no card has (0, 1, 7, 8; 2 only from 2221 to 2720) are let through.
 */
export function containsCardNumber(text: string): boolean {
  const folded = foldWidth(text)
    .replace(/\p{Cf}/gu, '')
    .replace(/[\s\p{Pd}]/gu, (mark) => (/\s/.test(mark) ? ' ' : '-'));
  for (const [candidate] of folded.matchAll(CANDIDATES)) {
    const digits = candidate.replace(/[ -]/g, '');
    if (isCardNumber(digits) && mayBeIssued(digits) && !isResidentId(digits)) return true;
  }
  return false;
}

function isCardNumber(digits: string): boolean {
  return /^\d{13,19}$/.test(digits) && !/^(\d)\1*$/.test(digits) && luhnSum(digits) % 10 === 0;
}

function mayBeIssued(digits: string): boolean {
  const issuer = Number(digits.slice(0, 4));
  return /^[34569]/.test(digits) || (digits.length === 16 && issuer >= 2221 && issuer <= 2720);
}

/** By form and check character alone: an old id in a note is no card either. */
function isResidentId(digits: string): boolean {
  return /^[1-9]\d{5}(19|20)\d\d(0[1-9]|1[0-2])\d{5}$/.test(digits) && checkCharacter(digits) === digits[17];
}

/** Sum of Luhn (ISO/IEC 7812-1, annex B): from the right, every second digit doubled, its digits added. */
function luhnSum(digits: string): number {
  let sum = 0;
  for (let at = digits.length - 1, twice = false; at >= 0; at -= 1, twice = !twice) {
    const digit = digits.charCodeAt(at) - 48;
    sum += !twice ? digit : digit < 5 ? digit * 2 : digit * 2 - 9;
  }
  return sum;
}

/** The digit that completes a card number. */
export function luhnDigit(digits: string): string {
  return String((10 - (luhnSum(`${digits}0`) % 10)) % 10);
}
