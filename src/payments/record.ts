import type { StoredAccount } from '../accounts/repository.ts';
import type { Trx } from '../db/database.ts';
import { fingerprint } from '../fingerprint.ts';
import type { PolicyRegistry } from '../policy/registry.ts';
import type { NewEvent } from '../webhooks/events.ts';
import type { PaymentDetails } from './history.ts';
import { findPaymentsOnFile, insertPayments, type NewPaymentRow } from './repository.ts';
import { settleAccounts } from './settle.ts';

/** From what was sent to what is written; single payments and imports go the same way. */

/** Who says so, and when; `importId` where a file does. */
export interface Author {
  readonly clientId: string;
  readonly importId: string | null;
  readonly now: Temporal.Instant;
}

export interface AccountPayment {
  readonly paymentId: string;
  /** Above zero. */
  readonly amountMinor: bigint;
  readonly postedOn: string;
  readonly includedInState: boolean | null;
}

/** The row of a payment for one account, which the caller has locked. */
export function paymentRecord(account: StoredAccount, payment: AccountPayment, by: Author): NewPaymentRow {
  const { amountMinor, postedOn, includedInState } = payment;
  const details = { includedInState, stateAsOf: includedInState === null ? null : account.asOf.epochMilliseconds };
  const print = fingerprint({ amountMinor: amountMinor.toString(), postedOn, includedInState });
  return paymentRow(account, payment, details, print, by);
}

export function paymentRow(
  account: StoredAccount,
  { paymentId, postedOn, amountMinor }: Pick<AccountPayment, 'paymentId' | 'postedOn' | 'amountMinor'>,
  details: PaymentDetails,
  print: Buffer,
  { clientId, importId, now }: Author,
): NewPaymentRow {
  return {
    customer_id: account.customerId,
    account_id: account.accountId,
    payment_id: paymentId,
    amount_minor: amountMinor,
    posted_on: postedOn,
    details: JSON.stringify(details),
    fingerprint: print,
    import_id: importId,
    client_id: clientId,
    recorded_at: now.toString(),
  };
}

/** What is on file under the id of a payment: nothing, the same, or another payment. */
export interface OnFile {
  readonly is: 'new' | 'same' | 'other';
  /** The import that brought what is on file; null: it came otherwise. */
  readonly importId: string | null;
}

/** Compares payments, one for each id of an account, with what is on file; in their order. */
export async function comparePayments(trx: Trx, records: readonly NewPaymentRow[]): Promise<OnFile[]> {
  const key = (row: { account_id: string; payment_id: string }) => `${row.account_id}/${row.payment_id}`;
  const found = new Map((await findPaymentsOnFile(trx, records)).map((row) => [key(row), row]));
  return records.map((record) => {
    const earlier = found.get(key(record));
    if (earlier === undefined) return { is: 'new', importId: null };
    const isSame = earlier.is_own && earlier.fingerprint.equals(record.fingerprint);
    return { is: isSame ? 'same' : 'other', importId: earlier.import_id };
  });
}

/**
 * Writes new payments in a few statements, however many they are, and what they change: balances, what is past due, what
 * decisions read. The caller has locked the accounts. Tells of each account that was cured or became past due, and
 * `events` before that.
 */
export async function writePayments(
  trx: Trx,
  policy: PolicyRegistry,
  records: readonly NewPaymentRow[],
  now: Temporal.Instant,
  events: readonly NewEvent[] = [],
): Promise<void> {
  if (records.length === 0) return;
  await insertPayments(trx, records);
  const keys = new Map(
    records.map(({ customer_id: customerId, account_id: accountId }) => [accountId, { customerId, accountId }]),
  );
  await settleAccounts(trx, policy, [...keys.values()], now, events);
}
