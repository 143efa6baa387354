import { distance } from 'fastest-levenshtein';
import { nameKey } from '../cleansing/names.ts';
import { checkResidentId } from '../cleansing/resident-id.ts';
import type { StoredCustomer } from '../customers/repository.ts';
import { residentIdCheckOf } from '../customers/resident-id.ts';
import type { MatchRules } from './match-rules.ts';
import type { Evidence } from './schemas.ts';

/** What speaks for two customers being one person. */
export interface Match {
  /** From 0 to 1, to three decimals. */
  readonly score: number;
  readonly evidence: Evidence;
}

/**
 * Compares two customers without two resident ids that can be right; null where they are no case to look at: with two such
 * ids the ids have decided, other names or dates of birth are other people, and so are two without a number in common.
 */
export function matchOf(
  one: StoredCustomer,
  other: StoredCustomer,
  { weights, minimumScore }: MatchRules['review'],
  today: string,
): Match | null {
  if (hasUsableId(one, today) && hasUsableId(other, today)) return null;
  if (nameKey(one.name) !== nameKey(other.name)) return null;
  const phones = valuesOf(one, 'phone').filter((phone) => valuesOf(other, 'phone').includes(phone)).length;
  const births = [birthDateOf(one, today), birthDateOf(other, today)];
  const known = !births.includes(null);
  if (phones === 0 || (known && births[0] !== births[1])) return null;
  const addressSimilarity = similarityOf(valuesOf(one, 'postal'), valuesOf(other, 'postal'));
  const score =
    weights.name +
    weights.phone +
    (known ? weights.birthDate : 0) +
    (addressSimilarity === null ? 0 : weights.address * addressSimilarity);
  if (score < minimumScore) return null;
  return {
    score: rounded(score),
    evidence: { phones, birthDate: known ? 'equal' : 'unknown', addressSimilarity },
  };
}

const rounded = (value: number) => Math.round(value * 1000) / 1000;

function hasUsableId(customer: StoredCustomer, today: string): boolean {
  return ['valid', 'unchecked'].includes(residentIdCheckOf(customer, today) ?? '');
}

/** As it was told, else as a resident id that can be right says. */
function birthDateOf(customer: StoredCustomer, today: string): string | null {
  if (customer.birthDate !== null || customer.residentId === null) return customer.birthDate;
  return residentIdCheckOf(customer, today) === 'valid' ? checkResidentId(customer.residentId, today).birthDate : null;
}

/** The debtor's. */
function valuesOf({ parties }: StoredCustomer, kind: 'phone' | 'postal'): string[] {
  const points = parties.filter(({ role }) => role === 'debtor').flatMap(({ contactPoints }) => contactPoints);
  return [...new Set(points.filter((point) => point.kind === kind).map(({ value }) => value))];
}

/** Of the two addresses that are most alike: 1 for the same, 0 for nothing in common; null without two to compare. */
function similarityOf(ones: readonly string[], others: readonly string[]): number | null {
  const compared = ones.flatMap((one) => others.map((other) => similarity(bare(one), bare(other))));
  return compared.length === 0 ? null : rounded(Math.max(...compared));
}

function similarity(one: string, other: string): number {
  const longest = Math.max(one.length, other.length);
  return longest === 0 ? 0 : 1 - distance(one, other) / longest;
}

function bare(address: string): string {
  return address
    .normalize('NFKC')
    .replace(/[\s\p{P}]/gu, '')
    .toUpperCase();
}
