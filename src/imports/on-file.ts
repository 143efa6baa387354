import { sql } from 'kysely';
import type { AccountRecord, StoredAccount } from '../accounts/repository.ts';
import type { Trx } from '../db/database.ts';
import { findStates } from '../payments/repository.ts';
import { toMinor } from '../rules/money/money.ts';

/** What is on file of the accounts of a batch, beside their current states. */

/** What is on file, and the import that brought it; null when it came otherwise. */
export interface Origin {
  /** Of a state; payments and statements have their day in the row. */
  readonly asOf: string | null;
  readonly importId: string | null;
}

/** Where those account states come from that are on file exactly so, by their accounts. */
export async function originsOf(trx: Trx, records: readonly AccountRecord[]): Promise<Map<string, Origin>> {
  if (records.length === 0) return new Map();
  const column = <K extends keyof AccountRecord>(name: K) => records.map((record) => record[name]);
  const { rows } = await sql<{ account_id: string; as_of: Temporal.Instant; import_id: string | null }>`
    SELECT account_id, as_of, import_id
      FROM account_snapshots
      JOIN unnest(${column('customer_id')}::text[], ${column('account_id')}::text[], ${column('as_of')}::timestamptz[],
                  ${column('content_hash')}::bytea[]) AS sent (customer_id, account_id, as_of, content_hash)
        USING (customer_id, account_id, as_of, content_hash)`.execute(trx);
  return new Map(rows.map((row) => [row.account_id, { asOf: row.as_of.toString(), importId: row.import_id }]));
}

/** As of when the newest state of any account of these customers is; without those that have no account. */
export async function newestStates(trx: Trx, customerIds: readonly string[]): Promise<Map<string, Temporal.Instant>> {
  if (customerIds.length === 0) return new Map();
  const { rows } = await sql<{ customer_id: string; as_of: Temporal.Instant }>`
    SELECT customer_id, max(as_of) AS as_of FROM accounts WHERE customer_id = ANY(${customerIds}::text[])
     GROUP BY customer_id`.execute(trx);
  return new Map(rows.map((row) => [row.customer_id, row.as_of]));
}

/**
 * The accounts with the minimum payment that their newest state was sent with: what payments have left of it is no fact of
 * the next state, after which the same payments may count.
 */
export async function withSentMinimum(trx: Trx, accounts: readonly StoredAccount[]): Promise<StoredAccount[]> {
  const moved = accounts.filter(({ derived }) => derived !== null);
  if (moved.length === 0) return [...accounts];
  const states = await findStates(trx, moved, false);
  const sent = new Map(
    states.map(({ account_id, content }) => [account_id, content.minimumPaymentDue as string | null]),
  );
  return accounts.map((account) => {
    if (account.derived === null) return account;
    const minimum = sent.get(account.accountId) ?? null;
    return { ...account, minimumDueMinor: minimum === null ? null : toMinor(minimum, account.currency) };
  });
}
