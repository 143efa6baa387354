/** Digits with at most one blank or dash between two of them, as people write and read out numbers. */
const DIGIT_RUN = /\d(?:[ -]?\d)*/g;
const MIN_LENGTH = 13;
const MAX_LENGTH = 19;

/**
 * True when somewhere in the text there are 13 to 19 digits in a row, single blanks and dashes and full width aside, that
 * pass the Luhn check (ISO/IEC 7812) and are not all equal. A longer run is searched for one inside it.
 */
export function containsCardNumber(text: string): boolean {
  return (text.normalize('NFKC').match(DIGIT_RUN) ?? []).some((run) => hasCardNumber(run.replaceAll(/[ -]/g, '')));
}

function hasCardNumber(digits: string): boolean {
  for (let from = 0; from + MIN_LENGTH <= digits.length; from += 1) {
    for (let length = MIN_LENGTH; length <= MAX_LENGTH && from + length <= digits.length; length += 1) {
      const candidate = digits.slice(from, from + length);
      // Inside a run only what begins like a card of a network is taken for one; else every long number would hold one.
      const isWhole = length === digits.length;
      if ((isWhole || (length >= 15 && /^[3-6]/.test(candidate))) && isCardNumber(candidate)) return true;
    }
  }
  return false;
}

function isCardNumber(digits: string): boolean {
  if (/^(\d)\1*$/.test(digits)) return false;
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    const digit = Number(digits[digits.length - 1 - index]);
    const doubled = index % 2 === 0 ? digit : digit * 2;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
