import { accountOf } from '../accounts/repository.ts';
import { type AccountPolicy, answerOf } from '../accounts/service.ts';
import type { CaseEntry } from '../case-entries/schemas.ts';
import { fromMinor } from '../rules/money/money.ts';
import { bucketMoves } from '../rules/picture/bucket-moves.ts';
import { fraction } from '../rules/picture/right-party.ts';
import { statementOf } from '../statements/record.ts';
import type { StatementState } from '../statements/repository.ts';
import type { PictureAccountRow, StatementDocument } from './repository.ts';
import type { PictureAccount } from './schemas.ts';

/** An account with its standing today, what was billed and paid, where it is placed, and how it came to its bucket. */
export function pictureAccountOf(
  row: PictureAccountRow,
  entries: readonly CaseEntry[],
  policy: AccountPolicy,
  now: Temporal.Instant,
): PictureAccount {
  const account = accountOf(row);
  const totalMinor = account.principalMinor + account.interestMinor + account.penaltyMinor + account.feesMinor;
  const limit = account.creditLimitMinor;
  const own = entries.filter((entry) => entry.accountId === row.account_id && entry.customerId === row.customer_id);
  const dateOf = (instant: Temporal.Instant) => instant.toZonedDateTimeISO(policy.zone).toPlainDate().toString();
  const states = row.states.map(([asOf, pastDueSince, withinGraceAmount, graceDays]) => ({
    asOf: dateOf(Temporal.Instant.from(asOf)),
    pastDueSince,
    withinGraceAmount,
    graceDays: graceDays ?? policy.graceDays,
  }));
  return {
    account: answerOf(account, policy, now),
    total: fromMinor(totalMinor, account.currency),
    creditUse: limit === null || limit === 0n ? null : fraction(totalMinor < 0n ? 0n : totalMinor, limit),
    statements: row.statements.map((document) => statementOf(stateOf(row, document))),
    payments: row.payments.map(({ amountMinor, ...payment }) => ({
      ...payment,
      amount: fromMinor(BigInt(amountMinor), account.currency),
    })),
    placement: own.find(({ kind }) => kind === 'placement') ?? null,
    collateral: own.filter(({ kind }) => kind === 'collateral'),
    delinquency: bucketMoves(states, dateOf(now), policy).reverse(),
  };
}

function stateOf({ customer_id, account_id }: PictureAccountRow, document: StatementDocument): StatementState {
  const { amounts, recorded_at, ...state } = document;
  const [previous, payments, charges, adjustments, interest, balance, minimumDue, limit, before] = amounts.map(
    (text) => (text === null ? null : BigInt(text)),
  );
  return {
    ...state,
    customer_id,
    account_id,
    previous_balance_minor: previous!,
    payments_total_minor: payments!,
    new_charges_minor: charges!,
    adjustments_minor: adjustments!,
    interest_minor: interest!,
    statement_balance_minor: balance!,
    minimum_due_minor: minimumDue!,
    credit_limit_minor: limit!,
    before_balance_minor: before!,
    recorded_at: Temporal.Instant.from(recorded_at),
  };
}
