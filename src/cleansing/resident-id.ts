const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECK_CHARACTERS = '10X98765432';

export interface ResidentIdCheck {
  /** The number in its one form: 18 characters where it could be told. */
  readonly value: string;
  readonly converted: boolean;
  readonly problem: 'form' | 'check_character' | 'date' | 'region' | null;
  readonly birthDate: string | null;
  readonly sex: 'male' | 'female' | null;
  /** A number of a range that belongs to nobody. */
  readonly test: boolean;
}

/** Judges a resident id of 15 or 18 characters by GB 11643: form, date, check character. `today` bounds the birth date. */
export function checkResidentId(text: string, today: string): ResidentIdCheck {
  const plain = text.normalize('NFKC').replace(/\s/gu, '').toUpperCase();
  const nothing = { converted: false, birthDate: null, sex: null, test: false };
  if (!/^(\d{15}|\d{17}[\dX])$/.test(plain)) return { ...nothing, value: plain, problem: 'form' };
  const converted = plain.length === 15;
  const body = converted ? `${plain.slice(0, 6)}19${plain.slice(6)}` : plain.slice(0, 17);
  const value = converted ? body + checkCharacter(body) : plain;
  const birthDate = `${body.slice(6, 10)}-${body.slice(10, 12)}-${body.slice(12, 14)}`;
  const at = new Date(`${birthDate}T00:00:00Z`);
  const isDate = !Number.isNaN(at.getTime()) && at.toISOString().startsWith(birthDate) && birthDate <= today;
  const sex = Number(body[16]) % 2 === 1 ? 'male' : 'female';
  const problem = !isDate ? 'date' : checkCharacter(body) === value[17] ? null : 'check_character';
  return { value, converted, problem, birthDate: isDate ? birthDate : null, sex, test: body.startsWith('999') };
}

function checkCharacter(body: string): string {
  const sum = WEIGHTS.reduce((total, weight, index) => total + weight * Number(body[index]), 0);
  return CHECK_CHARACTERS[sum % 11]!;
}
