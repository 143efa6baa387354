import { DEPARTMENTS, PROVINCES } from './data.ts';
import { BLANKS, foldWidth } from './text.ts';

/** No I, O, S, V and Z: they look like digits. */
const ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY';
const WEIGHTS = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];

export interface SocialCreditCodeReading {
  readonly value: string;
  readonly problem: 'form' | 'check_character' | 'region' | 'department' | null;
}

/**
 * Checks a unified social credit code (GB 32100): department and category, six digits of a region (10 stands for the
 * whole country), nine characters of the organisation, MOD 31-3 check character. Width, case, blanks and dashes are
 * folded.
 *
 * `CN.uscc` of stdnum refuses codes that end in 0 (one in 31) and all that begin with a letter, and takes any region.
 */
export function checkSocialCreditCode(text: string): SocialCreditCodeReading {
  const value = foldWidth(text)
    .replace(BLANKS, '')
    .replace(/\p{Pd}/gu, '')
    .toUpperCase();
  return { value, problem: problemOf(value) };
}

function problemOf(value: string): SocialCreditCodeReading['problem'] {
  if (!/^[0-9A-HJ-NP-RTUWXY]{2}\d{6}[0-9A-HJ-NP-RTUWXY]{10}$/.test(value)) return 'form';
  if (socialCreditCheck(value) !== value[17]) return 'check_character';
  const region = value.slice(2, 4);
  if (region !== '10' && !PROVINCES.has(region)) return 'region';
  return DEPARTMENTS[value[0]!]?.includes(value[1]!) ? null : 'department';
}

/** The eighteenth character for the first 17 (GB 32100, appendix; ISO 7064 MOD 31-3). */
export function socialCreditCheck(code: string): string {
  let sum = 0;
  for (let at = 0; at < 17; at += 1) sum += WEIGHTS[at]! * ALPHABET.indexOf(code[at]!);
  return ALPHABET[(31 - (sum % 31)) % 31]!;
}
