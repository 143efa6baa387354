/** Amounts are integers of the currency's minor unit (fen for CNY) in a bigint; never a binary float. */

const AMOUNT = /^-?(0|[1-9]\d{0,14})(\.\d{1,4})?$/;
const decimalsOf = new Map<string, number>();

/** Decimals of an ISO 4217 currency: 2 for CNY, 0 for JPY, 3 for KWD. Throws RangeError for a malformed code. */
export function currencyDecimals(currency: string): number {
  const known = decimalsOf.get(currency);
  if (known !== undefined) return known;
  const decimals =
    new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;
  decimalsOf.set(currency, decimals);
  return decimals;
}

/** True for a decimal string in major units: optional minus, at most 15 digits, point; no exponent, plus, or grouping. */
export function isAmount(text: string): boolean {
  return AMOUNT.test(text);
}

/**
 * Decimal string in major units to minor units, exactly. Returns null when the text has more decimals than the
 * currency (never rounded; zeros at the end lose nothing), so the caller can refuse it.
 */
export function toMinor(text: string, currency: string): bigint | null {
  const decimals = currencyDecimals(currency);
  const negative = text.startsWith('-');
  const [whole = '0', fraction = ''] = (negative ? text.slice(1) : text).split('.');
  const kept = fraction.replace(/0+$/, '');
  if (kept.length > decimals) return null;
  const minor = BigInt(whole + kept.padEnd(decimals, '0'));
  return negative ? -minor : minor;
}

/** Minor units to the decimal string in major units with exactly the currency's decimals: 123456n CNY is "1234.56". */
export function fromMinor(minor: bigint, currency: string): string {
  const decimals = currencyDecimals(currency);
  const negative = minor < 0n;
  const digits = (negative ? -minor : minor).toString().padStart(decimals + 1, '0');
  const text = decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
  return negative ? `-${text}` : text;
}

/** Decimals of a rate as it is kept: "0.0005" is 500000000n. */
export const RATE_SCALE = 10n ** 12n;

/** A rate or share, as a decimal fraction with at most twelve decimals, to an integer of 10⁻¹². Expects such a text. */
export function scaledRate(text: string): bigint {
  const [whole = '0', fraction = ''] = text.split('.');
  return BigInt(whole + fraction.padEnd(12, '0'));
}

/** `numerator / denominator` to the nearest integer, a half away from zero (四舍五入). The denominator is positive. */
export function roundHalfUp(numerator: bigint, denominator: bigint): bigint {
  const size = numerator < 0n ? -numerator : numerator;
  const rounded = (2n * size + denominator) / (2n * denominator);
  return numerator < 0n ? -rounded : rounded;
}

/** The smaller of two amounts. */
export function lesser(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
