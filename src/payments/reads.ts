import { findAccount, type StoredAccount } from '../accounts/repository.ts';
import { standingParameters } from '../accounts/service.ts';
import { type Ctx, requireScope } from '../context.ts';
import { cursorOf, positionOf } from '../cursor.ts';
import { notFound, unprocessable } from '../errors.ts';
import { type Amounts, grouped } from '../rules/ledger/components.ts';
import { bucketMoves } from '../rules/ledger/delinquency.ts';
import { allocationsOf, type History, ledgerOf, stateOn } from '../rules/ledger/history.ts';
import type { Ledger } from '../rules/ledger/replay.ts';
import { fromMinor } from '../rules/money/money.ts';
import { dateOfDay, dayOfDate, formatInstant } from '../rules/time/zone.ts';
import { partsAnswer, paymentOf } from './answer.ts';
import { bankDayAt, lastDay, loadHistory } from './derive.ts';
import { policyOn } from './history.ts';
import { findReversals, listPaymentRows, type PaymentPosition } from './repository.ts';
import type { BucketMovePage, LedgerAnswer, PaymentAnswer, PaymentListQuery, PaymentPage } from './schemas.ts';
import { answerOfPayment } from './service.ts';
import { keyOf } from './settle.ts';

async function accountOf(ctx: Ctx, accountId: string): Promise<StoredAccount> {
  requireScope(ctx, 'accounts:read');
  const account = await findAccount(ctx.db, accountId);
  if (!account) throw notFound('/accountId', 'account');
  return account;
}

/** One payment with what it paid, and the account as it is now. Throws NOT_FOUND. */
export async function getPayment(ctx: Ctx, accountId: string, paymentId: string): Promise<PaymentAnswer> {
  return answerOfPayment(ctx.db, ctx, keyOf(await accountOf(ctx, accountId)), paymentId);
}

/** The payments of an account, also those taken back, the last posting date first. Throws NOT_FOUND. */
export async function listPayments(
  ctx: Ctx,
  accountId: string,
  { limit, cursor }: PaymentListQuery,
): Promise<PaymentPage> {
  const account = await accountOf(ctx, accountId);
  const filters = { accountId };
  const after =
    cursor === undefined ? null : (JSON.parse(positionOf(ctx.vault, 'payments', filters, cursor)) as PaymentPosition);
  const rows = await listPaymentRows(ctx.db, keyOf(account), after, limit + 1);
  const shown = rows.slice(0, limit);
  const ids = shown.map((row) => row.payment_id);
  const reversals = await findReversals(ctx.db, keyOf(account), ids);
  const history = await loadHistory(ctx.db, ctx.policy, keyOf(account));
  const payments = history.payments.filter(({ id }) => ids.includes(id));
  const allocations = allocationsOf(history, payments, lastDay(history, bankDayAt(ctx.policy, ctx.now)));
  const last = shown.at(-1);
  const position = last && { postedOn: last.posted_on, paymentId: last.payment_id };
  return {
    items: shown.map((row) =>
      paymentOf(row, reversals.get(row.payment_id), allocations.get(row.payment_id) ?? null, account.currency),
    ),
    nextCursor:
      rows.length > limit && position ? cursorOf(ctx.vault, 'payments', filters, JSON.stringify(position)) : null,
  };
}

/** How far ahead a ledger may be played, as if nothing else happened. */
const DAYS_AHEAD = 366;

/**
 * The ledger of an account at the end of a day: the state it begins with, everything posted since, and what it comes to.
 * Throws NOT_FOUND, also for a day before the first state, and UNPROCESSABLE for one that is too far ahead.
 */
export async function getLedger(ctx: Ctx, accountId: string, on: string | undefined): Promise<LedgerAnswer> {
  const account = await accountOf(ctx, accountId);
  const history = await loadHistory(ctx.db, ctx.policy, keyOf(account));
  const today = bankDayAt(ctx.policy, ctx.now);
  const day = on === undefined ? lastDay(history, today) : dayOfDate(on);
  if (day > today + DAYS_AHEAD)
    throw unprocessable('/on', 'IN_THE_FUTURE', `At most ${DAYS_AHEAD} days after today can be computed.`);
  const index = stateOn(history, day);
  if (index < 0) throw notFound('/on', 'state of this account on that day');
  return ledgerAnswer(ctx, account, history, index, day);
}

function ledgerAnswer(ctx: Ctx, account: StoredAccount, history: History, index: number, day: number): LedgerAnswer {
  const ledger: Ledger = ledgerOf(history, day, index);
  const { asOf, opening } = history.states[index]!;
  const { currency } = account;
  const amount = (minor: bigint) => fromMinor(minor, currency);
  const parts = (amounts: Amounts) => partsAnswer(amounts, currency);
  const { principal, interest, penalty, fees } = grouped(ledger.balances);
  const policy = policyOn(ctx.policy, day);
  return {
    ...keyOf(account),
    currency,
    on: dateOfDay(day),
    opening: {
      asOf: formatInstant(policy.zone, asOf),
      from: dateOfDay(opening.day),
      parts: parts(opening.balances),
      unapplied: amount(opening.creditMinor),
    },
    postings: ledger.postings.map((posting) => ({
      on: dateOfDay(posting.day),
      kind: posting.kind,
      factId: posting.factId,
      parts: parts(posting.amounts),
      unapplied: amount(posting.creditMinor),
    })),
    balances: {
      principal: amount(principal - ledger.creditMinor),
      interest: amount(interest),
      penalty: amount(penalty),
      fees: amount(fees),
    },
    parts: parts(ledger.balances),
    unapplied: amount(ledger.creditMinor),
    accruedInterest: amount(ledger.accruedMinor),
    minimumPaymentDue: ledger.minimumDueMinor === null ? null : amount(ledger.minimumDueMinor),
    minimumPayments: ledger.dues.map(({ dueOn, amountMinor, unpaidMinor }) => ({
      dueOn: dueOn === null ? null : dateOfDay(dueOn),
      amount: amount(amountMinor),
      unpaid: amount(unpaidMinor),
    })),
    pastDueSince: ledger.pastDueSince === null ? null : dateOfDay(ledger.pastDueSince),
    daysPastDue: ledger.pastDueSince === null ? 0 : day - ledger.pastDueSince,
    policyVersion: policy.policyVersion,
    allocationSource: policy.ledger.allocation.source,
  };
}

/** Every move of an account between buckets until today, computed from all that is known now. Throws NOT_FOUND. */
export async function getDelinquencyHistory(
  ctx: Ctx,
  accountId: string,
  { limit, cursor }: PaymentListQuery,
): Promise<BucketMovePage> {
  const account = await accountOf(ctx, accountId);
  const filters = { accountId };
  const after = cursor === undefined ? '' : positionOf(ctx.vault, 'delinquency', filters, cursor);
  const history = await loadHistory(ctx.db, ctx.policy, keyOf(account));
  const parametersOn = (day: number) => standingParameters(account, policyOn(ctx.policy, day));
  const moves = bucketMoves(history, parametersOn, bankDayAt(ctx.policy, ctx.now))
    .map(({ day, ...move }) => ({ on: dateOfDay(day), ...move }))
    .filter(({ on }) => on > after);
  const items = moves.slice(0, limit);
  return {
    items,
    nextCursor: moves.length > limit ? cursorOf(ctx.vault, 'delinquency', filters, items.at(-1)!.on) : null,
  };
}
