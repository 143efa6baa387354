/** A statement in minor units. A balance may be negative: the bank owes it. */
export interface StatementAmounts {
  readonly previousBalanceMinor: bigint;
  /** What was paid since the statement before, not negative. */
  readonly paymentsTotalMinor: bigint;
  readonly newChargesMinor: bigint;
  /** What was taken off, such as a refund; negative for what was put on. */
  readonly adjustmentsMinor: bigint;
  readonly interestMinor: bigint;
  readonly statementBalanceMinor: bigint;
}

/**
 * How much the balance of a statement is above what its parts make; 0n when it adds up. The identity of Chinese card
 * statements: 本期应还 = 上期账单 − 上期还款 + 本期账单 − 调整 + 循环利息.
 */
export function identityDifference(statement: StatementAmounts): bigint {
  const { previousBalanceMinor, paymentsTotalMinor, newChargesMinor, adjustmentsMinor, interestMinor } = statement;
  return (
    statement.statementBalanceMinor -
    (previousBalanceMinor - paymentsTotalMinor + newChargesMinor - adjustmentsMinor + interestMinor)
  );
}
