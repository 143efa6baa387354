/** Resident identity numbers of the Chinese mainland (GB 11643), judged without asking anybody. Pure. */

export interface ResidentIdReading {
  /** 18 characters; a number of 15 digits is converted (GB 11643-1999, annex). */
  readonly value: string;
  readonly converted: boolean;
  readonly problem: 'form' | 'check_character' | 'date' | 'region' | null;
  readonly birthDate: string | null;
  readonly sex: 'male' | 'female' | null;
  /** Of the range for made-up people. */
  readonly test: boolean;
}

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECK_CHARACTERS = '10X98765432';
const REGIONS =
  '11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83 91';

/** Reads a number of 15 or 18 characters; `today` (YYYY-MM-DD) bounds the date of birth, inclusive. */
export function checkResidentId(text: string, today: string): ResidentIdReading {
  const folded = text.normalize('NFKC').replace(/\s/gu, '').toUpperCase();
  const converted = /^\d{15}$/.test(folded);
  const body = converted ? `${folded.slice(0, 6)}19${folded.slice(6)}` : folded.slice(0, 17);
  const value = converted ? body + checkCharacter(body) : folded;
  if (!/^\d{17}[\dX]$/.test(value))
    return { value: folded, converted: false, problem: 'form', birthDate: null, sex: null, test: false };
  const date = `${value.slice(6, 10)}-${value.slice(10, 12)}-${value.slice(12, 14)}`;
  const birthDate = isDate(date) && date <= today ? date : null;
  const problem =
    value[17] !== checkCharacter(body)
      ? 'check_character'
      : birthDate === null
        ? 'date'
        : REGIONS.includes(value.slice(0, 2))
          ? null
          : 'region';
  return { value, converted, problem, birthDate, sex: Number(value[16]) % 2 === 1 ? 'male' : 'female', test: false };
}

function checkCharacter(body: string): string {
  return CHECK_CHARACTERS[WEIGHTS.reduce((sum, weight, index) => sum + weight * Number(body[index]), 0) % 11]!;
}

function isDate(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text) && text >= '1880';
}
