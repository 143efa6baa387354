import { setImmediate as nextTurn } from 'node:timers/promises';
import { accountRecord } from '../accounts/record.ts';
import { knownStates, lockAccounts, type StoredAccount } from '../accounts/repository.ts';
import { recordStates } from '../accounts/states.ts';
import type { Services } from '../context.ts';
import { contentKeyOf, customerRecord } from '../customers/record.ts';
import { findCustomers, lockContentKeys } from '../customers/repository.ts';
import { upsertCustomers } from '../customers/upsert.ts';
import type { Trx } from '../db/database.ts';
import { maskCell } from './cells.ts';
import type { ImportedCustomer, ImportedRow, RowResult } from './mapping.ts';
import { mergedAccount, mergedCustomer, newCustomer } from './merge.ts';
import type { BatchTotals } from './repository.ts';
import type { Rejection } from './schemas.ts';

export interface BatchRow {
  readonly row: number;
  readonly result: RowResult;
}

export interface BatchOutcome {
  readonly totals: BatchTotals;
  readonly rejections: readonly Rejection[];
}

/** Rows of a batch that say the same; only the first of them can change something. */
interface Group {
  readonly rows: readonly number[];
  readonly imported: ImportedRow;
  readonly corrected: boolean;
}

type Outcome = 'accepted' | 'duplicate' | 'other_customer';

/** Applies a batch of rows in a few statements and says what became of each of them. */
export async function applyBatch(
  trx: Trx,
  services: Pick<Services, 'vault' | 'policy'>,
  importId: string,
  batch: readonly BatchRow[],
  now: Temporal.Instant,
): Promise<BatchOutcome> {
  const rejections: Rejection[] = batch.flatMap(({ row, result }) =>
    'problems' in result ? result.problems.map((problem) => ({ row, ...problem })) : [],
  );
  const totals = { rowsRead: batch.length, accepted: 0, corrected: 0, duplicates: 0, quarantined: 0 };
  totals.quarantined = batch.filter(({ result }) => 'problems' in result).length;
  for (const wave of waves(groupEqual(batch))) {
    const outcomes = await applyWave(trx, services, importId, wave, now);
    for (const [index, { rows, imported, corrected }] of wave.entries()) {
      const outcome = outcomes[index]!;
      if (outcome === 'other_customer') {
        totals.quarantined += rows.length;
        rejections.push(...rows.map((row) => otherCustomer(row, imported)));
        continue;
      }
      const accepted = outcome === 'accepted' ? 1 : 0;
      totals.accepted += accepted;
      totals.corrected += accepted && corrected ? 1 : 0;
      totals.duplicates += rows.length - accepted;
    }
  }
  return { totals, rejections };
}

function otherCustomer(row: number, { account }: ImportedRow): Rejection {
  return {
    row,
    column: 'account_id',
    code: 'ACCOUNT_OF_OTHER_CUSTOMER',
    maskedValue: maskCell(account.accountId),
  };
}

function groupEqual(batch: readonly BatchRow[]): Group[] {
  const good = batch.flatMap(({ row, result }) => ('problems' in result ? [] : [{ row, ...result }]));
  const equal = Map.groupBy(good, ({ imported }) => JSON.stringify(imported));
  return [...equal.values()].map((group) => ({ ...group[0]!, rows: group.map(({ row }) => row) }));
}

/** Splits rows, in their order, so that no statement meets an account twice or a customer with two different contents. */
function waves(groups: readonly Group[]): Group[][] {
  const result: Group[][] = [];
  let accounts = new Set<string>();
  let customers = new Map<string, string>();
  for (const group of groups) {
    const { customer, account } = group.imported;
    const content = JSON.stringify(customer);
    const other = (customers.get(customer.customerId) ?? content) !== content;
    if (result.length === 0 || other || accounts.has(account.accountId)) {
      result.push([]);
      accounts = new Set();
      customers = new Map();
    }
    result.at(-1)!.push(group);
    accounts.add(account.accountId);
    customers.set(customer.customerId, content);
  }
  return result;
}

async function applyWave(
  trx: Trx,
  { vault, policy }: Pick<Services, 'vault' | 'policy'>,
  importId: string,
  wave: readonly Group[],
  now: Temporal.Instant,
): Promise<Outcome[]> {
  const rows = wave.map((group) => group.imported);
  const found = await lockAccounts(
    trx,
    rows.map(({ account }) => account.accountId),
  );
  const stored = new Map(found.map((account) => [account.accountId, account]));
  const own = rows.filter(({ account }) => isOwn(stored.get(account.accountId), account.customerId));
  const records = await mapInTurns(own, ({ account }) =>
    accountRecord(account.accountId, mergedAccount(stored.get(account.accountId), account), now, importId),
  );
  const known = await knownStates(trx, records);
  // What an older file says of a person may have changed since.
  const current = own.filter(({ account }) => !isOlder(account.asOf, stored.get(account.accountId)));
  const written = await writeCustomers(trx, vault, own, current, now);
  const outcomes = await recordStates(
    trx,
    policy.current(),
    records.filter((record) => !known.has(record.account_id)),
    now,
  );
  if ([...outcomes.values()].includes('other_customer')) throw new Error('an account id was taken meanwhile');
  return rows.map(({ account, customer }) => {
    if (!isOwn(stored.get(account.accountId), account.customerId)) return 'other_customer';
    // A change of the customer is counted once, however many accounts there are.
    const changed =
      written.delete(customer.customerId) || (outcomes.get(account.accountId) ?? 'unchanged') !== 'unchanged';
    return changed ? 'accepted' : 'duplicate';
  });
}

function isOwn(stored: StoredAccount | undefined, customerId: string): boolean {
  return stored === undefined || stored.customerId === customerId;
}

function isOlder(asOf: string, stored: StoredAccount | undefined): boolean {
  return stored !== undefined && Temporal.Instant.compare(asOf, stored.asOf) < 0;
}

/** Creates those customers who are not on file, and brings the current ones up to date. Returns whom it changed. */
async function writeCustomers(
  trx: Trx,
  vault: Services['vault'],
  all: readonly ImportedRow[],
  current: readonly ImportedRow[],
  now: Temporal.Instant,
): Promise<Set<string>> {
  const distinct = (rows: readonly ImportedRow[]) =>
    new Map(rows.map(({ customer }) => [customer.customerId, customer] as const));
  const keys = await lockContentKeys(trx, [...distinct(all).keys()]);
  const created = [...distinct(all).values()].filter(({ customerId }) => !keys.has(customerId));
  const differing = [...distinct(current).values()].filter((customer) => {
    const key = keys.get(customer.customerId);
    return key !== undefined && !key.equals(contentKeyOf(vault, customer.customerId, newCustomer(customer)));
  });
  const merged = await mergeAll(trx, vault, differing);
  const fresh = created.map((customer) => [customer.customerId, newCustomer(customer)] as const);
  const records = await mapInTurns([...fresh, ...merged], ([customerId, customer]) =>
    customerRecord(vault, customerId, customer, now),
  );
  if (records.length === 0) return new Set();
  const outcomes = await upsertCustomers(trx, records);
  return new Set([...outcomes].filter(([, outcome]) => outcome !== 'unchanged').map(([customerId]) => customerId));
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
