import { setImmediate as nextTurn } from 'node:timers/promises';
import { accountRecord } from '../accounts/record.ts';
import { type AccountRecord, type AccountUpsert, lockAccounts, type StoredAccount } from '../accounts/repository.ts';
import { recordStates } from '../accounts/states.ts';
import type { Services } from '../context.ts';
import { contentKeyOf, customerRecord, type NormalisedCustomer } from '../customers/record.ts';
import { findCustomers, lockContentKeys } from '../customers/repository.ts';
import { type CustomerRecord, type Upserted, upsertCustomers } from '../customers/upsert.ts';
import { refreshContactProfiles, type Trx } from '../db/database.ts';
import { lockSharedPersons } from '../duplicates/persons.ts';
import type { PolicyRegistry } from '../policy/registry.ts';
import { insertFresh, type Newcomer } from './fresh.ts';
import { type Fate, refused } from './kinds/fate.ts';
import type { ImportedAccount, ImportedCustomer, ImportedRow } from './mapping.ts';
import { mergedAccount, mergedCustomer, newCustomer } from './merge.ts';
import { newestStates, originsOf, withSentMinimum } from './on-file.ts';

export interface WaveContext {
  readonly vault: Services['vault'];
  readonly policy: PolicyRegistry;
  readonly importId: string;
  /** Whose file it is, or who corrects a row of it. */
  readonly clientId: string;
  readonly now: Temporal.Instant;
  /** What was made of rows before their turn came. */
  readonly prepared?: Preparation;
}

interface PlannedCustomer {
  readonly customerId: string;
  readonly customer: NormalisedCustomer;
  /** Of whom the file says all there is; null for one who is on file. */
  readonly fresh: ImportedCustomer | null;
}

export const OF_OTHER_CUSTOMER = refused('account.accountId', 'ACCOUNT_OF_OTHER_CUSTOMER');
/** Payments and charges on file are in the currency of the account. */
const OF_OTHER_CURRENCY = refused('account.currency', 'CURRENCY_DIFFERS');

/** What a wave of rows comes to: what is to be written, and the fate of each row in their order. */
export interface WavePlan {
  readonly customers: readonly PlannedCustomer[];
  readonly accounts: readonly AccountRecord[];
  readonly fates: readonly Fate[];
}

/**
 * Compares rows with what is on file and locks what they touch until the end of the transaction. No account may come twice,
 * and no customer with two contents. Customers of `unchanged` are taken to be on file as the rows have them.
 */
export async function planWave(
  trx: Trx,
  context: WaveContext,
  rows: readonly ImportedRow[],
  unchanged: ReadonlySet<string> = new Set(),
): Promise<WavePlan> {
  const found = await lockAccounts(
    trx,
    rows.map(({ account }) => account.accountId),
  );
  const stored = new Map((await withSentMinimum(trx, found)).map((account) => [account.accountId, account]));
  const refusal = ({ account }: ImportedRow) => refusalOf(stored.get(account.accountId), account);
  const own = rows.filter((row) => refusal(row) === null);
  const records = await mapInTurns(own, ({ account }) => {
    const known = stored.get(account.accountId);
    return (known ? undefined : context.prepared?.account(account)) ?? recordOf(context, known, account);
  });
  const origins = await originsOf(
    trx,
    records.filter(({ account_id }) => stored.has(account_id)),
  );
  const customers = await planCustomers(trx, context, own, unchanged);
  const changing = new Set(customers.map(({ customerId }) => customerId));
  const fates = rows.map((row): Fate => {
    const { account, customer } = row;
    const refused = refusal(row);
    if (refused) return refused;
    // A change of the customer is counted once, however many accounts there are.
    const origin = origins.get(account.accountId);
    return changing.delete(customer.customerId) || origin === undefined
      ? { kind: 'new' }
      : { kind: 'known', of: origin };
  });
  return { customers, accounts: records.filter(({ account_id }) => !origins.has(account_id)), fates };
}

/**
 * Writes a wave: newcomers first, then everybody else. Fails with a unique violation when somebody writes the same newcomers
 * at this very moment; done again without preparation, it finds them.
 */
export async function applyWave(
  trx: Trx,
  context: WaveContext,
  rows: readonly ImportedRow[],
): Promise<readonly Fate[]> {
  const inserted = await insertNewcomers(trx, context, rows);
  const others = rows.filter(({ customer }) => !inserted.has(customer.customerId));
  const { fates, created } = others.length > 0 ? await applyOthers(trx, context, others) : { fates: [], created: 0 };
  context.prepared?.learn(inserted.size + created, rows.length);
  let next = 0;
  return rows.map(({ customer }) => (inserted.has(customer.customerId) ? { kind: 'new' } : fates[next++]!));
}

/** Ids of the customers that were new with all they have; of rows that were prepared, since others are rarely new. */
async function insertNewcomers(trx: Trx, context: WaveContext, rows: readonly ImportedRow[]): Promise<Set<string>> {
  const newcomers = context.prepared ? newcomersOf(context.prepared, rows) : [];
  const fresh = newcomers.length > 0 ? await insertFresh(trx, newcomers, context.now.toString()) : [];
  return new Set(fresh.map(({ record }) => record.customer.customer_id));
}

/** Customers all of whose rows are prepared, and whose accounts need not be played. */
function newcomersOf(prepared: Preparation, rows: readonly ImportedRow[]): Newcomer[] {
  const found = new Map<string, { record: CustomerRecord; accounts: AccountRecord[] } | null>();
  for (const { customer, account } of rows) {
    const [record, state] = [prepared.customer(customer), prepared.account(account)];
    const before = found.get(customer.customerId);
    if (!record || !state || state.bills) found.set(customer.customerId, null);
    else if (before) before.accounts.push(state);
    else if (before === undefined) found.set(customer.customerId, { record, accounts: [state] });
  }
  return [...found.values()]
    .filter((newcomer) => newcomer !== null)
    .map(({ record, accounts }) => ({
      record,
      accounts: accounts.sort((a, b) => (a.account_id < b.account_id ? -1 : 1)),
    }));
}

/**
 * Plans and writes rows. Somebody else may write the same at this very moment; then what was new a moment ago is known, and
 * the fates say so.
 */
async function applyOthers(
  trx: Trx,
  context: WaveContext,
  rows: readonly ImportedRow[],
): Promise<{ readonly fates: readonly Fate[]; readonly created: number }> {
  const plan = await planWave(trx, context, rows);
  const created = plan.customers.filter(({ fresh }) => fresh !== null).length;
  const sealed = await mapInTurns(
    plan.customers,
    ({ customerId, customer, fresh }) =>
      (fresh && context.prepared?.customer(fresh)) ?? customerRecord(context.vault, customerId, customer, context.now),
  );
  const stale = new Set<string>();
  const customers = sealed.length > 0 ? await upsertCustomers(trx, sealed, stale) : new Map<string, Upserted>();
  const accounts =
    plan.accounts.length > 0
      ? await recordStates(trx, context.policy, plan.accounts, context.now, stale)
      : new Map<string, AccountUpsert>();
  if ([...accounts.values()].some((outcome) => outcome === 'other_customer' || outcome === 'other_currency'))
    throw new Error('an account id was taken, or got facts in another currency, meanwhile');
  // Once for both: most rows of a file bring a customer and an account.
  await refreshContactProfiles(trx, [...stale], context.now.toString());
  const changed = (outcome: Upserted | AccountUpsert | undefined) => outcome !== undefined && outcome !== 'unchanged';
  const overtaken = rows.filter(
    ({ customer, account }, index) =>
      plan.fates[index]!.kind === 'new' &&
      !changed(customers.get(customer.customerId)) &&
      !changed(accounts.get(account.accountId)),
  );
  if (overtaken.length === 0) return { fates: plan.fates, created };
  const origins = await originsOf(trx, plan.accounts);
  const fates = rows.map((row, index): Fate => {
    const origin = overtaken.includes(row) ? origins.get(row.account.accountId) : undefined;
    return origin ? { kind: 'known', of: origin } : plan.fates[index]!;
  });
  return { fates, created };
}

function refusalOf(stored: StoredAccount | undefined, account: ImportedAccount): Fate | null {
  if (stored === undefined) return null;
  if (stored.customerId !== account.customerId) return OF_OTHER_CUSTOMER;
  return stored.hasFacts && stored.currency !== account.currency ? OF_OTHER_CURRENCY : null;
}

/** Those customers who are not on file, and those of whom the newest state says something else than what is. */
async function planCustomers(
  trx: Trx,
  { vault }: WaveContext,
  rows: readonly ImportedRow[],
  unchanged: ReadonlySet<string>,
): Promise<PlannedCustomer[]> {
  const all = distinct(rows.filter(({ customer }) => !unchanged.has(customer.customerId)));
  if (all.size === 0) return [];
  // Whoever writes or merges customers locks persons before rows.
  await lockSharedPersons(trx, [...all.keys()]);
  const keys = await lockContentKeys(trx, [...all.keys()]);
  const created = [...all.values()].filter(({ customerId }) => !keys.has(customerId));
  const newest = await newestStates(trx, [...keys.keys()]);
  // What an older file says of a person may have changed since.
  const current = distinct(
    rows.filter(({ customer, account }) => {
      const at = newest.get(customer.customerId);
      return keys.has(customer.customerId) && (at === undefined || Temporal.Instant.compare(account.asOf, at) >= 0);
    }),
  );
  const differing = [...current.values()].filter(
    (customer) =>
      all.has(customer.customerId) &&
      !keys.get(customer.customerId)!.equals(contentKeyOf(vault, customer.customerId, newCustomer(customer))),
  );
  const merged = await mergeAll(trx, vault, differing);
  const changed = merged.filter(
    ([customerId, customer]) => !keys.get(customerId)!.equals(contentKeyOf(vault, customerId, customer)),
  );
  return [
    ...created.map((fresh) => ({ customerId: fresh.customerId, customer: newCustomer(fresh), fresh })),
    ...changed.map(([customerId, customer]) => ({ customerId, customer, fresh: null })),
  ];
}

function recordOf(
  { vault, now, importId }: Pick<WaveContext, 'vault' | 'now' | 'importId'>,
  stored: StoredAccount | undefined,
  account: ImportedAccount,
): AccountRecord {
  const merged = mergedAccount(stored, account);
  const { card } = account;
  // The token tells one card from another, and nobody can make the number of it.
  const token = card && {
    cardToken: `card_${vault.index('card', card.digits).toString('hex')}`,
    cardLast4: card.last4,
  };
  return accountRecord(account.accountId, { ...merged, ...token }, now, importId);
}

/** Makes the records of rows ahead of their turn, while the database is at work on others; only where most are new. */
export interface Preparation {
  readonly prepare: (context: Pick<WaveContext, 'vault' | 'now' | 'importId'>, row: ImportedRow) => void;
  readonly customer: (imported: ImportedCustomer) => CustomerRecord | undefined;
  readonly account: (imported: ImportedAccount) => AccountRecord | undefined;
  /** Of so many rows so many brought a customer who was not on file. */
  readonly learn: (fresh: number, rows: number) => void;
}

export function createPreparation(): Preparation {
  const customers = new WeakMap<ImportedCustomer, CustomerRecord>();
  const accounts = new WeakMap<ImportedAccount, AccountRecord>();
  // A first file brings most; whether this one does, its first rows tell.
  let isWorthIt = true;
  return {
    prepare: (context, { customer, account }) => {
      if (!isWorthIt) return;
      customers.set(customer, customerRecord(context.vault, customer.customerId, newCustomer(customer), context.now));
      accounts.set(account, recordOf(context, undefined, account));
    },
    customer: (imported) => customers.get(imported),
    account: (imported) => accounts.get(imported),
    learn: (fresh, rows) => {
      isWorthIt = fresh * 2 > rows;
    },
  };
}

function distinct(rows: readonly ImportedRow[]): Map<string, ImportedCustomer> {
  return new Map(rows.map(({ customer }) => [customer.customerId, customer]));
}

async function mergeAll(trx: Trx, vault: Services['vault'], customers: readonly ImportedCustomer[]) {
  if (customers.length === 0) return [];
  const imported = new Map(customers.map((customer) => [customer.customerId, customer]));
  const stored = await findCustomers(trx, vault, [...imported.keys()]);
  return stored.map(
    (customer) => [customer.customerId, mergedCustomer(customer, imported.get(customer.customerId)!)] as const,
  );
}

/** Maps a list without keeping requests waiting: sealing 500 customers at once would block the process for 30 ms. */
async function mapInTurns<T, R>(list: readonly T[], map: (item: T) => R): Promise<R[]> {
  const result: R[] = [];
  for (const item of list) {
    result.push(map(item));
    if (result.length % 50 === 0) await nextTurn();
  }
  return result;
}
