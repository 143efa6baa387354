import type { FieldError } from '../errors.ts';
import { fingerprint } from '../fingerprint.ts';
import { currencyDecimals, fromMinor, toMinor } from '../rules/money/money.ts';
import { identityDifference } from '../rules/money/statement.ts';
import { wireInstant } from '../validation.ts';
import type { StatementRecord, StatementState } from './repository.ts';
import type { Statement, StatementInput } from './schemas.ts';

/** From what was sent to what is written, and back; single requests and imports go the same way. */

export interface StatementOf {
  readonly customerId: string;
  readonly accountId: string;
  readonly statementOn: string;
  /** The account's. */
  readonly currency: string;
}

/** Makes the record of a statement, or lists, in the order of the body, what has the right shape and no valid meaning. */
export function statementRecord(
  of: StatementOf,
  input: StatementInput,
  by: { readonly clientId: string; readonly importId: string | null; readonly now: Temporal.Instant },
): { readonly record: StatementRecord; readonly errors: readonly FieldError[] } {
  const errors: FieldError[] = [];
  const { currency } = of;
  const minor = (name: keyof StatementInput): bigint => {
    const value = toMinor(input[name]!, currency);
    const message = `${currency} has ${currencyDecimals(currency)} decimals; nothing is rounded.`;
    if (value === null) errors.push({ pointer: `/${name}`, code: 'TOO_PRECISE', message });
    return value ?? 0n;
  };
  const amounts = {
    previous_balance_minor: minor('previousBalance'),
    payments_total_minor: minor('paymentsTotal'),
    new_charges_minor: minor('newCharges'),
    adjustments_minor: minor('adjustments'),
    interest_minor: minor('interest'),
    statement_balance_minor: minor('statementBalance'),
    minimum_due_minor: minor('minimumDue'),
    credit_limit_minor: input.creditLimit === null ? null : minor('creditLimit'),
  };
  if (input.dueOn < of.statementOn)
    errors.push({ pointer: '/dueOn', code: 'OUT_OF_ORDER', message: 'The due date is before the statement day.' });
  const content = { ...amounts, currency, due_on: input.dueOn };
  const written = Object.entries(content).map(([name, value]) => [name, value === null ? null : String(value)]);
  const record: StatementRecord = {
    ...content,
    customer_id: of.customerId,
    account_id: of.accountId,
    statement_on: of.statementOn,
    content_hash: fingerprint(Object.fromEntries(written)),
    import_id: by.importId,
    client_id: by.clientId,
    recorded_at: by.now.toString(),
  };
  return { record, errors };
}

/** How much the balance of a statement is above what its parts make; 0n when it adds up. */
export function differenceOf(
  row: Omit<StatementRecord, 'import_id' | 'client_id' | 'content_hash' | 'recorded_at'>,
): bigint {
  return identityDifference({
    previousBalanceMinor: row.previous_balance_minor,
    paymentsTotalMinor: row.payments_total_minor,
    newChargesMinor: row.new_charges_minor,
    adjustmentsMinor: row.adjustments_minor,
    interestMinor: row.interest_minor,
    statementBalanceMinor: row.statement_balance_minor,
  });
}

/** A statement with its two checks: against its own parts, and against the statement before. */
export function statementOf(row: StatementState): Statement {
  const amount = (minor: bigint) => fromMinor(minor, row.currency);
  const difference = differenceOf(row);
  const gap = row.before_balance_minor === null ? null : row.previous_balance_minor - row.before_balance_minor;
  return {
    accountId: row.account_id,
    customerId: row.customer_id,
    statementOn: row.statement_on,
    currency: row.currency,
    previousBalance: amount(row.previous_balance_minor),
    paymentsTotal: amount(row.payments_total_minor),
    newCharges: amount(row.new_charges_minor),
    adjustments: amount(row.adjustments_minor),
    interest: amount(row.interest_minor),
    statementBalance: amount(row.statement_balance_minor),
    minimumDue: amount(row.minimum_due_minor),
    dueOn: row.due_on,
    creditLimit: row.credit_limit_minor === null ? null : amount(row.credit_limit_minor),
    identity: { holds: difference === 0n, difference: amount(difference) },
    continuity:
      gap === null ? null : { previousStatementOn: row.before_on!, holds: gap === 0n, difference: amount(gap) },
    version: row.version,
    recordedAt: wireInstant(row.recorded_at),
  };
}
