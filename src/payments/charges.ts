import { findAccount, type StoredAccount } from '../accounts/repository.ts';
import { type Ctx, requireScope } from '../context.ts';
import { AppError } from '../errors.ts';
import { fingerprint } from '../fingerprint.ts';
import type { Kind } from '../rules/ledger/components.ts';
import { fromMinor } from '../rules/money/money.ts';
import { wireInstant } from '../validation.ts';
import { standingAnswer } from './answer.ts';
import { bankDayAt } from './derive.ts';
import { type ChargeRow, findCharge, findRateChange, insertCharge, insertRateChange } from './repository.ts';
import type { Charge, NewCharge, NewRateChange, RateChange } from './schemas.ts';
import { checkedPosting, lockedAccount, type Recorded } from './service.ts';
import { keyOf, settleAccounts } from './settle.ts';

/** Purchases, fees, adjustments, waivers and changes of the rate: what moves an account beside payments. */

const COMPONENT_OF: Readonly<Partial<Record<NewCharge['kind'], Kind>>> = {
  purchase: 'retail',
  cash_advance: 'cash_advance',
  annual_fee: 'annual_fee',
  cash_fee: 'cash_fee',
  other_fee: 'other_fee',
  instalment_due: 'instalment',
};

/**
 * Records a charge, or what takes off from one, in its place in time. Throws NOT_FOUND, CHARGE_CONFLICT for the same id with
 * other content, and UNPROCESSABLE.
 */
export async function recordCharge(ctx: Ctx, accountId: string, input: NewCharge): Promise<Recorded<Charge>> {
  requireScope(ctx, 'accounts:write');
  return ctx.db.transaction().execute(async (trx) => {
    const account = await lockedAccount(trx, accountId);
    const size = checkedPosting(ctx, input, account.currency);
    const { chargeId, kind, direction, postedOn } = input;
    const component = input.component ?? COMPONENT_OF[kind]!;
    const amountMinor = kind === 'waiver' || direction === 'down' ? -size : size;
    const print = fingerprint({ kind, component, amountMinor: amountMinor.toString(), postedOn });
    const earlier = await findCharge(trx, keyOf(account), chargeId);
    if (earlier && !earlier.fingerprint.equals(print))
      throw new AppError('CHARGE_CONFLICT', 'This charge was recorded with other content.');
    if (!earlier) {
      await insertCharge(trx, {
        customer_id: account.customerId,
        account_id: accountId,
        charge_id: chargeId,
        kind,
        amount_minor: amountMinor,
        posted_on: postedOn,
        details: JSON.stringify({ component }),
        fingerprint: print,
        client_id: ctx.caller.clientId,
        recorded_at: ctx.now.toString(),
      });
      await settleAccounts(trx, ctx.policy, [keyOf(account)], ctx.now);
    }
    const row = (await findCharge(trx, keyOf(account), chargeId))!;
    const answer = chargeOf(row, (await findAccount(trx, accountId))!, bankDayAt(ctx.policy, ctx.now));
    return { answer, created: earlier === undefined };
  });
}

function chargeOf(row: ChargeRow, account: StoredAccount, day: number): Charge {
  return {
    chargeId: row.charge_id,
    accountId: row.account_id,
    customerId: row.customer_id,
    currency: account.currency,
    kind: row.kind as Charge['kind'],
    component: row.details.component as Kind,
    amount: fromMinor(row.amount_minor, account.currency),
    postedOn: row.posted_on,
    recordedAt: wireInstant(row.recorded_at),
    ...standingAnswer(account, day),
  };
}

/**
 * Records the rate of an account from a day on, also one gone by or to come. Throws NOT_FOUND and CHARGE_CONFLICT for the
 * same id with other content.
 */
export async function recordRateChange(
  ctx: Ctx,
  accountId: string,
  input: NewRateChange,
): Promise<Recorded<RateChange>> {
  requireScope(ctx, 'accounts:write');
  return ctx.db.transaction().execute(async (trx) => {
    const account = await lockedAccount(trx, accountId);
    const { changeId, from, annualRate, dailyRate } = input;
    const print = fingerprint({ from, annualRate, dailyRate });
    const earlier = await findRateChange(trx, keyOf(account), changeId);
    if (earlier && !earlier.fingerprint.equals(print))
      throw new AppError('CHARGE_CONFLICT', 'This change of the rate was recorded with other content.');
    if (!earlier) {
      await insertRateChange(trx, {
        customer_id: account.customerId,
        account_id: accountId,
        change_id: changeId,
        effective_from: from,
        annual_rate: annualRate,
        daily_rate: dailyRate,
        fingerprint: print,
        client_id: ctx.caller.clientId,
        recorded_at: ctx.now.toString(),
      });
      await settleAccounts(trx, ctx.policy, [keyOf(account)], ctx.now);
    }
    const row = (await findRateChange(trx, keyOf(account), changeId))!;
    const answer = {
      changeId,
      accountId,
      customerId: account.customerId,
      from: row.effective_from,
      annualRate: row.annual_rate,
      dailyRate: row.daily_rate,
      recordedAt: wireInstant(row.recorded_at),
    };
    return { answer, created: earlier === undefined };
  });
}
