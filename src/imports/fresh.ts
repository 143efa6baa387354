import { sql } from 'kysely';
import { type AccountRecord, insertAccountIds, insertAccounts, insertSnapshots } from '../accounts/repository.ts';
import { profileOfNew } from '../contact/profile.ts';
import { type CustomerRecord, insertContactPoints, insertCustomers, insertParties } from '../customers/upsert.ts';
import { byteaArray, textArray } from '../db/arrays.ts';
import type { Trx } from '../db/database.ts';
import { lockPersons } from '../duplicates/persons.ts';

/** Customers of whom nothing is on file: most of a first file. They and their accounts are only inserted, by one statement. */

/** A customer of a file, who is a debtor and nothing else, with all accounts the file brings, in the order of their ids. */
export interface Newcomer {
  readonly record: CustomerRecord;
  readonly accounts: readonly AccountRecord[];
}

/** Whether time alone changes an account of theirs. */
export function billsItself({ accounts }: Newcomer): boolean {
  return accounts.some(({ bills }) => bills);
}

const hex = (key: Buffer) => key.toString('hex');

/**
 * Inserts those customers who are new with all their accounts, and are nobody else's person, and returns them; the others
 * are left alone. Who inserts the same at this moment makes it fail with a unique violation.
 */
export async function insertFresh(trx: Trx, all: readonly Newcomer[], at: string): Promise<readonly Newcomer[]> {
  const people = new Map<string, number>();
  for (const { record } of all) {
    const person = hex(record.customer.own_key);
    people.set(person, (people.get(person) ?? 0) + 1);
  }
  const alone = all.filter(({ record }) => people.get(hex(record.customer.own_key)) === 1);
  const shareable = alone.filter(({ record: { customer } }) => !customer.own_key.equals(customer.lone_key));
  await lockPersons(
    trx,
    shareable.map(({ record }) => hex(record.customer.own_key)),
  );
  const known = await onFile(trx, alone);
  const fresh = alone.filter(({ record, accounts }) => {
    const ids = [`customer ${record.customer.customer_id}`, `person ${hex(record.customer.own_key)}`];
    return ![...ids, ...accounts.map((account) => `account ${account.account_id}`)].some((id) => known.has(id));
  });
  if (fresh.length > 0) await insertAll(trx, fresh, at);
  return fresh;
}

/** What of these customers, their persons and their accounts is on file. Asked once the persons are locked. */
async function onFile(trx: Trx, all: readonly Newcomer[]): Promise<ReadonlySet<string>> {
  const accountIds = textArray(all.flatMap(({ accounts }) => accounts.map((account) => account.account_id)));
  const customerIds = textArray(all.map(({ record }) => record.customer.customer_id));
  const keys = byteaArray(all.map(({ record }) => record.customer.own_key));
  const { rows } = await sql<{ id: string }>`
    SELECT 'account ' || account_id AS id FROM account_directory WHERE account_id = ANY(${accountIds}::text[])
    UNION ALL SELECT 'customer ' || customer_id FROM customers WHERE customer_id = ANY(${customerIds}::text[])
    UNION ALL SELECT 'person ' || encode(debtor_key, 'hex') FROM customers WHERE debtor_key = ANY(${keys}::bytea[])
    UNION ALL SELECT 'person ' || encode(own_key, 'hex') FROM customers WHERE own_key = ANY(${keys}::bytea[])`.execute(
    trx,
  );
  return new Set(rows.map(({ id }) => id));
}

/** In the order of their ids, as everybody locks customers and accounts. */
async function insertAll(trx: Trx, fresh: readonly Newcomer[], at: string): Promise<void> {
  const ordered = [...fresh].sort((a, b) => (a.record.customer.customer_id < b.record.customer.customer_id ? -1 : 1));
  const customers = ordered.map(({ record }) => record.customer);
  const accounts = ordered
    .flatMap((newcomer) => newcomer.accounts)
    .sort((a, b) => (a.account_id < b.account_id ? -1 : 1));
  // The account of one that bills itself is still to be played; its customer's profile comes after that.
  const told = ordered.filter((newcomer) => !billsItself(newcomer));
  const profiles = told.map((newcomer) => profileOfNew(newcomer.record, newcomer.accounts));
  await sql`
    WITH made AS (
      SELECT customer_id, debtor_key, string_to_array(jurisdictions, ',') AS jurisdictions, profile::json AS profile,
             nextval('ledger_positions') AS position
        FROM unnest(${textArray(told.map(({ record }) => record.customer.customer_id))}::text[],
                    ${byteaArray(told.map(({ record }) => record.customer.own_key))}::bytea[],
                    ${textArray(told.map(({ record }) => record.customer.jurisdictions.join(',')))}::text[], ${textArray(profiles)}::text[])
          AS sent (customer_id, debtor_key, jurisdictions, profile)
    ), customers AS (${insertCustomers(customers)}),
    parties AS (${insertParties(ordered.flatMap(({ record }) => record.parties))}),
    contact_points AS (${insertContactPoints(ordered.flatMap(({ record }) => record.contactPoints))}),
    account_directory AS (${insertAccountIds(accounts)}),
    accounts AS (${insertAccounts(accounts)}),
    account_snapshots AS (${insertSnapshots(accounts)}),
    contact_profile_versions AS (
      INSERT INTO contact_profile_versions (customer_id, position, recorded_at, profile)
      SELECT customer_id, position, ${at}::timestamptz, profile FROM made
    )
    INSERT INTO contact_profiles (customer_id, debtor_key, jurisdictions, profile, position)
    SELECT customer_id, debtor_key, jurisdictions, profile, position FROM made`.execute(trx);
}
