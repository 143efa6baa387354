import { dryRunWave } from '../dry-run.ts';
import type { ImportedRow } from '../mapping.ts';
import { applyWave, createPreparation } from '../wave.ts';
import type { RecordKind } from './kind.ts';

/** A customer and one account. Customers and accounts are written together. */
export function accountKind(): RecordKind<ImportedRow> {
  const prepared = createPreparation();
  return {
    keysOf: ({ customer, account }) => [
      [`account/${account.accountId}`, null],
      [`customer/${customer.customerId}`, customer],
    ],
    prepare: (context, row) => prepared.prepare(context, row),
    applyWave: (trx, context, rows) => applyWave(trx, { ...context, prepared }, rows),
    dryRunWave,
  };
}
