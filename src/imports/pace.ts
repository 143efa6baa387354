import type { Services } from '../context.ts';
import type { NewEvent } from '../webhooks/events.ts';
import type { BatchTotals, ImportRow } from './repository.ts';

/** How fast an import goes on, and when to tell of it. */

const EVERY_PERCENT = 10;
const EVERY_MS = 10_000;
/** Over which the rate is measured. */
const WINDOW_MS = 15_000;

export interface Step {
  /** Rows a second of late; null while no time has passed. */
  readonly rowsPerSecond: number | null;
  /** What to tell; null when there is nothing new. */
  readonly percent: number | null;
}

/** Takes the number of rows read so far, and says how it goes. */
export type Pace = (rowsRead: number) => Step;

/** A resumed import is measured anew, and tells what is new since. */
export function createPace(rowsTotal: number, rowsBefore: number, clock: Services['clock']): Pace {
  const now = () => clock().epochMilliseconds;
  const samples = [{ at: now(), rows: rowsBefore }];
  const percentOf = (rows: number) => (rowsTotal === 0 ? 100 : Math.floor((rows * 100) / rowsTotal));
  let told = { at: now(), percent: percentOf(rowsBefore) };
  return (rowsRead) => {
    const at = now();
    samples.push({ at, rows: rowsRead });
    while (samples.length > 2 && samples[1]!.at < at - WINDOW_MS) samples.shift();
    const [first] = samples;
    const ms = at - first!.at;
    const rowsPerSecond = ms > 0 ? Math.max(1, Math.round(((rowsRead - first!.rows) * 1000) / ms)) : null;
    const percent = percentOf(rowsRead);
    const isNews = Math.floor(percent / EVERY_PERCENT) > Math.floor(told.percent / EVERY_PERCENT);
    // The last rows are told by the end.
    if (!isNews || at - told.at < EVERY_MS || rowsRead >= rowsTotal) return { rowsPerSecond, percent: null };
    told = { at, percent };
    return { rowsPerSecond, percent };
  };
}

export function progressEvent(before: ImportRow, batch: BatchTotals, percent: number): NewEvent {
  const sum = (stored: bigint, added: number) => Number(stored) + added;
  const importId = before.import_id;
  return {
    type: 'import.progress',
    key: importId,
    data: {
      importId,
      percent,
      rowsRead: sum(before.rows_read, batch.rowsRead),
      rowsTotal: Number(before.rows_total),
      accepted: sum(before.accepted, batch.accepted),
      duplicates: sum(before.duplicates, batch.duplicates),
      quarantined: sum(before.quarantined, batch.quarantined),
    },
  };
}
