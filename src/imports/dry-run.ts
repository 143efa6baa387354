import { sql } from 'kysely';
import type { Db, Trx } from '../db/database.ts';
import type { ImportedRow } from './mapping.ts';
import { type Fate, planWave, type WaveContext } from './wave.ts';

/**
 * A dry run writes nothing of a row, so what it has met in its file is kept apart, as keyed hashes: rows, the customer of
 * each account, and the contents of customers.
 */

interface WaveRow {
  readonly row: number;
  readonly imported: ImportedRow;
}

interface Met {
  readonly row: number;
  readonly value: Buffer | null;
}

/** What would become of these rows, after the earlier ones of the file. Writes nothing but what was met. */
export async function dryRunWave(trx: Trx, context: WaveContext, wave: readonly WaveRow[]): Promise<readonly Fate[]> {
  const hash = (kind: string, text: string) => context.vault.index('customer', `dry-run/${kind}/${text}`);
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
  const at = (key: Buffer) => met.get(key.toString('base64'));
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
  const applied = own.filter(({ row }) => fates.get(row)!.kind !== 'other_customer');
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
    return fates.get(row) ?? { kind: 'other_customer' };
  });
}

async function findMet(trx: Trx, importId: string, keys: readonly Buffer[]): Promise<Map<string, Met>> {
  const { rows } = await sql<{ key: Buffer; row_no: bigint; value: Buffer | null }>`
    SELECT key, row_no, value FROM import_dry_run_keys
     WHERE import_id = ${importId} AND key = ANY(${keys}::bytea[])`.execute(trx);
  return new Map(rows.map(({ key, row_no, value }) => [key.toString('base64'), { row: Number(row_no), value }]));
}

async function addMet(trx: Trx, importId: string, met: readonly (Met & { readonly key: Buffer })[]): Promise<void> {
  await sql`
    INSERT INTO import_dry_run_keys (import_id, key, row_no, value)
    SELECT ${importId}, * FROM unnest(${met.map(({ key }) => key)}::bytea[], ${met.map(({ row }) => row)}::bigint[],
                                      ${met.map(({ value }) => value)}::bytea[])
    ON CONFLICT DO NOTHING`.execute(trx);
}

/** Drops what a dry run has met, a part per statement, so that none takes long. */
export async function dropMet(db: Db, importId: string): Promise<void> {
  for (;;) {
    const { numAffectedRows } = await sql`
      DELETE FROM import_dry_run_keys WHERE import_id = ${importId}
         AND key IN (SELECT key FROM import_dry_run_keys WHERE import_id = ${importId} LIMIT 20000)`.execute(db);
    if (!numAffectedRows) return;
  }
}
