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

/**
 * Inserts those customers who are new with all their accounts, and are nobody else's person, and returns them; the others
 * are left alone. Who inserts the same at this moment makes it fail with a unique violation.
 */
export async function insertFresh(trx: Trx, all: readonly Newcomer[], at: string): Promise<readonly Newcomer[]> {
  const people = Map.groupBy(all, ({ record }) => record.customer.own_key.toString('hex'));
  const alone = [...people].flatMap(([person, [newcomer, ...others]]) =>
    newcomer && others.length === 0 ? [{ person, newcomer }] : [],
  );
  const shareable = alone.filter(
    ({ newcomer: { record } }) => !record.customer.own_key.equals(record.customer.lone_key),
  );
  await lockPersons(
    trx,
    shareable.map(({ person }) => person),
  );
  const known = await onFile(
    trx,
    alone.map(({ newcomer }) => newcomer),
  );
  const isFresh = ({ person, newcomer: { record, accounts } }: (typeof alone)[number]) =>
    !known.has(`person ${person}`) &&
    !known.has(`customer ${record.customer.customer_id}`) &&
    !accounts.some((account) => known.has(`account ${account.account_id}`));
  const fresh = (known.size === 0 ? alone : alone.filter(isFresh)).map(({ newcomer }) => newcomer);
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

/**
 * In the order of their ids, and customers first, as everybody locks them: the main INSERT is executed before those of WITH,
 * and of these the last one first.
 */
async function insertAll(trx: Trx, fresh: readonly Newcomer[], at: string): Promise<void> {
  const ordered = [...fresh].sort((a, b) => (a.record.customer.customer_id < b.record.customer.customer_id ? -1 : 1));
  const customers = ordered.map(({ record }) => record.customer);
  const accounts = ordered
    .flatMap((newcomer) => newcomer.accounts)
    .sort((a, b) => (a.account_id < b.account_id ? -1 : 1));
  const profiles = ordered.map((newcomer) => profileOfNew(newcomer.record, newcomer.accounts));
  await sql`
    WITH made AS (
      SELECT customer_id, debtor_key, string_to_array(jurisdictions, ',') AS jurisdictions, profile::json AS profile,
             nextval('ledger_positions') AS position
        FROM unnest(${textArray(ordered.map(({ record }) => record.customer.customer_id))}::text[],
                    ${byteaArray(ordered.map(({ record }) => record.customer.own_key))}::bytea[],
                    ${textArray(ordered.map(({ record }) => record.customer.jurisdictions.join(',')))}::text[], ${textArray(profiles)}::text[])
          AS sent (customer_id, debtor_key, jurisdictions, profile)
    ), account_snapshots AS (${insertSnapshots(accounts)}),
    contact_profiles AS (
      INSERT INTO contact_profiles (customer_id, debtor_key, jurisdictions, profile, position)
      SELECT customer_id, debtor_key, jurisdictions, profile, position FROM made
    ), contact_profile_versions AS (
      INSERT INTO contact_profile_versions (customer_id, position, recorded_at, profile)
      SELECT customer_id, position, ${at}::timestamptz, profile FROM made
    ), contact_points AS (${insertContactPoints(ordered.flatMap(({ record }) => record.contactPoints))}),
    parties AS (${insertParties(ordered.flatMap(({ record }) => record.parties))}),
    accounts AS (${insertAccounts(accounts)}),
    account_directory AS (${insertAccountIds(accounts)})
    ${insertCustomers(customers)}`.execute(trx);
}
