import { type Expression, type Selectable, sql } from 'kysely';
import { byteaArray, numberArray, textArray } from '../db/arrays.ts';
import type { Db, Trx } from '../db/database.ts';
import type { AccountsTable } from '../db/tables.ts';
import type { AccountStatus } from '../rules/contact/facts.ts';
import type { AccountInput, OptionalFact } from './schemas.ts';

/** An account as it is on file: the state that was sent last, amounts in minor units. */
export interface StoredAccount {
  readonly accountId: string;
  readonly customerId: string;
  readonly product: string;
  readonly currency: string;
  readonly asOf: Temporal.Instant;
  readonly pastDueSince: string | null;
  readonly annualRate: string | null;
  readonly status: AccountStatus;
  readonly principalMinor: bigint;
  readonly interestMinor: bigint;
  readonly penaltyMinor: bigint;
  readonly feesMinor: bigint;
  readonly minimumDueMinor: bigint | null;
  readonly creditLimitMinor: bigint | null;
  readonly debtGroupId: string | null;
  readonly optionalFacts: OptionalFacts;
  /** Null while the account is as it was sent. */
  readonly derived: DerivedParts | null;
  /** Payments, charges or changes of its rate were recorded, in its currency. */
  readonly hasFacts: boolean;
  readonly version: number;
  readonly updatedAt: Temporal.Instant;
}

/** Facts that decisions about contact do not read, kept as one document in the form they were sent; absent when unknown. */
export type OptionalFacts = Partial<Pick<AccountInput, OptionalFact>>;

/** What facts have made of the components of the newest state, as `accounts.derived` keeps it. */
export interface DerivedParts {
  readonly balanceParts: NonNullable<AccountInput['balanceParts']>;
}

type AccountRow = Omit<
  Selectable<AccountsTable>,
  'version' | 'created_at' | 'updated_at' | 'as_of' | 'optional_facts' | 'has_facts' | 'derived' | 'roll_on'
>;

/** An account state ready to be written: the row, and the whole state as its history keeps it. */
export interface AccountRecord extends AccountRow {
  readonly as_of: string;
  readonly optional_facts: string;
  readonly content: string;
  readonly content_hash: Buffer;
  /** Time alone changes such an account. */
  readonly bills: boolean;
  readonly import_id: string | null;
  readonly at: string;
}

/**
 * `older`: kept as history, the current state is newer. `other_customer`, and `other_currency` of an account that has
 * payments, charges or changes of its rate: refused, nothing was written.
 */
export type AccountUpsert = 'created' | 'updated' | 'unchanged' | 'older' | 'other_customer' | 'other_currency';

export interface WrittenStates {
  readonly outcomes: Map<string, AccountUpsert>;
  /** Accounts whose new state, current or older, has facts beside it: their rows do not say yet what came of them. */
  readonly withFacts: readonly string[];
}

/**
 * Writes account states in a handful of statements, however many they are: the newest becomes the current one, every
 * one that is new is kept in the history, a repeat changes nothing. One record per account; the customers must exist.
 * The accounts stay locked until the end of the transaction. Use it through `recordStates`, which plays the facts.
 */
export async function upsertAccounts(trx: Trx, records: readonly AccountRecord[]): Promise<WrittenStates> {
  // Everybody locks accounts in the order of their ids, so that two imports cannot wait for each other.
  const ordered = [...records].sort((a, b) => (a.account_id < b.account_id ? -1 : 1));
  const owners = await claimIds(trx, ordered);
  const own = ordered.filter((record) => owners.get(record.account_id) === record.customer_id);
  const outcome = new Map<string, AccountUpsert>(ordered.map((record) => [record.account_id, 'other_customer']));
  for (const record of own) outcome.set(record.account_id, 'unchanged');
  if (own.length === 0) return { outcomes: outcome, withFacts: [] };
  const written = await writeAccounts(trx, own);
  for (const row of written) outcome.set(row.account_id, row.version === 1 ? 'created' : 'updated');
  const left = await olderOrRefused(
    trx,
    own.filter((record) => outcome.get(record.account_id) === 'unchanged'),
  );
  for (const row of left) outcome.set(row.account_id, row.outcome);
  const older = left.filter((row) => row.outcome === 'older');
  await writeSnapshots(
    trx,
    own.filter((record) => ['created', 'updated', 'older'].includes(outcome.get(record.account_id)!)),
  );
  const withFacts = [...written, ...older].filter((row) => row.has_facts).map((row) => row.account_id);
  return { outcomes: outcome, withFacts };
}

/** Inserts account ids with their customers. */
export function insertAccountIds(rows: readonly AccountRecord[]) {
  return sql`
    INSERT INTO account_directory (account_id, customer_id)
    SELECT * FROM unnest(${textArray(rows.map((row) => row.account_id))}::text[],
                         ${textArray(rows.map((row) => row.customer_id))}::text[])`;
}

/** Gives every new account id to its customer, for good, and tells whose they are. */
async function claimIds(trx: Trx, records: readonly AccountRecord[]): Promise<Map<string, string>> {
  await sql`${insertAccountIds(records)} ON CONFLICT (account_id) DO NOTHING`.execute(trx);
  const ids = records.map((record) => record.account_id);
  const owners = await sql<{ account_id: string; customer_id: string }>`
    SELECT account_id, customer_id FROM account_directory WHERE account_id = ANY(${ids}::text[])`.execute(trx);
  return new Map(owners.rows.map((row) => [row.account_id, row.customer_id]));
}

type TextColumn = {
  [K in keyof AccountRecord]: AccountRecord[K] extends string | null ? K : never;
}[keyof AccountRecord];
type AmountColumn = {
  [K in keyof AccountRecord]: AccountRecord[K] extends bigint | null ? K : never;
}[keyof AccountRecord];

/** Inserts current states; what is to be done about accounts on file is the caller's to add. */
export function insertAccounts(rows: readonly AccountRecord[]) {
  const text = (name: TextColumn) => sql`${textArray(rows.map((row) => row[name]))}::text[]`;
  const amounts = (name: AmountColumn) => sql`${numberArray(rows.map((row) => row[name]))}::bigint[]`;
  return sql`
    INSERT INTO accounts (customer_id, account_id, product, currency, as_of, past_due_since, annual_rate, status, principal_minor,
                          interest_minor, penalty_minor, fees_minor, minimum_due_minor, credit_limit_minor, debt_group_id,
                          optional_facts, content_hash, version, created_at, updated_at)
    SELECT customer_id, account_id, product, currency, as_of::timestamptz, past_due_since::date, annual_rate::numeric, status,
           principal_minor, interest_minor, penalty_minor, fees_minor, minimum_due_minor, credit_limit_minor, debt_group_id,
           optional_facts::jsonb, content_hash, 1, at::timestamptz, at::timestamptz
      FROM unnest(${text('customer_id')}, ${text('account_id')}, ${text('product')}, ${text('currency')}, ${text('as_of')},
                  ${text('past_due_since')}, ${text('annual_rate')}, ${text('status')}, ${amounts('principal_minor')},
                  ${amounts('interest_minor')}, ${amounts('penalty_minor')}, ${amounts('fees_minor')},
                  ${amounts('minimum_due_minor')}, ${amounts('credit_limit_minor')}, ${text('debt_group_id')},
                  ${text('optional_facts')}, ${byteaArray(rows.map((row) => row.content_hash))}::bytea[], ${text('at')})
        AS sent (customer_id, account_id, product, currency, as_of, past_due_since, annual_rate, status, principal_minor,
                 interest_minor, penalty_minor, fees_minor, minimum_due_minor, credit_limit_minor, debt_group_id, optional_facts,
                 content_hash, at)`;
}

/** Rows that were new or have changed to a state that is not older, with their new version. */
async function writeAccounts(trx: Trx, rows: readonly AccountRecord[]) {
  const written = await sql<{ account_id: string; version: number; has_facts: boolean }>`
    ${insertAccounts(rows)}
    ON CONFLICT (customer_id, account_id) DO UPDATE
      SET product = excluded.product, currency = excluded.currency, as_of = excluded.as_of, past_due_since = excluded.past_due_since,
          annual_rate = excluded.annual_rate, status = excluded.status, principal_minor = excluded.principal_minor,
          interest_minor = excluded.interest_minor, penalty_minor = excluded.penalty_minor, fees_minor = excluded.fees_minor,
          minimum_due_minor = excluded.minimum_due_minor, credit_limit_minor = excluded.credit_limit_minor,
          debt_group_id = excluded.debt_group_id, optional_facts = excluded.optional_facts, content_hash = excluded.content_hash,
          derived = NULL, roll_on = NULL, version = accounts.version + 1, updated_at = excluded.updated_at
      WHERE accounts.as_of <= excluded.as_of AND NOT (accounts.has_facts AND accounts.currency <> excluded.currency)
        AND CASE WHEN accounts.content_hash IS NOT NULL THEN accounts.content_hash <> excluded.content_hash ELSE
              (accounts.product, accounts.currency, accounts.as_of, accounts.past_due_since, accounts.annual_rate, accounts.status,
               accounts.principal_minor, accounts.interest_minor, accounts.penalty_minor, accounts.fees_minor,
               accounts.minimum_due_minor, accounts.credit_limit_minor, accounts.debt_group_id, accounts.optional_facts)
              IS DISTINCT FROM
              (excluded.product, excluded.currency, excluded.as_of, excluded.past_due_since, excluded.annual_rate, excluded.status,
               excluded.principal_minor, excluded.interest_minor, excluded.penalty_minor, excluded.fees_minor,
               excluded.minimum_due_minor, excluded.credit_limit_minor, excluded.debt_group_id, excluded.optional_facts)
            END
    RETURNING account_id, version, has_facts`.execute(trx);
  return written.rows;
}

/** Those accounts whose current state is newer than the record, and those whose facts are in another currency. */
async function olderOrRefused(trx: Trx, records: readonly AccountRecord[]) {
  if (records.length === 0) return [];
  const of = (name: 'customer_id' | 'account_id' | 'as_of' | 'currency') => records.map((record) => record[name]);
  const found = await sql<{ account_id: string; has_facts: boolean; outcome: 'older' | 'other_currency' }>`
    SELECT a.account_id, a.has_facts,
           CASE WHEN a.has_facts AND a.currency <> sent.currency THEN 'other_currency' ELSE 'older' END AS outcome
      FROM accounts a JOIN unnest(${of('customer_id')}::text[], ${of('account_id')}::text[], ${of('as_of')}::timestamptz[],
                                  ${of('currency')}::text[]) AS sent (customer_id, account_id, as_of, currency)
        USING (customer_id, account_id)
     WHERE a.as_of > sent.as_of OR (a.has_facts AND a.currency <> sent.currency)`.execute(trx);
  return found.rows;
}

/** Inserts states into the history of their accounts. */
export function insertSnapshots(rows: readonly AccountRecord[]) {
  const text = (name: TextColumn) => sql`${textArray(rows.map((row) => row[name]))}::text[]`;
  return sql`
    INSERT INTO account_snapshots (customer_id, account_id, as_of, content_hash, content, import_id, recorded_at)
    SELECT customer_id, account_id, as_of::timestamptz, content_hash, content::jsonb, import_id, at::timestamptz
      FROM unnest(${text('customer_id')}, ${text('account_id')}, ${text('as_of')},
                  ${byteaArray(rows.map((row) => row.content_hash))}::bytea[], ${text('content')}, ${text('import_id')}, ${text('at')})
        AS sent (customer_id, account_id, as_of, content_hash, content, import_id, at)`;
}

async function writeSnapshots(trx: Trx, records: readonly AccountRecord[]): Promise<void> {
  if (records.length > 0) await sql`${insertSnapshots(records)} ON CONFLICT DO NOTHING`.execute(trx);
}

/** The version of an account, locked until the end of the transaction; undefined when there is none. */
export async function lockAccountVersion(trx: Trx, accountId: string): Promise<number | undefined> {
  const row = await accountsById(trx, accountId).select('accounts.version').forUpdate().executeTakeFirst();
  return row?.version;
}

export async function findAccount(db: Db | Trx, accountId: string): Promise<StoredAccount | undefined> {
  const row = await accountsById(db, accountId).selectAll('accounts').executeTakeFirst();
  return row && accountOf(row);
}

/** One account, locked until the end of the transaction against every change of its state and its facts. */
export async function lockAccount(trx: Trx, accountId: string): Promise<StoredAccount | undefined> {
  const row = await accountsById(trx, accountId).selectAll('accounts').forUpdate('accounts').executeTakeFirst();
  return row && accountOf(row);
}

/** The accounts of a customer, locked in the order of their ids. */
export async function lockAccountsOf(trx: Trx, customerId: string): Promise<StoredAccount[]> {
  const rows = await trx
    .selectFrom('accounts')
    .selectAll()
    .where('customer_id', '=', customerId)
    .orderBy('account_id')
    .forUpdate()
    .execute();
  return rows.map(accountOf);
}

/** Those of the accounts that exist, their ids locked until the end of the transaction. */
export async function lockAccounts(trx: Trx, accountIds: readonly string[]): Promise<StoredAccount[]> {
  const rows = await accountsById(trx, sql<string>`ANY(${accountIds}::text[])`)
    .selectAll('accounts')
    .orderBy('account_directory.account_id')
    .forUpdate('account_directory')
    .execute();
  return rows.map(accountOf);
}

/** Those of the accounts that exist, locked in the order of their ids against every change of their states and facts. */
export async function lockAccountRows(trx: Trx, accountIds: readonly string[]): Promise<StoredAccount[]> {
  const rows = await accountsById(trx, sql<string>`ANY(${accountIds}::text[])`)
    .selectAll('accounts')
    .orderBy('accounts.account_id')
    .forNoKeyUpdate('accounts')
    .execute();
  return rows.map(accountOf);
}

/** At most 200 accounts of a customer in the order of their ids. */
export async function listAccountsOf(db: Db, customerId: string): Promise<StoredAccount[]> {
  const rows = await db
    .selectFrom('accounts')
    .selectAll()
    .where('customer_id', '=', customerId)
    .orderBy('account_id')
    .limit(200)
    .execute();
  return rows.map(accountOf);
}

/** By way of the directory, so that the table of accounts is always asked with its customer. */
function accountsById(db: Db | Trx, accountId: string | Expression<string>) {
  return db
    .selectFrom('account_directory')
    .innerJoin('accounts', (join) =>
      join
        .onRef('accounts.customer_id', '=', 'account_directory.customer_id')
        .onRef('accounts.account_id', '=', 'account_directory.account_id'),
    )
    .where('account_directory.account_id', '=', accountId);
}

export function accountOf(row: Selectable<AccountsTable>): StoredAccount {
  return {
    accountId: row.account_id,
    customerId: row.customer_id,
    product: row.product,
    currency: row.currency,
    asOf: row.as_of,
    pastDueSince: row.past_due_since,
    annualRate: row.annual_rate,
    status: row.status as AccountStatus,
    principalMinor: row.principal_minor,
    interestMinor: row.interest_minor,
    penaltyMinor: row.penalty_minor,
    feesMinor: row.fees_minor,
    minimumDueMinor: row.minimum_due_minor,
    creditLimitMinor: row.credit_limit_minor,
    debtGroupId: row.debt_group_id,
    optionalFacts: row.optional_facts as OptionalFacts,
    derived: row.derived as DerivedParts | null,
    hasFacts: row.has_facts,
    version: row.version,
    updatedAt: row.updated_at,
  };
}
