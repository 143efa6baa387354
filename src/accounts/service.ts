import { type Ctx, requireScope } from '../context.ts';
import { customerExists } from '../customers/repository.ts';
import { AppError, notFound, unprocessable, unprocessableFields } from '../errors.ts';
import type { Kind } from '../rules/ledger/components.ts';
import { fromMinor, toMinor } from '../rules/money/money.ts';
import { type Standing, type StandingParameters, standingOf } from '../rules/segmentation/standing.ts';
import { formatInstant } from '../rules/time/zone.ts';
import { wireInstant } from '../validation.ts';
import { type AccountPolicy, accountPolicyAt } from './policy.ts';
import { accountRecord, normaliseAccount } from './record.ts';
import { findAccount, listAccountsOf, lockAccountVersion, type StoredAccount } from './repository.ts';
import type { Account, AccountInput } from './schemas.ts';
import { recordStates } from './states.ts';

export interface AccountAnswer {
  readonly account: Account;
  readonly version: number;
  readonly created: boolean;
}

/**
 * Records a state of an account. An older one than the stored state is kept as history and does not overwrite; the
 * answer is always the current state. Throws NOT_FOUND for an unknown customer, ACCOUNT_OF_OTHER_CUSTOMER,
 * PRECONDITION_FAILED when `expectedVersion` is not the stored one, and UNPROCESSABLE with every field without meaning, or
 * for another currency than that of payments and charges on file.
 */
export async function putAccount(
  ctx: Ctx,
  accountId: string,
  input: AccountInput,
  expectedVersion: number | null,
): Promise<AccountAnswer> {
  requireScope(ctx, 'accounts:write');
  const policy = accountPolicyAt(ctx.policy, ctx.now);
  const { account, errors } = normaliseAccount(input, policy.zone, ctx.now);
  if (errors.length > 0) throw unprocessableFields(errors);
  const record = accountRecord(accountId, account, ctx.now);
  return ctx.db.transaction().execute(async (trx) => {
    if (!(await customerExists(trx, account.customerId))) throw notFound('/customerId', 'customer');
    if (expectedVersion !== null && (await lockAccountVersion(trx, accountId)) !== expectedVersion) {
      throw new AppError('PRECONDITION_FAILED', 'The account has changed since it was read, or does not exist.');
    }
    const outcome = (await recordStates(trx, ctx.policy, [record], ctx.now)).get(accountId);
    if (outcome === 'other_customer') {
      const message = 'This account id belongs to another customer.';
      throw new AppError('ACCOUNT_OF_OTHER_CUSTOMER', message, {
        errors: [{ pointer: '/customerId', code: 'INVALID_VALUE', message }],
      });
    }
    if (outcome === 'other_currency')
      throw unprocessable('/currency', 'INVALID_VALUE', 'The account has payments or charges in another currency.');
    const stored = await findAccount(trx, accountId);
    if (!stored) throw new Error('the account that was just written is gone');
    return { account: answerOf(stored, policy, ctx.now), version: stored.version, created: outcome === 'created' };
  });
}

/** One account with days past due, bucket and segment as of today. Throws NOT_FOUND. */
export async function getAccount(ctx: Ctx, accountId: string): Promise<AccountAnswer> {
  requireScope(ctx, 'accounts:read');
  const stored = await findAccount(ctx.db, accountId);
  if (!stored) throw notFound('/accountId', 'account');
  return {
    account: answerOf(stored, accountPolicyAt(ctx.policy, ctx.now), ctx.now),
    version: stored.version,
    created: false,
  };
}

/** The accounts of one customer, at most 200, in the order of their ids. Throws NOT_FOUND for an unknown customer. */
export async function listAccounts(ctx: Ctx, customerId: string): Promise<Account[]> {
  requireScope(ctx, 'accounts:read');
  const accounts = await listAccountsOf(ctx.db, customerId);
  if (accounts.length === 0 && !(await customerExists(ctx.db, customerId))) throw notFound('/customerId', 'customer');
  const policy = accountPolicyAt(ctx.policy, ctx.now);
  return accounts.map((account) => answerOf(account, policy, ctx.now));
}

/** Standing of a stored account today. */
function standingOfAccount(account: StoredAccount, policy: AccountPolicy, now: Temporal.Instant): Standing {
  return standingOf(
    {
      pastDueSince: account.pastDueSince,
      minimumDueMinor: account.minimumDueMinor,
      totalMinor: account.principalMinor + account.interestMinor + account.penaltyMinor + account.feesMinor,
      todayDate: now.toZonedDateTimeISO(policy.zone).toPlainDate().toString(),
    },
    standingParameters(account, policy),
  );
}

/** Grace and buckets of an account; its own grace goes before the pack's. */
export function standingParameters(
  { optionalFacts, currency }: StoredAccount,
  policy: AccountPolicy,
): StandingParameters {
  const { graceDays, graceAmount } = optionalFacts;
  return {
    graceDays: graceDays ?? policy.graceDays,
    graceAmountMinor: toMinor(graceAmount ?? policy.graceAmount, currency) ?? 0n,
    bucketDays: policy.bucketDays,
    mildUpToBucket: policy.mildUpToBucket,
  };
}

/** A stored account as it is answered, with its standing today. */
export function answerOf(stored: StoredAccount, policy: AccountPolicy, now: Temporal.Instant): Account {
  const amount = (minor: bigint) => fromMinor(minor, stored.currency);
  const optional = stored.optionalFacts;
  return {
    accountId: stored.accountId,
    customerId: stored.customerId,
    product: stored.product,
    currency: stored.currency,
    asOf: formatInstant(policy.zone, stored.asOf.epochMilliseconds),
    pastDueSince: stored.pastDueSince,
    annualRate: stored.annualRate,
    dailyRate: optional.dailyRate ?? null,
    status: stored.status,
    balances: {
      principal: amount(stored.principalMinor),
      interest: amount(stored.interestMinor),
      penalty: amount(stored.penaltyMinor),
      fees: amount(stored.feesMinor),
    },
    minimumPaymentDue: stored.minimumDueMinor === null ? null : amount(stored.minimumDueMinor),
    creditLimit: stored.creditLimitMinor === null ? null : amount(stored.creditLimitMinor),
    debtGroupId: stored.debtGroupId,
    instalmentBalance: partBalance(stored, 'instalment', optional.instalmentBalance),
    cashAdvanceBalance: partBalance(stored, 'cash_advance', optional.cashAdvanceBalance),
    penaltyRule: optional.penaltyRule ?? null,
    graceDays: optional.graceDays ?? null,
    graceAmount: optional.graceAmount ?? null,
    inCollectionProcedures: optional.inCollectionProcedures ?? null,
    genuineCard: optional.genuineCard ?? null,
    statementDay: optional.statementDay ?? null,
    dueDays: optional.dueDays ?? null,
    minimumPaymentRule: optional.minimumPaymentRule ?? null,
    compoundInterest: optional.compoundInterest ?? null,
    allocationOrder: optional.allocationOrder ?? null,
    accruedInterest: optional.accruedInterest ?? null,
    paymentsThrough: optional.paymentsThrough ?? null,
    balanceParts: stored.derived?.balanceParts ?? optional.balanceParts ?? null,
    cardToken: optional.cardToken ?? null,
    cardLast4: optional.cardLast4 ?? null,
    ...standingOfAccount(stored, policy, now),
    updatedAt: wireInstant(stored.updatedAt),
  };
}

/** What was sent of one kind, or what facts have made of it. */
function partBalance({ derived, currency }: StoredAccount, kind: Kind, sent: string | null | undefined): string | null {
  if (derived === null || sent === null || sent === undefined) return sent ?? null;
  const parts = derived.balanceParts.filter((part) => part.kind === kind);
  return fromMinor(
    parts.reduce((total, { amount }) => total + toMinor(amount, currency)!, 0n),
    currency,
  );
}
