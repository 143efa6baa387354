import type { Trx } from '../db/database.ts';
import type { Fate } from './kinds/fate.ts';
import type { ImportedRow } from './mapping.ts';
import { addMet, findMet, metKey } from './met.ts';
import { OF_OTHER_CUSTOMER, planWave, type WaveContext } from './wave.ts';

/** A dry run of accounts keeps of its file the rows, the customer of each account, and the contents of customers. */

interface WaveRow {
  readonly row: number;
  readonly imported: ImportedRow;
}

/** What would become of these rows, after the earlier ones of the file. Writes nothing but what was met. */
export async function dryRunWave(trx: Trx, context: WaveContext, wave: readonly WaveRow[]): Promise<readonly Fate[]> {
  const hash = (kind: string, text: string) => metKey(context.vault, kind, text);
  const keyed = wave.map(({ row, imported }) => ({
    row,
    imported,
    key: hash('row', JSON.stringify(imported)),
    account: hash('account', imported.account.accountId),
    owner: hash('owner', imported.customer.customerId),
    customer: hash('customer', JSON.stringify(imported.customer)),
  }));
  const met = await findMet(
    trx,
    context.importId,
    keyed.flatMap(({ key, account, customer }) => [key, account, customer]),
  );
  const at = (key: Buffer) => met.get(key.toString('hex'));
  const fresh = keyed.filter(({ key }) => at(key) === undefined);
  const unchanged = new Set(
    fresh.filter(({ customer }) => at(customer)).map(({ imported }) => imported.customer.customerId),
  );
  const own = fresh.filter(({ account, owner }) => at(account)?.value?.equals(owner) !== false);
  const plan = await planWave(
    trx,
    context,
    own.map(({ imported }) => imported),
    unchanged,
  );
  const fates = new Map(own.map(({ row }, index) => [row, plan.fates[index]!]));
  const applied = own.filter(({ row }) => fates.get(row)!.kind !== 'refused');
  await addMet(
    trx,
    context.importId,
    applied.flatMap(({ row, key, account, owner, customer }) => [
      { key, row, value: null },
      { key: account, row, value: owner },
      { key: customer, row, value: null },
    ]),
  );
  return keyed.map(({ row, key }): Fate => {
    const earlier = at(key);
    if (earlier) return { kind: 'known', of: { row: earlier.row } };
    return fates.get(row) ?? OF_OTHER_CUSTOMER;
  });
}
