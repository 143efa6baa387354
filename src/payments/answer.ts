import type { StoredAccount } from '../accounts/repository.ts';
import { type Amounts, grouped, partsOf } from '../rules/ledger/components.ts';
import type { Allocation } from '../rules/ledger/run.ts';
import { fromMinor } from '../rules/money/money.ts';
import { dayOfDate } from '../rules/time/zone.ts';
import { wireInstant } from '../validation.ts';
import type { PaymentDetails } from './history.ts';
import type { PaymentRow, ReversalRow } from './repository.ts';
import type { Payment, PaymentAnswer } from './schemas.ts';

/** Balances and standing of an account as its row says them, on a day. */
export function standingAnswer(account: StoredAccount, day: number) {
  const amount = (minor: bigint) => fromMinor(minor, account.currency);
  const { pastDueSince } = account;
  return {
    balances: {
      principal: amount(account.principalMinor),
      interest: amount(account.interestMinor),
      penalty: amount(account.penaltyMinor),
      fees: amount(account.feesMinor),
    },
    minimumPaymentDue: account.minimumDueMinor === null ? null : amount(account.minimumDueMinor),
    pastDueSince,
    daysPastDue: pastDueSince === null ? 0 : Math.max(0, day - dayOfDate(pastDueSince)),
  };
}

export function paymentOf(
  row: PaymentRow,
  reversal: ReversalRow | undefined,
  allocation: Allocation | null,
  currency: string,
): Payment {
  const status = reversal === undefined ? 'posted' : reversal.kind === 'reversal' ? 'reversed' : 'charged_back';
  return {
    paymentId: row.payment_id,
    accountId: row.account_id,
    customerId: row.customer_id,
    currency,
    amount: fromMinor(row.amount_minor, currency),
    postedOn: row.posted_on,
    includedInState: (row.details as unknown as PaymentDetails).includedInState,
    status,
    reversedOn: reversal?.reversed_on ?? null,
    reversalReason: reversal?.reason ?? null,
    allocation: allocation && allocationAnswer(allocation, currency),
    recordedAt: wireInstant(row.recorded_at),
  };
}

export function paymentAnswerOf(payment: Payment, account: StoredAccount, day: number): PaymentAnswer {
  return { ...payment, ...standingAnswer(account, day) };
}

function allocationAnswer({ amounts, unappliedMinor }: Allocation, currency: string) {
  const { fees, penalty, interest, principal } = grouped(amounts);
  const amount = (minor: bigint) => fromMinor(minor, currency);
  return {
    fees: amount(fees),
    penalty: amount(penalty),
    interest: amount(interest),
    principal: amount(principal),
    unapplied: amount(unappliedMinor),
  };
}

export function partsAnswer(amounts: Amounts, currency: string) {
  return partsOf(amounts).map(({ amountMinor, ...part }) => ({ ...part, amount: fromMinor(amountMinor, currency) }));
}
