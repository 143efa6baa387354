import type { Trx } from '../../db/database.ts';
import type { WaveContext } from '../wave.ts';
import type { Fate } from './fate.ts';

/**
 * What the rows of a file are, and how they are written: accounts, payments, statements. One for the work on one import.
 * Its methods take rows of the kind that the file's mapping makes, and only those.
 */
export interface RecordKind<Row> {
  /**
   * What a row writes, by keys. Two rows with a key in common are never written together, unless what they say of it is
   * equal; null: whatever they say.
   */
  keysOf(row: Row): readonly (readonly [key: string, said: object | null])[];
  /** Makes ready ahead of its turn what a row will need. */
  prepare?(context: WaveContext, row: Row): void;
  /** Writes rows in a few statements, and says what became of each. */
  applyWave(trx: Trx, context: WaveContext, rows: readonly Row[]): Promise<readonly Fate[]>;
  /** What would become of rows, after the earlier ones of the file. Writes nothing but what it has met. */
  dryRunWave(trx: Trx, context: WaveContext, wave: readonly NumberedRow<Row>[]): Promise<readonly Fate[]>;
}

export interface NumberedRow<Row> {
  readonly row: number;
  readonly imported: Row;
}
