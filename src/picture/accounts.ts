import { accountPolicyAt } from '../accounts/policy.ts';
import { accountOf, type StoredAccount } from '../accounts/repository.ts';
import { answerOf, standingParameters } from '../accounts/service.ts';
import type { CaseEntry } from '../case-entries/schemas.ts';
import { bankDayAt } from '../payments/derive.ts';
import { type AccountFacts, historyOf, policyOn } from '../payments/history.ts';
import type { PolicyRegistry } from '../policy/registry.ts';
import { bucketMoves } from '../rules/ledger/delinquency.ts';
import { fromMinor } from '../rules/money/money.ts';
import { fraction } from '../rules/picture/right-party.ts';
import { dateOfDay } from '../rules/time/zone.ts';
import { statementOf } from '../statements/record.ts';
import type { StatementState } from '../statements/repository.ts';
import type { FactsDocument, PictureAccountRow, StatementDocument } from './repository.ts';
import type { PictureAccount } from './schemas.ts';

/** An account with its standing today, what was billed and paid, where it is placed, and how it came to its bucket. */
export function pictureAccountOf(
  row: PictureAccountRow,
  entries: readonly CaseEntry[],
  policy: PolicyRegistry,
  now: Temporal.Instant,
): PictureAccount {
  const account = accountOf(row);
  const totalMinor = account.principalMinor + account.interestMinor + account.penaltyMinor + account.feesMinor;
  const limit = account.creditLimitMinor;
  const own = entries.filter((entry) => entry.accountId === row.account_id && entry.customerId === row.customer_id);
  return {
    account: answerOf(account, accountPolicyAt(policy, now), now),
    total: fromMinor(totalMinor, account.currency),
    creditUse: limit === null || limit === 0n ? null : fraction(totalMinor < 0n ? 0n : totalMinor, limit),
    statements: row.statements.map((document) => statementOf(stateOf(row, document))),
    payments: row.payments.map(({ amountMinor, ...payment }) => ({
      ...payment,
      amount: fromMinor(BigInt(amountMinor), account.currency),
    })),
    placement: own.find(({ kind }) => kind === 'placement') ?? null,
    collateral: own.filter(({ kind }) => kind === 'collateral'),
    delinquency: movesOf(row, account, policy, now),
  };
}

/** The newest first. */
function movesOf(
  { states, facts }: PictureAccountRow,
  account: StoredAccount,
  policy: PolicyRegistry,
  now: Temporal.Instant,
): PictureAccount['delinquency'] {
  const sent = states.map(({ as_of, content }) => ({ as_of: Temporal.Instant.from(as_of), content }));
  const parametersOn = (day: number) => standingParameters(account, policyOn(policy, day));
  return bucketMoves(historyOf(policy, sent, factsOf(facts)), parametersOn, bankDayAt(policy, now))
    .map(({ day, ...move }) => ({ on: dateOfDay(day), ...move }))
    .reverse();
}

function factsOf(facts: FactsDocument | null): AccountFacts {
  if (facts === null) return { payments: [], reversals: [], charges: [], rateChanges: [] };
  const inMinor = <T extends { readonly amount_minor: string }>(row: T) => ({
    ...row,
    amount_minor: BigInt(row.amount_minor),
  });
  return { ...facts, payments: facts.payments.map(inMinor), charges: facts.charges.map(inMinor) };
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
