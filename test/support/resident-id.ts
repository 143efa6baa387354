/** A resident id that is valid in form, a different one for each number from 0 to 999 of a day of birth. */
export function residentIdOf(no: number, born = '1949-12-31', area = '110105'): string {
  const body = area + born.replaceAll('-', '') + String(no % 1000).padStart(3, '0');
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  return body + '10X98765432'[weights.reduce((sum, weight, at) => sum + weight * Number(body[at]), 0) % 11];
}
