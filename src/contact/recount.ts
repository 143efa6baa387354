import { type CountedContact, numberRows, personRows } from '../attempts/ledger.ts';
import type { Reach } from '../rules/contact/compile.ts';
import type { Found } from './facts.ts';
import { listOf } from './gather.ts';
import type { Profile } from './profile.ts';

/** The keys of whom and what a question is counted for. */
export interface Subjects {
  readonly person: string;
  readonly address: string | null;
  readonly debtor: string;
  /** Debtor and spouse; null when nobody else belongs to the household. */
  readonly household: readonly string[] | null;
}

/** What `gather` would find in budgets that hold these contacts, asked at `atMs`. */
export function foundAmong(
  contacts: readonly CountedContact[],
  { person, address, debtor, household }: Subjects,
  { profile, contactPointId }: { readonly profile: Profile; readonly contactPointId: string | null },
  { ms, debtorMs }: Reach,
  atMs: number,
): Found {
  const since = (rows: Parameters<typeof listOf>[0], reachMs: number) =>
    listOf(rows).filter((event) => event.at >= atMs - reachMs);
  return {
    profile,
    contactPointId,
    person: since(personRows(contacts, [person]), ms),
    number: since(numberRows(contacts, address), ms),
    debtor: person === debtor || debtorMs === 0 ? [] : since(personRows(contacts, [debtor]), debtorMs),
    household: household === null ? null : since(personRows(contacts, household), ms),
  };
}

/** The keys of debtor and spouse, where there is a spouse. */
export function householdOf(
  { parties }: Profile,
  keyOf: (party: Profile['parties'][number]) => string,
): readonly string[] | null {
  const household = parties.filter(({ role }) => role === 'debtor' || role === 'spouse');
  return household.some(({ role }) => role === 'spouse') ? household.map(keyOf) : null;
}
