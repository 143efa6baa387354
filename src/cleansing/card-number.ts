/** A bank card number of 12 to 19 digits with a right check digit (ISO/IEC 7812-1, Luhn); null for anything else. */
export function checkCardNumber(text: string): { digits: string; last4: string } | null {
  const digits = text.normalize('NFKC').replace(/[\s-]/gu, '');
  if (!/^\d{12,19}$/.test(digits)) return null;
  const sum = [...digits].reverse().reduce((total, digit, index) => {
    const value = Number(digit) * (index % 2 === 1 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0 ? { digits, last4: digits.slice(-4) } : null;
}
