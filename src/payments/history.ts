import { accountPolicyAt, type LedgerPolicy } from '../accounts/policy.ts';
import type { AccountInput } from '../accounts/schemas.ts';
import { AppError } from '../errors.ts';
import type { PolicyRegistry } from '../policy/registry.ts';
import { ownOrder } from '../rules/ledger/allocate.ts';
import { type Amounts, amountsOf, type Kind, type Part } from '../rules/ledger/components.ts';
import type { History, Payment, State } from '../rules/ledger/history.ts';
import type { Rate } from '../rules/ledger/interest.ts';
import type { ChargeKind } from '../rules/ledger/run.ts';
import type { Billing, Opening, Terms } from '../rules/ledger/terms.ts';
import { lesser, scaledRate, toMinor } from '../rules/money/money.ts';
import { dayOfDate, localDay, startOfDay } from '../rules/time/zone.ts';
import type { ChargeRow, FactRows, PaymentRow, RateChangeRow, ReversalRow, SnapshotRow } from './repository.ts';

/** From rows to what the ledger's rules take. */

/** Details of a payment, as `payments.details` keeps them. */
export interface PaymentDetails {
  readonly includedInState: boolean | null;
  /** Milliseconds of the state that this was said of. */
  readonly stateAsOf: number | null;
  /** Of one payment for several accounts: its whole amount. */
  readonly wholeMinor?: string;
}

/** A state as it is kept: facts that nobody sent are absent. */
type Content = Partial<AccountInput> & Pick<AccountInput, 'currency' | 'balances' | 'status'>;

/** The histories of accounts by their ids. Throws UNAVAILABLE where no pack says how payments are spread. */
export function historiesOf(
  policy: PolicyRegistry,
  states: readonly SnapshotRow[],
  facts: FactRows,
): Map<string, History> {
  const of = <T extends { account_id: string }>(rows: readonly T[]) => Map.groupBy(rows, (row) => row.account_id);
  const [payments, reversals, charges, rates] = [
    of(facts.payments),
    of(facts.reversals),
    of(facts.charges),
    of(facts.rateChanges),
  ];
  return new Map(
    [...of(states)].map(([accountId, rows]) => [
      accountId,
      historyOf(policy, rows, {
        payments: payments.get(accountId) ?? [],
        reversals: reversals.get(accountId) ?? [],
        charges: charges.get(accountId) ?? [],
        rateChanges: rates.get(accountId) ?? [],
      }),
    ]),
  );
}

/** As much of its facts as an account's history is made of. */
export interface AccountFacts {
  readonly payments: readonly Pick<PaymentRow, 'payment_id' | 'amount_minor' | 'posted_on' | 'details'>[];
  readonly reversals: readonly Pick<ReversalRow, 'payment_id' | 'kind' | 'reversed_on'>[];
  readonly charges: readonly Pick<ChargeRow, 'charge_id' | 'kind' | 'amount_minor' | 'posted_on' | 'details'>[];
  readonly rateChanges: readonly Pick<RateChangeRow, 'change_id' | 'effective_from' | 'annual_rate' | 'daily_rate'>[];
}

/** The history of one account, its states in the order of time. Throws UNAVAILABLE as historiesOf does. */
export function historyOf(
  policy: PolicyRegistry,
  states: readonly Pick<SnapshotRow, 'as_of' | 'content'>[],
  facts: AccountFacts,
): History {
  return {
    states: states.map((row) => stateOf(policy, row)),
    payments: paymentsOf(facts.payments, facts.reversals),
    charges: facts.charges.map(chargeOf),
    rateChanges: facts.rateChanges.map((row) => rateChangeOf(policy, row)),
  };
}

function paymentsOf(rows: AccountFacts['payments'], reversals: AccountFacts['reversals']): Payment[] {
  const reversed = new Map(reversals.map((row) => [row.payment_id, row]));
  return rows.map((row) => {
    const { includedInState, stateAsOf } = row.details as unknown as PaymentDetails;
    const reversal = reversed.get(row.payment_id);
    return {
      id: row.payment_id,
      day: dayOfDate(row.posted_on),
      amountMinor: row.amount_minor,
      included: includedInState === null || stateAsOf === null ? null : { inState: includedInState, stateAsOf },
      reversal: reversal
        ? { kind: reversal.kind as 'reversal' | 'chargeback', day: dayOfDate(reversal.reversed_on) }
        : null,
    };
  });
}

function chargeOf(row: AccountFacts['charges'][number]): History['charges'][number] {
  return {
    id: row.charge_id,
    day: dayOfDate(row.posted_on),
    charge: row.kind as ChargeKind,
    component: row.details.component as Kind,
    amountMinor: row.amount_minor,
  };
}

function rateChangeOf(
  policy: PolicyRegistry,
  row: AccountFacts['rateChanges'][number],
): History['rateChanges'][number] {
  const day = dayOfDate(row.effective_from);
  return { id: row.change_id, day, rate: rateOf(row.annual_rate, row.daily_rate, policyOn(policy, day).ledger)! };
}

/** What the pack says on a day of civil time, in its own zone. */
export function policyOn(policy: PolicyRegistry, day: number) {
  const first = accountPolicyAt(policy, Temporal.Instant.fromEpochMilliseconds(day * 86_400_000));
  const found = accountPolicyAt(policy, Temporal.Instant.fromEpochMilliseconds(startOfDay(first.zone, day)));
  if (found.ledger === null) throw new AppError('UNAVAILABLE', 'No policy pack says how payments are spread.');
  return { ...found, ledger: found.ledger };
}

function rateOf(
  annual: string | null | undefined,
  daily: string | null | undefined,
  ledger: LedgerPolicy,
): Rate | null {
  if (daily) return { daily: scaledRate(daily) };
  return annual ? { annual: scaledRate(annual), dayCount: ledger.interest.dayCount } : null;
}

function stateOf(policy: PolicyRegistry, { as_of, content }: Pick<SnapshotRow, 'as_of' | 'content'>): State {
  const account = content as unknown as Content;
  const asOf = as_of.epochMilliseconds;
  const { zone } = accountPolicyAt(policy, as_of);
  const day = account.paymentsThrough ? dayOfDate(account.paymentsThrough) + 1 : localDay(zone, asOf);
  const known = new Map<string, Terms>();
  const termsOn = (on: number) => {
    const found = policyOn(policy, on);
    const terms = known.get(found.policyVersion) ?? termsOf(account, found);
    known.set(found.policyVersion, terms);
    return terms;
  };
  return { asOf, opening: openingOf(account, day, policyOn(policy, day).ledger), termsOn };
}

function openingOf(account: Content, day: number, ledger: LedgerPolicy): Opening {
  const minor = (text: string | null | undefined) => (text ? toMinor(text, account.currency)! : 0n);
  const principal = minor(account.balances.principal);
  return {
    day,
    balances: componentsOf(account, minor),
    creditMinor: principal < 0n ? -principal : 0n,
    pastDueSince: account.pastDueSince ? dayOfDate(account.pastDueSince) : null,
    minimumDueMinor: account.minimumPaymentDue ? minor(account.minimumPaymentDue) : null,
    rate: rateOf(account.annualRate, account.dailyRate, ledger),
    accruedMinor: minor(account.accruedInterest),
  };
}

/**
 * The components as sent; otherwise everything is billed but instalments that nobody called due, fees are of no certain
 * kind, and what is neither an instalment nor a cash advance is a purchase.
 */
function componentsOf(account: Content, minor: (text: string | null | undefined) => bigint): Amounts {
  const { balances, balanceParts } = account;
  if (balanceParts)
    return amountsOf(balanceParts.map(({ amount, ...part }) => ({ ...part, amountMinor: minor(amount) })));
  const principal = minor(balances.principal) > 0n ? minor(balances.principal) : 0n;
  const instalment = lesser(minor(account.instalmentBalance), principal);
  const cash = lesser(minor(account.cashAdvanceBalance), principal - instalment);
  const billed = (kind: Kind, amountMinor: bigint): Part => ({ kind, billed: true, amountMinor });
  return amountsOf([
    billed('other_fee', minor(balances.fees)),
    billed('penalty', minor(balances.penalty)),
    billed('interest', minor(balances.interest)),
    billed('retail', principal - instalment - cash),
    billed('cash_advance', cash),
    { kind: 'instalment', billed: false, amountMinor: instalment },
  ]);
}

function termsOf(account: Content, policy: ReturnType<typeof policyOn>): Terms {
  const { allocation } = policy.ledger;
  const own = account.allocationOrder ?? null;
  return {
    allocation: {
      bands: allocation.bands,
      charges: ownOrder(own, allocation.charges),
      principal: ownOrder(own, allocation.principal),
    },
    graceDays: account.graceDays ?? policy.graceDays,
    graceAmountMinor: toMinor(account.graceAmount ?? policy.graceAmount, account.currency) ?? 0n,
    billing: billingOf(account, policy.ledger),
  };
}

/** Whoever has paid, or whose debt is no longer the bank's, gets no statement and owes no further interest. */
function billingOf(account: Content, { interest, minimumPayment }: LedgerPolicy): Billing | null {
  const { statementDay, dueDays, penaltyRule, status, currency } = account;
  if (!statementDay || !dueDays || ['settled', 'closed', 'sold'].includes(status)) return null;
  const minor = (text: string | null) => (text === null ? null : toMinor(text, currency));
  const { principalRate, floor } = account.minimumPaymentRule ?? minimumPayment;
  return {
    statementDay,
    dueDays,
    statements: status === 'open' && account.inCollectionProcedures !== true,
    compoundInterest: account.compoundInterest ?? interest.compound,
    principalRate: scaledRate(principalRate),
    floorMinor: minor(floor) ?? 0n,
    penalty: penaltyRule
      ? {
          rate: scaledRate(penaltyRule.rate),
          rateFromSecondMonth:
            penaltyRule.rateFromSecondMonth === null ? null : scaledRate(penaltyRule.rateFromSecondMonth),
          minimumMinor: minor(penaltyRule.minimum),
          capMinor: minor(penaltyRule.cap),
        }
      : null,
  };
}
