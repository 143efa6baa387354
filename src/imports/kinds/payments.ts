import { lockAccountRows } from '../../accounts/repository.ts';
import type { Trx } from '../../db/database.ts';
import { comparePayments, paymentRecord, writePayments } from '../../payments/record.ts';
import type { NewPaymentRow } from '../../payments/repository.ts';
import { toMinor } from '../../rules/money/money.ts';
import type { ImportedPayment } from '../mapping.ts';
import type { WaveContext } from '../wave.ts';
import { majorText } from './amounts.ts';
import { type Fate, isFate, refused } from './fate.ts';
import { dryRunKeyed } from './keyed-dry-run.ts';
import type { RecordKind } from './kind.ts';

/**
 * Payments, each for one account. An id that is on file with other content is refused. Unlike REST, which tells of each
 * payment, a file tells of accounts that it cures or makes past due, and of its own end.
 */
export function paymentKind(): RecordKind<ImportedPayment> {
  return {
    keysOf: (row) => [[keyOf(row), null]],
    applyWave: async (trx, context, rows) => {
      const { fates, records } = await planWave(trx, context, rows);
      await writePayments(trx, context.policy, records, context.now);
      return fates;
    },
    dryRunWave: (trx, context, wave) =>
      dryRunKeyed(trx, context, wave, {
        keyOf,
        plan: async (rows) => (await planWave(trx, context, rows)).fates,
        afterOther: () => CONFLICT,
      }),
  };
}

const keyOf = ({ accountId, paymentId }: ImportedPayment) => `payment/${accountId}/${paymentId}`;

const CONFLICT = refused('payment.paymentId', 'PAYMENT_CONFLICT');

/** Locks the accounts, and says of each payment what becomes of it, and which are to be written. */
async function planWave(
  trx: Trx,
  { clientId, importId, now }: WaveContext,
  rows: readonly ImportedPayment[],
): Promise<{ readonly fates: readonly Fate[]; readonly records: readonly NewPaymentRow[] }> {
  const ids = rows.map(({ accountId }) => accountId);
  const accounts = new Map((await lockAccountRows(trx, ids)).map((account) => [account.accountId, account]));
  const made = rows.map((row): NewPaymentRow | Fate => {
    const account = accounts.get(row.accountId);
    if (account === undefined) return refused('payment.accountId', 'ACCOUNT_UNKNOWN');
    const amountMinor = toMinor(majorText(row.amount, account.currency), account.currency);
    return amountMinor === null
      ? refused('payment.amount', 'TOO_PRECISE')
      : paymentRecord(account, { ...row, amountMinor }, { clientId, importId, now });
  });
  const records = made.flatMap((one) => (isFate(one) ? [] : [one]));
  const onFile = new Map((await comparePayments(trx, records)).map((one, index) => [records[index]!, one]));
  const isNew = (record: NewPaymentRow) => onFile.get(record)!.is === 'new';
  const fates = made.map((one): Fate => {
    if (isFate(one)) return one;
    const { is, importId } = onFile.get(one)!;
    if (is === 'other') return CONFLICT;
    return is === 'new' ? { kind: 'new' } : { kind: 'known', of: { asOf: null, importId } };
  });
  return { fates, records: records.filter(isNew) };
}
