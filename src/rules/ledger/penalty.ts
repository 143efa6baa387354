import { RATE_SCALE, roundHalfUp } from '../money/money.ts';

/** What the contract charges for a missed minimum payment (违约金); rates in 10⁻¹². */
export interface PenaltyRule {
  readonly rate: bigint;
  /** Of the second and every further minimum missed in a row. */
  readonly rateFromSecondMonth: bigint | null;
  readonly minimumMinor: bigint | null;
  readonly capMinor: bigint | null;
}

/**
 * Penalty of one cycle: max(minimum, R(rate × unpaid)), at most the cap, R to the minor unit half-up; 0 when nothing is
 * unpaid. `missedInARow` counts this one, so 1 is a first miss. Source: 银发〔2016〕111号 (by agreement, bears no interest);
 * rates and minimum are the contract's, for example 5 %, 6 % from the second month in a row, at least 30 yuan.
 */
export function penaltyOf(rule: PenaltyRule, unpaidMinor: bigint, missedInARow: number): bigint {
  if (unpaidMinor <= 0n) return 0n;
  const rate = missedInARow >= 2 ? (rule.rateFromSecondMonth ?? rule.rate) : rule.rate;
  const share = roundHalfUp(unpaidMinor * rate, RATE_SCALE);
  const atLeast = rule.minimumMinor !== null && share < rule.minimumMinor ? rule.minimumMinor : share;
  return rule.capMinor !== null && atLeast > rule.capMinor ? rule.capMinor : atLeast;
}
