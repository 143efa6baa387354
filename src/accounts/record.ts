import type { FieldError } from '../errors.ts';
import { fingerprint } from '../fingerprint.ts';
import { currencyDecimals, fromMinor, toMinor } from '../rules/money/money.ts';
import type { AccountRecord, OptionalFacts } from './repository.ts';
import type { AccountInput } from './schemas.ts';

/** From what was sent to what is written; single requests and imports go the same way. */

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

/** Makes the row and the history entry of a normalised account; `importId` when a file brought it. Throws RangeError. */
export function accountRecord(
  accountId: string,
  account: AccountInput,
  now: Temporal.Instant,
  importId: string | null = null,
): AccountRecord {
  const minor = (amount: string) => {
    const value = toMinor(amount, account.currency);
    if (value === null) throw new RangeError('the account is not normalised');
    return value;
  };
  const content = { ...account, accountId };
  return {
    customer_id: account.customerId,
    account_id: accountId,
    product: account.product,
    currency: account.currency,
    as_of: account.asOf,
    past_due_since: account.pastDueSince,
    annual_rate: account.annualRate,
    status: account.status,
    principal_minor: minor(account.balances.principal),
    interest_minor: minor(account.balances.interest),
    penalty_minor: minor(account.balances.penalty),
    fees_minor: minor(account.balances.fees),
    minimum_due_minor: account.minimumPaymentDue === null ? null : minor(account.minimumPaymentDue),
    credit_limit_minor: account.creditLimit === null ? null : minor(account.creditLimit),
    debt_group_id: account.debtGroupId,
    optional_facts: JSON.stringify(optionalFactsOf(account)),
    content: JSON.stringify(content),
    content_hash: fingerprint(content),
    import_id: importId,
    at: now.toString(),
  };
}

function optionalFactsOf(account: AccountInput): OptionalFacts {
  const {
    dailyRate,
    instalmentBalance,
    cashAdvanceBalance,
    penaltyRule,
    graceDays,
    graceAmount,
    inCollectionProcedures,
    genuineCard,
  } = account;
  const facts = {
    dailyRate,
    instalmentBalance,
    cashAdvanceBalance,
    penaltyRule,
    graceDays,
    graceAmount,
    inCollectionProcedures,
    genuineCard,
  };
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== null));
}
