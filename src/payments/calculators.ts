import { type Ctx, requireScope } from '../context.ts';
import type { FieldError } from '../errors.ts';
import { unprocessableFields } from '../errors.ts';
import { interestOfSegments } from '../rules/ledger/interest.ts';
import { penaltyOf } from '../rules/ledger/penalty.ts';
import { currencyDecimals, fromMinor, scaledRate, toMinor } from '../rules/money/money.ts';
import type { InterestCalculationInput, PenaltyCalculationInput } from './schemas.ts';

/** Interest and penalty of given figures, without an account. */

/** Σ balance × days × daily rate, rounded half-up once. Throws UNPROCESSABLE for amounts with too many decimals. */
export function calculateInterest(ctx: Ctx, input: InterestCalculationInput): { interest: string } {
  requireScope(ctx, 'repayment:read');
  const { segments, cap, currency, dailyRate } = input;
  const { minor, refuse } = amountsIn(currency);
  const balances = segments.map(({ balance, days }, index) => ({
    balanceMinor: minor(`/segments/${index}/balance`, balance),
    days,
  }));
  const capMinor = cap === null ? null : minor('/cap', cap);
  refuse();
  return { interest: fromMinor(interestOfSegments(balances, scaledRate(dailyRate), capMinor), currency) };
}

/** The penalty of one missed minimum payment; "0.00" when all of it was paid. Throws UNPROCESSABLE as above. */
export function calculatePenalty(ctx: Ctx, input: PenaltyCalculationInput): { penalty: string } {
  requireScope(ctx, 'repayment:read');
  const { rate, rateFromSecondMonth, consecutiveMissed, currency } = input;
  const { minor, refuse } = amountsIn(currency);
  const optional = (pointer: string, text: string | null) => (text === null ? null : minor(pointer, text));
  const unpaid = minor('/minimumDue', input.minimumDue) - minor('/paid', input.paid);
  const rule = {
    rate: scaledRate(rate),
    rateFromSecondMonth: rateFromSecondMonth === null ? null : scaledRate(rateFromSecondMonth),
    minimumMinor: optional('/minimum', input.minimum),
    capMinor: optional('/cap', input.cap),
  };
  refuse();
  return { penalty: fromMinor(penaltyOf(rule, unpaid, consecutiveMissed), currency) };
}

/** Amounts of a body in minor units; `refuse` throws when one of them was too precise. */
export function amountsIn(currency: string) {
  const errors: FieldError[] = [];
  return {
    minor: (pointer: string, text: string): bigint => {
      const isTooPrecise = (text.split('.')[1]?.length ?? 0) > currencyDecimals(currency);
      const minor = isTooPrecise ? null : toMinor(text, currency);
      if (minor !== null) return minor;
      const message = `${currency} has ${currencyDecimals(currency)} decimals; nothing is rounded.`;
      errors.push({ pointer, code: 'TOO_PRECISE', message });
      return 0n;
    },
    refuse: () => {
      if (errors.length > 0) throw unprocessableFields(errors);
    },
  };
}
