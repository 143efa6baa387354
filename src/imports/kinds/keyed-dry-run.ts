import type { Trx } from '../../db/database.ts';
import { addMet, findMet, metKey } from '../met.ts';
import type { WaveContext } from '../wave.ts';
import type { Fate } from './fate.ts';
import type { NumberedRow } from './kind.ts';

export interface KeyedPlan<Row> {
  readonly keyOf: (row: Row) => string;
  /** What would become of rows, if nothing but what is on file had come before. */
  readonly plan: (rows: readonly Row[]) => Promise<readonly Fate[]>;
  /** What becomes of a row that says something else than an earlier one of its key. */
  readonly afterOther: (fate: Fate) => Fate;
}

/** A dry run of rows that each write one thing: of its file it keeps what was said last of each of them. */
export async function dryRunKeyed<Row>(
  trx: Trx,
  { vault, importId }: WaveContext,
  wave: readonly NumberedRow<Row>[],
  { keyOf, plan, afterOther }: KeyedPlan<Row>,
): Promise<readonly Fate[]> {
  const keyed = wave.map(({ row, imported }) => ({
    row,
    imported,
    key: metKey(vault, 'key', keyOf(imported)),
    value: metKey(vault, 'said', JSON.stringify(imported)),
  }));
  const met = await findMet(
    trx,
    importId,
    keyed.map(({ key }) => key),
  );
  const earlierOf = ({ key }: { key: Buffer }) => met.get(key.toString('hex'));
  const fresh = keyed.filter((one) => earlierOf(one)?.value?.equals(one.value) !== true);
  const planned = await plan(fresh.map(({ imported }) => imported));
  const fates = new Map(
    fresh.map((one, index) => {
      const fate = planned[index]!;
      return [one.row, earlierOf(one) && fate.kind !== 'refused' ? afterOther(fate) : fate];
    }),
  );
  await addMet(
    trx,
    importId,
    fresh.filter(({ row }) => fates.get(row)!.kind !== 'refused'),
  );
  return keyed.map((one) => fates.get(one.row) ?? { kind: 'known', of: { row: earlierOf(one)!.row } });
}
