import { lesser } from '../money/money.ts';

/** What a step pays: minimum payments that were missed, those that are due, and all that is owed. */
export const DISTRIBUTION_STEPS = ['past_due', 'due', 'balance'] as const;
export type DistributionStep = (typeof DISTRIBUTION_STEPS)[number];

export interface Debt {
  readonly accountId: string;
  /** Day of the due date that was missed. */
  readonly pastDueSince: number | null;
  /** Null: all that is owed is the minimum of an account that is past due, and nothing of another. */
  readonly minimumDueMinor: bigint | null;
  readonly owedMinor: bigint;
}

/**
 * Spreads one payment over several accounts, step by step, in each step the account that is past due longest first and
 * equals by their ids. What is over goes to the first of them. The parts sum to the amount; accounts without one are left
 * out. Expects at least one account.
 */
export function distribute(
  debts: readonly Debt[],
  amountMinor: bigint,
  order: readonly DistributionStep[],
): Map<string, bigint> {
  const since = (debt: Debt) => debt.pastDueSince ?? Number.POSITIVE_INFINITY;
  const sorted = debts.toSorted((a, b) =>
    since(a) === since(b) ? (a.accountId < b.accountId ? -1 : 1) : since(a) - since(b),
  );
  const parts = new Map<string, bigint>();
  let rest = amountMinor;
  const give = (accountId: string, wanted: bigint) => {
    const part = lesser(wanted, rest);
    if (part <= 0n) return;
    parts.set(accountId, (parts.get(accountId) ?? 0n) + part);
    rest -= part;
  };
  for (const step of order)
    for (const debt of sorted) give(debt.accountId, wantedBy(debt, step) - (parts.get(debt.accountId) ?? 0n));
  give(sorted[0]!.accountId, rest);
  return parts;
}

function wantedBy({ pastDueSince, minimumDueMinor, owedMinor }: Debt, step: DistributionStep): bigint {
  if (step === 'balance') return owedMinor;
  if (step === 'past_due' && pastDueSince === null) return 0n;
  const minimum = minimumDueMinor ?? (pastDueSince === null ? 0n : owedMinor);
  return lesser(minimum, owedMinor);
}
