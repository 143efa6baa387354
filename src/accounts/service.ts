import { type Ctx, requireScope } from '../context.ts';
import { customerExists } from '../customers/repository.ts';
import { AppError, notFound, unprocessableFields } from '../errors.ts';
import type { PolicyRegistry } from '../policy/registry.ts';
import { fromMinor, toMinor } from '../rules/money/money.ts';
import { type Standing, type StandingParameters, standingOf } from '../rules/segmentation/standing.ts';
import { formatInstant } from '../rules/time/zone.ts';
import { wireInstant } from '../validation.ts';
import { accountRecord, normaliseAccount } from './record.ts';
import { findAccount, listAccountsOf, lockAccountVersion, type StoredAccount, upsertAccounts } from './repository.ts';
import type { Account, AccountInput } from './schemas.ts';

export interface AccountAnswer {
  readonly account: Account;
  readonly version: number;
  readonly created: boolean;
}

/** What the default pack says about accounts; its amount is in whatever currency the account has. */
export interface AccountPolicy extends Omit<StandingParameters, 'graceAmountMinor'> {
  readonly graceAmount: string;
  /** The bank's zone, in which days are counted. */
  readonly zone: string;
}

/** The account policy in force at an instant; before the first version of the pack, the first one. Throws UNAVAILABLE. */
export function accountPolicyAt(policy: PolicyRegistry, now: Temporal.Instant): AccountPolicy {
  const pack = policy.defaultAt(now.epochMilliseconds) ?? policy.packs.find(({ document }) => document.account);
  if (!pack?.document.account) throw new AppError('UNAVAILABLE', 'No policy pack decides about accounts.');
  return { ...pack.document.account, zone: pack.document.zone };
}

/**
 * Records a state of an account. An older one than the stored state is kept as history and does not overwrite; the
 * answer is always the current state. Throws NOT_FOUND for an unknown customer, ACCOUNT_OF_OTHER_CUSTOMER,
 * PRECONDITION_FAILED when `expectedVersion` is not the stored one, and UNPROCESSABLE with every field without meaning.
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
    const outcome = (await upsertAccounts(trx, [record])).get(accountId);
    if (outcome === 'other_customer') {
      const message = 'This account id belongs to another customer.';
      throw new AppError('ACCOUNT_OF_OTHER_CUSTOMER', message, {
        errors: [{ pointer: '/customerId', code: 'INVALID_VALUE', message }],
      });
    }
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

/** Standing of a stored account today; its own grace goes before the pack's. */
function standingOfAccount(account: StoredAccount, policy: AccountPolicy, now: Temporal.Instant): Standing {
  const { graceDays, graceAmount } = account.optionalFacts;
  return standingOf(
    {
      pastDueSince: account.pastDueSince,
      minimumDueMinor: account.minimumDueMinor,
      totalMinor: account.principalMinor + account.interestMinor + account.penaltyMinor + account.feesMinor,
      todayDate: now.toZonedDateTimeISO(policy.zone).toPlainDate().toString(),
    },
    {
      graceDays: graceDays ?? policy.graceDays,
      graceAmountMinor: toMinor(graceAmount ?? policy.graceAmount, account.currency) ?? 0n,
      bucketDays: policy.bucketDays,
      mildUpToBucket: policy.mildUpToBucket,
    },
  );
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
    instalmentBalance: optional.instalmentBalance ?? null,
    cashAdvanceBalance: optional.cashAdvanceBalance ?? null,
    penaltyRule: optional.penaltyRule ?? null,
    graceDays: optional.graceDays ?? null,
    graceAmount: optional.graceAmount ?? null,
    inCollectionProcedures: optional.inCollectionProcedures ?? null,
    genuineCard: optional.genuineCard ?? null,
    ...standingOfAccount(stored, policy, now),
    updatedAt: wireInstant(stored.updatedAt),
  };
}
