import { fromMinor } from '../../rules/money/money.ts';
import type { ImportedAmount } from '../mapping.ts';

/** Decimal text in major units, once the currency is known. Pure. */
export function majorText({ value, unit }: ImportedAmount, currency: string): string {
  return unit === 'major' ? value : fromMinor(BigInt(value), currency);
}
