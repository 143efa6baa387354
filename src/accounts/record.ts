import type { FieldError } from '../errors.ts';
import { fingerprint } from '../fingerprint.ts';
import { amountsOf, GROUPS, grouped } from '../rules/ledger/components.ts';
import { currencyDecimals, fromMinor, toMinor } from '../rules/money/money.ts';
import type { AccountRecord, OptionalFacts } from './repository.ts';
import { type AccountInput, OPTIONAL_FACTS } from './schemas.ts';

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
  const asOfDate = asOf.toZonedDateTimeISO(zone).toPlainDate().toString();
  if (Temporal.Instant.compare(asOf, now.add({ hours: 24 })) > 0) {
    errors.push({
      pointer: '/asOf',
      code: 'IN_THE_FUTURE',
      message: 'A state cannot be more than a day in the future.',
    });
  }
  if (input.pastDueSince !== null && input.pastDueSince > asOfDate) {
    errors.push({
      pointer: '/pastDueSince',
      code: 'OUT_OF_ORDER',
      message: 'The missed due date must not be after asOf.',
    });
  }
  if (input.annualRate !== null && input.dailyRate !== null) {
    errors.push({ pointer: '/dailyRate', code: 'INVALID_VALUE', message: 'Send annualRate or dailyRate, not both.' });
  }
  const { balances, penaltyRule, minimumPaymentRule, balanceParts } = input;
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
    minimumPaymentRule: minimumPaymentRule && {
      ...minimumPaymentRule,
      floor: amount('/minimumPaymentRule/floor', minimumPaymentRule.floor),
    },
    accruedInterest: optional('/accruedInterest', input.accruedInterest),
    balanceParts:
      balanceParts?.map((part, index) => ({ ...part, amount: amount(`/balanceParts/${index}/amount`, part.amount) })) ??
      null,
  };
  errors.push(...billingErrors(account, asOfDate), ...(errors.length > 0 ? [] : partErrors(account)));
  return { account, errors };
}

function billingErrors({ statementDay, dueDays, paymentsThrough }: AccountInput, asOfDate: string): FieldError[] {
  const errors: FieldError[] = [];
  if ((statementDay === null) !== (dueDays === null)) {
    const pointer = statementDay === null ? '/statementDay' : '/dueDays';
    errors.push({
      pointer,
      code: 'REQUIRED',
      message: 'statementDay and dueDays say together how an account is billed.',
    });
  }
  if (paymentsThrough !== null && paymentsThrough > asOfDate)
    errors.push({ pointer: '/paymentsThrough', code: 'OUT_OF_ORDER', message: 'Must not be after asOf.' });
  return errors;
}

/** Components that do not sum to the balances; a principal that is a credit has none. Expects amounts of the currency. */
function partErrors({ balanceParts, balances, currency }: AccountInput): FieldError[] {
  if (balanceParts === null) return [];
  const sums = grouped(
    amountsOf(balanceParts.map(({ amount, ...part }) => ({ ...part, amountMinor: toMinor(amount, currency)! }))),
  );
  return GROUPS.flatMap((group) => {
    const balance = toMinor(balances[group], currency)!;
    if (sums[group] === (balance > 0n ? balance : 0n)) return [];
    const message = `The parts of ${group} sum to ${fromMinor(sums[group], currency)}, not to ${balances[group]}.`;
    return [{ pointer: '/balanceParts', code: 'INVALID_VALUE' as const, message }];
  });
}

/** Facts that the first release did not know are left out while they are unknown: a state repeated after it is a repeat. */
const LATER_FACTS = new Set<string>(OPTIONAL_FACTS.slice(OPTIONAL_FACTS.indexOf('statementDay')));

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
  const content: Record<string, unknown> = {};
  const optionalFacts: Record<string, unknown> = {};
  for (const name in account) {
    const value = account[name as keyof AccountInput];
    if (value !== null || !LATER_FACTS.has(name)) content[name] = value;
  }
  content.accountId = accountId;
  for (const name of OPTIONAL_FACTS) if (account[name] !== null) optionalFacts[name] = account[name];
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
    optional_facts: JSON.stringify(optionalFacts satisfies OptionalFacts),
    content: JSON.stringify(content),
    content_hash: fingerprint(content),
    bills: account.statementDay !== null,
    import_id: importId,
    at: now.toString(),
  };
}
