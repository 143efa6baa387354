import { type Ctx, requireScope } from '../context.ts';
import { customerExists } from '../customers/repository.ts';
import { AppError, type FieldError, notFound, unprocessableFields } from '../errors.ts';
import type { PolicyRegistry } from '../policy/registry.ts';
import { currencyDecimals, fromMinor, toMinor } from '../rules/money/money.ts';
import { type Standing, type StandingParameters, standingOf } from '../rules/segmentation/standing.ts';
import { formatInstant } from '../rules/time/zone.ts';
import {
  accountRecord,
  findAccount,
  listAccountsOf,
  lockAccountVersion,
  type StoredAccount,
  upsertAccounts,
} from './repository.ts';
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
  const pack = policy.defaultAt(now.epochMilliseconds) ?? policy.packs[0];
  if (!pack) throw new AppError('UNAVAILABLE', 'No policy pack is loaded.');
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

/**
 * Writes every amount with exactly the currency's decimals and `asOf` in UTC to the millisecond, and lists, in the order
 * of the body, what has the right shape and no valid meaning. `zone` is the bank's, in which `asOf` has its date.
 */
export function normaliseAccount(
  input: AccountInput,
  zone: string,
  now: Temporal.Instant,
): { readonly account: AccountInput; readonly errors: readonly FieldError[] } {
  const errors: FieldError[] = [];
  const { currency } = input;
  const amount = (pointer: string, text: string): string => {
    const minor = (text.split('.')[1]?.length ?? 0) > currencyDecimals(currency) ? null : toMinor(text, currency);
    if (minor !== null) return fromMinor(minor, currency);
    const message = `${currency} has ${currencyDecimals(currency)} decimals; nothing is rounded.`;
    errors.push({ pointer, code: 'TOO_PRECISE', message });
    return text;
  };
  const optional = (pointer: string, text: string | null) => (text === null ? null : amount(pointer, text));
  const asOf = Temporal.Instant.from(input.asOf).round({ smallestUnit: 'millisecond', roundingMode: 'floor' });
  if (Temporal.Instant.compare(asOf, now.add({ hours: 24 })) > 0) {
    errors.push({
      pointer: '/asOf',
      code: 'IN_THE_FUTURE',
      message: 'A state cannot be more than a day in the future.',
    });
  }
  if (input.pastDueSince !== null && input.pastDueSince > asOf.toZonedDateTimeISO(zone).toPlainDate().toString()) {
    errors.push({
      pointer: '/pastDueSince',
      code: 'OUT_OF_ORDER',
      message: 'The missed due date must not be after asOf.',
    });
  }
  if (input.annualRate !== null && input.dailyRate !== null) {
    errors.push({ pointer: '/dailyRate', code: 'INVALID_VALUE', message: 'Send annualRate or dailyRate, not both.' });
  }
  const { balances, penaltyRule } = input;
  const account: AccountInput = {
    ...input,
    asOf: asOf.toString(),
    balances: {
      principal: amount('/balances/principal', balances.principal),
      interest: amount('/balances/interest', balances.interest),
      penalty: amount('/balances/penalty', balances.penalty),
      fees: amount('/balances/fees', balances.fees),
    },
    minimumPaymentDue: optional('/minimumPaymentDue', input.minimumPaymentDue),
    creditLimit: optional('/creditLimit', input.creditLimit),
    instalmentBalance: optional('/instalmentBalance', input.instalmentBalance),
    cashAdvanceBalance: optional('/cashAdvanceBalance', input.cashAdvanceBalance),
    penaltyRule: penaltyRule && {
      ...penaltyRule,
      minimum: optional('/penaltyRule/minimum', penaltyRule.minimum),
      cap: optional('/penaltyRule/cap', penaltyRule.cap),
    },
    graceAmount: optional('/graceAmount', input.graceAmount),
  };
  return { account, errors };
}

/** Standing of a stored account today; its own grace goes before the pack's. */
function standingOfAccount(account: StoredAccount, policy: AccountPolicy, now: Temporal.Instant): Standing {
  const minor = (amount: string) => toMinor(amount, account.currency);
  const totalMinor = Object.values(account.balances).reduce((sum, amount) => sum + (minor(amount) ?? 0n), 0n);
  return standingOf(
    {
      pastDueSince: account.pastDueSince,
      minimumDueMinor: account.minimumPaymentDue === null ? null : minor(account.minimumPaymentDue),
      totalMinor,
      todayDate: now.toZonedDateTimeISO(policy.zone).toPlainDate().toString(),
    },
    {
      graceDays: account.graceDays ?? policy.graceDays,
      graceAmountMinor: minor(account.graceAmount ?? policy.graceAmount) ?? 0n,
      bucketDays: policy.bucketDays,
      mildUpToBucket: policy.mildUpToBucket,
    },
  );
}

function answerOf(stored: StoredAccount, policy: AccountPolicy, now: Temporal.Instant): Account {
  const { version: _, asOf, updatedAt, ...account } = stored;
  return {
    ...account,
    asOf: formatInstant(policy.zone, asOf.epochMilliseconds),
    ...standingOfAccount(stored, policy, now),
    updatedAt: updatedAt.toString(),
  };
}
