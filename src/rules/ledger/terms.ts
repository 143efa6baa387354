import { dateOfDay, dayOfDate } from '../time/zone.ts';
import type { AllocationRules } from './allocate.ts';
import type { Amounts } from './components.ts';
import type { Rate } from './interest.ts';
import type { PenaltyRule } from './penalty.ts';

/** What the core system said at some time: everything of the account before the day `day`. */
export interface Opening {
  /** First day whose facts are not in it. */
  readonly day: number;
  readonly balances: Amounts;
  /** A credit balance: what was paid too much. */
  readonly creditMinor: bigint;
  /** The due date that was missed. */
  readonly pastDueSince: number | null;
  /** What is left to pay of the minimum payment; null when it is not known. */
  readonly minimumDueMinor: bigint | null;
  readonly rate: Rate | null;
  /** Interest since the last statement that is not posted. */
  readonly accruedMinor: bigint;
}

/** How an account is billed, by its contract where it says so and by the pack where it does not. */
export interface Billing {
  /** 1 to 31; in a shorter month the last day. */
  readonly statementDay: number;
  readonly dueDays: number;
  /** False while statements are stopped: interest goes on, and nothing is posted, demanded or charged. */
  readonly statements: boolean;
  readonly compoundInterest: boolean;
  /** Share of the billed principal in the minimum payment, in 10⁻¹². */
  readonly principalRate: bigint;
  readonly floorMinor: bigint;
  readonly penalty: PenaltyRule | null;
}

export interface Terms {
  readonly allocation: AllocationRules;
  readonly graceDays: number;
  readonly graceAmountMinor: bigint;
  /** Null: only payments, charges and reversals move the balances. */
  readonly billing: Billing | null;
}

/** First statement day that is not before `day`. */
export function statementFrom(day: number, statementDay: number): number {
  const [year, month] = dateOfDay(day).split('-').map(Number) as [number, number];
  const inMonth = (no: number) => {
    const first = dayOfDate(`${year + Math.floor(no / 12)}-${String((no % 12) + 1).padStart(2, '0')}-01`);
    const last =
      dayOfDate(`${year + Math.floor((no + 1) / 12)}-${String(((no + 1) % 12) + 1).padStart(2, '0')}-01`) - 1;
    return Math.min(first + statementDay - 1, last);
  };
  const thisMonth = inMonth(month - 1);
  return thisMonth >= day ? thisMonth : inMonth(month);
}
