import { findAccount, lockAccount, lockAccountsOf, type StoredAccount } from '../accounts/repository.ts';
import { type Ctx, requireScope } from '../context.ts';
import { customerExists } from '../customers/repository.ts';
import type { Trx } from '../db/database.ts';
import { AppError, notFound, unprocessable } from '../errors.ts';
import { fingerprint } from '../fingerprint.ts';
import { distribute } from '../rules/ledger/distribute.ts';
import { allocationsOf } from '../rules/ledger/history.ts';
import { fromMinor } from '../rules/money/money.ts';
import { dateOfDay } from '../rules/time/zone.ts';
import type { NewEvent } from '../webhooks/events.ts';
import { paymentAnswerOf, paymentOf } from './answer.ts';
import { amountsIn } from './calculators.ts';
import { bankDayAt, lastDay, loadHistory } from './derive.ts';
import { policyOn } from './history.ts';
import { type Author, comparePayments, paymentRecord, paymentRow, writePayments } from './record.ts';
import { findPaymentParts, findReversals, insertReversal, type PaymentRow } from './repository.ts';
import type { CustomerPayment, NewCustomerPayment, NewPayment, PaymentAnswer, Reversal } from './schemas.ts';
import { keyOf, settleAccounts } from './settle.ts';

export interface Recorded<T> {
  readonly answer: T;
  readonly created: boolean;
}

/** Amount in minor units, above zero, and a posting date up to today. Throws UNPROCESSABLE. */
export function checkedPosting(ctx: Ctx, input: { amount: string; postedOn: string }, currency: string): bigint {
  const { minor, refuse } = amountsIn(currency);
  const amountMinor = minor('/amount', input.amount);
  refuse();
  if (amountMinor === 0n) throw unprocessable('/amount', 'TOO_SMALL', 'Nothing is no amount.');
  refuseFuture(ctx, '/postedOn', input.postedOn);
  return amountMinor;
}

function refuseFuture(ctx: Ctx, pointer: string, date: string): void {
  if (date > dateOfDay(bankDayAt(ctx.policy, ctx.now)))
    throw unprocessable(pointer, 'IN_THE_FUTURE', "Must not be after today in the bank's zone.");
}

export async function lockedAccount(trx: Trx, accountId: string): Promise<StoredAccount> {
  const account = await lockAccount(trx, accountId);
  if (!account) throw notFound('/accountId', 'account');
  return account;
}

/**
 * Records a payment and what it changes, also of a day gone by: everything after it is played anew. Throws NOT_FOUND,
 * PAYMENT_CONFLICT for the same id with other content, and UNPROCESSABLE.
 */
export async function recordPayment(ctx: Ctx, accountId: string, input: NewPayment): Promise<Recorded<PaymentAnswer>> {
  requireScope(ctx, 'accounts:write');
  return ctx.db.transaction().execute(async (trx) => {
    const account = await lockedAccount(trx, accountId);
    const amountMinor = checkedPosting(ctx, input, account.currency);
    const { paymentId, postedOn } = input;
    const record = paymentRecord(account, { ...input, amountMinor }, authorOf(ctx));
    const [onFile] = await comparePayments(trx, [record]);
    if (onFile?.is === 'other') throw conflict();
    const created = onFile?.is === 'new';
    if (created) await writePayments(trx, ctx.policy, [record], ctx.now, [recordedEvent(account, paymentId, postedOn)]);
    return { answer: await answerOfPayment(trx, ctx, account, paymentId), created };
  });
}

function conflict(): AppError {
  return new AppError('PAYMENT_CONFLICT', 'This payment was recorded with other content.');
}

function authorOf(ctx: Ctx): Author {
  return { clientId: ctx.caller.clientId, importId: null, now: ctx.now };
}

function recordedEvent(account: StoredAccount, paymentId: string, postedOn: string): NewEvent {
  return {
    type: 'payment.recorded',
    key: account.customerId,
    data: { paymentId, ...keyOf(account), postedOn },
  };
}

/** A payment with what it paid, and the account as it is now. Throws NOT_FOUND. */
export async function answerOfPayment(
  db: Trx | Ctx['db'],
  ctx: Ctx,
  { accountId, customerId }: { accountId: string; customerId: string },
  paymentId: string,
): Promise<PaymentAnswer> {
  const account = await findAccount(db, accountId);
  const row = (await findPaymentParts(db, customerId, paymentId)).find((part) => part.account_id === accountId);
  if (!account || !row) throw notFound('/paymentId', 'payment of this account');
  const reversal = (await findReversals(db, keyOf(account), [paymentId])).get(paymentId);
  const history = await loadHistory(db, ctx.policy, keyOf(account));
  const today = bankDayAt(ctx.policy, ctx.now);
  const payment = history.payments.find(({ id }) => id === paymentId)!;
  const allocation = allocationsOf(history, [payment], lastDay(history, today)).get(paymentId) ?? null;
  return paymentAnswerOf(paymentOf(row, reversal, allocation, account.currency), account, today);
}

/**
 * Takes a payment back. A reversal leaves the account as if the payment never was; a chargeback makes what it had paid owed
 * again from its day. Twice is once. Throws NOT_FOUND, PAYMENT_CONFLICT for another kind, day or reason, and UNPROCESSABLE.
 */
export async function reversePayment(
  ctx: Ctx,
  accountId: string,
  paymentId: string,
  input: Reversal,
): Promise<PaymentAnswer> {
  requireScope(ctx, 'accounts:write');
  return ctx.db.transaction().execute(async (trx) => {
    const account = await lockedAccount(trx, accountId);
    const parts = await findPaymentParts(trx, account.customerId, paymentId);
    const row = parts.find((part) => part.account_id === accountId);
    if (!row) throw notFound('/paymentId', 'payment of this account');
    const earlier = (await findReversals(trx, keyOf(account), [paymentId])).get(paymentId);
    if (earlier) {
      const isSame =
        earlier.kind === input.kind &&
        (input.reversedOn ?? earlier.reversed_on) === earlier.reversed_on &&
        (input.reason ?? earlier.reason) === earlier.reason;
      if (!isSame) throw new AppError('PAYMENT_CONFLICT', 'This payment was taken back in another way.');
    } else {
      await writeReversal(trx, ctx, account, row, input);
    }
    return answerOfPayment(trx, ctx, account, paymentId);
  });
}

async function writeReversal(
  trx: Trx,
  ctx: Ctx,
  account: StoredAccount,
  payment: PaymentRow,
  { kind, reversedOn, reason }: Reversal,
): Promise<void> {
  const today = dateOfDay(bankDayAt(ctx.policy, ctx.now));
  const on = reversedOn ?? today;
  if (reversedOn !== null) refuseFuture(ctx, '/reversedOn', reversedOn);
  if (on < payment.posted_on)
    throw unprocessable('/reversedOn', 'OUT_OF_ORDER', 'A payment is not taken back before it was posted.');
  const { customerId, accountId } = account;
  await insertReversal(trx, {
    customer_id: customerId,
    account_id: accountId,
    payment_id: payment.payment_id,
    kind,
    reversed_on: on,
    reason,
    client_id: ctx.caller.clientId,
    recorded_at: ctx.now.toString(),
  });
  const data = { paymentId: payment.payment_id, accountId, customerId, kind, reversedOn: on };
  await settleAccounts(trx, ctx.policy, [keyOf(account)], ctx.now, [
    { type: 'payment.reversed', key: customerId, data },
  ]);
}

/** Statuses of accounts that a payment for all of them may not go to. */
const DONE = ['settled', 'closed', 'sold'];

/**
 * Spreads one payment over several accounts of a customer, in the order of the pack, by what they owe now; the parts are
 * facts like any other, so what is learned later moves none of them. Throws as `recordPayment`.
 */
export async function recordCustomerPayment(
  ctx: Ctx,
  customerId: string,
  input: NewCustomerPayment,
): Promise<Recorded<CustomerPayment>> {
  requireScope(ctx, 'accounts:write');
  const { paymentId, currency, postedOn, accountIds } = input;
  const amountMinor = checkedPosting(ctx, input, currency);
  const print = fingerprint({
    amountMinor: amountMinor.toString(),
    currency,
    postedOn,
    accountIds: accountIds && [...accountIds].sort(),
  });
  return ctx.db.transaction().execute(async (trx) => {
    if (!(await customerExists(trx, customerId))) throw notFound('/customerId', 'customer');
    const accounts = await payableAccounts(trx, customerId, input);
    const earlier = await findPaymentParts(trx, customerId, paymentId);
    if (earlier.some((row) => !row.fingerprint.equals(print))) throw conflict();
    const paid = new Set(earlier.map((row) => row.account_id));
    const created = earlier.length === 0;
    if (created) {
      const parts = partsOf(ctx, accounts, amountMinor);
      const rows = accounts.flatMap((account) => {
        const part = parts.get(account.accountId);
        const details = { includedInState: null, stateAsOf: null, wholeMinor: amountMinor.toString() };
        if (part !== undefined) paid.add(account.accountId);
        if (part === undefined) return [];
        return [paymentRow(account, { paymentId, postedOn, amountMinor: part }, details, print, authorOf(ctx))];
      });
      const touched = accounts.filter(({ accountId }) => parts.has(accountId));
      const events = touched.map((account) => recordedEvent(account, paymentId, postedOn));
      await writePayments(trx, ctx.policy, rows, ctx.now, events);
    }
    const parts: PaymentAnswer[] = [];
    for (const accountId of [...paid].sort())
      parts.push(await answerOfPayment(trx, ctx, { accountId, customerId }, paymentId));
    return {
      answer: { paymentId, customerId, currency, amount: fromMinor(amountMinor, currency), postedOn, parts },
      created,
    };
  });
}

async function payableAccounts(
  trx: Trx,
  customerId: string,
  { accountIds, currency }: NewCustomerPayment,
): Promise<StoredAccount[]> {
  // All of them: two requests that name different accounts may be one payment.
  const accounts = await lockAccountsOf(trx, customerId);
  for (const [index, accountId] of (accountIds ?? []).entries()) {
    const named = accounts.find((account) => account.accountId === accountId);
    if (!named) throw notFound(`/accountIds/${index}`, 'account of this customer');
    if (named.currency !== currency)
      throw unprocessable(`/accountIds/${index}`, 'INVALID_VALUE', `This account is not in ${currency}.`);
  }
  const payable = accounts.filter(
    ({ accountId, currency: own, status }) =>
      own === currency && (accountIds === null ? !DONE.includes(status) : accountIds.includes(accountId)),
  );
  if (payable.length === 0)
    throw unprocessable('/accountIds', 'UNKNOWN_REFERENCE', `The customer has no account in ${currency} to be paid.`);
  return payable;
}

function partsOf(ctx: Ctx, accounts: readonly StoredAccount[], amountMinor: bigint): Map<string, bigint> {
  const debts = accounts.map((account) => ({
    accountId: account.accountId,
    pastDueSince: account.pastDueSince === null ? null : Date.parse(account.pastDueSince),
    minimumDueMinor: account.minimumDueMinor,
    owedMinor: account.principalMinor + account.interestMinor + account.penaltyMinor + account.feesMinor,
  }));
  const { ledger } = policyOn(ctx.policy, bankDayAt(ctx.policy, ctx.now));
  return distribute(debts, amountMinor, ledger.distribution.order);
}
