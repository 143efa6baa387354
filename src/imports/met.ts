import { sql } from 'kysely';
import type { Db, Trx } from '../db/database.ts';
import type { Vault } from '../personal-data.ts';

/** A dry run writes nothing of a row, so what it has met in its file is kept apart, under keyed hashes. */

export interface Met {
  readonly row: number;
  readonly value: Buffer | null;
}

export function metKey(vault: Vault, kind: string, text: string): Buffer {
  return vault.index('customer', `dry-run/${kind}/${text}`);
}

/** What was met of these keys, by their hexadecimal digits. */
export async function findMet(trx: Trx, importId: string, keys: readonly Buffer[]): Promise<Map<string, Met>> {
  const { rows } = await sql<{ key: Buffer; row_no: bigint; value: Buffer | null }>`
    SELECT key, row_no, value FROM import_dry_run_keys
     WHERE import_id = ${importId} AND key = ANY(${keys}::bytea[])`.execute(trx);
  return new Map(rows.map(({ key, row_no, value }) => [key.toString('hex'), { row: Number(row_no), value }]));
}

/** The last one of a key counts. */
export async function addMet(
  trx: Trx,
  importId: string,
  met: readonly (Met & { readonly key: Buffer })[],
): Promise<void> {
  const last = [...new Map(met.map((one) => [one.key.toString('hex'), one])).values()];
  await sql`
    INSERT INTO import_dry_run_keys (import_id, key, row_no, value)
    SELECT ${importId}, * FROM unnest(${last.map(({ key }) => key)}::bytea[], ${last.map(({ row }) => row)}::bigint[],
                                      ${last.map(({ value }) => value)}::bytea[])
    ON CONFLICT (import_id, key) DO UPDATE SET row_no = excluded.row_no, value = excluded.value`.execute(trx);
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
