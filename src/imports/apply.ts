import type { Trx } from '../db/database.ts';
import { maskCell } from './cells.ts';
import type { KeptCells } from './kept-cells.ts';
import type { Fate } from './kinds/fate.ts';
import type { RecordKind } from './kinds/kind.ts';
import type { GoodRow, Imported, Mapping, RowProblem, RowResult, RowWarning } from './mapping.ts';
import type { Origin } from './on-file.ts';
import type { BatchTotals } from './repository.ts';
import type { RowDetails, RowOutcome } from './schemas.ts';
import type { WaveContext } from './wave.ts';

export interface BatchRow {
  readonly row: number;
  readonly result: RowResult;
  /** The cells by their columns, as far as they may be kept. */
  readonly cells: () => KeptCells;
}

/** What became of a row. */
export interface AppliedRow {
  readonly row: number;
  readonly outcome: RowOutcome;
  readonly details: RowDetails;
  readonly problems: readonly RowProblem[];
  /** Of a quarantined row. */
  readonly cells: KeptCells | null;
}

export interface BatchOutcome {
  readonly totals: BatchTotals;
  /** Rows that were not simply applied, in the order of the file. */
  readonly rows: readonly AppliedRow[];
}

/** Rows of a batch that say the same; only the first of them can change something. */
interface Group {
  readonly rows: readonly BatchRow[];
  readonly imported: Imported;
}

export interface ApplyContext extends WaveContext {
  /** Everything is told, and nothing is written. */
  readonly dryRun: boolean;
  readonly kind: RecordKind<Imported>;
  readonly columnOf: Mapping['columnOf'];
}

/** Applies a batch of rows in a few statements and says what became of each of them. */
export async function applyBatch(
  trx: Trx,
  context: ApplyContext,
  batch: readonly BatchRow[],
): Promise<BatchOutcome & { readonly all: readonly AppliedRow[] }> {
  const all: AppliedRow[] = batch.flatMap((row) =>
    'problems' in row.result ? [quarantined(row, row.result.problems)] : [],
  );
  const { kind } = context;
  for (const wave of waves(kind, groupEqual(kind, batch))) {
    const fates = context.dryRun
      ? await kind.dryRunWave(trx, context, wave.map(numberedRow))
      : await kind.applyWave(
          trx,
          context,
          wave.map(({ imported }) => imported),
        );
    for (const [index, group] of wave.entries()) all.push(...outcomesOf(context, group, fates[index]!));
  }
  all.sort((a, b) => a.row - b.row);
  const totals = { rowsRead: batch.length, accepted: 0, corrected: 0, duplicates: 0, quarantined: 0 };
  for (const { outcome } of all) {
    if (outcome === 'duplicate') totals.duplicates += 1;
    else if (outcome === 'quarantined') totals.quarantined += 1;
    else totals.accepted += 1;
    if (outcome === 'corrected') totals.corrected += 1;
  }
  return {
    totals,
    all,
    rows: all.filter(({ outcome, details }) => outcome !== 'accepted' || details.warnings !== undefined),
  };
}

function groupEqual(kind: RecordKind<Imported>, batch: readonly BatchRow[]): Group[] {
  const groups: { rows: BatchRow[]; imported: Imported }[] = [];
  const byContent = new Map<string, (typeof groups)[number]>();
  const contents = new Map<string, string>();
  for (const row of batch) {
    if ('problems' in row.result) continue;
    const { imported } = row.result;
    const content = JSON.stringify(imported);
    const group = byContent.get(content);
    if (group) {
      group.rows.push(row);
      continue;
    }
    const made = { rows: [row], imported };
    groups.push(made);
    byContent.set(content, made);
    // What another row has replaced is no repeat when it comes again.
    for (const [key, said] of kind.keysOf(imported)) {
      const before = said === null ? contents.get(key) : undefined;
      if (before !== undefined) byContent.delete(before);
      if (said === null) contents.set(key, content);
    }
  }
  return groups;
}

/** Splits rows, in their order, so that no two of a wave write one thing. */
function waves(kind: RecordKind<Imported>, groups: readonly Group[]): Group[][] {
  const result: Group[][] = [];
  let written = new Map<string, object | null>();
  for (const group of groups) {
    const keys = kind.keysOf(group.imported);
    const clashes = ([key, said]: (typeof keys)[number]) => {
      const other = written.get(key);
      return other !== undefined && (said === null || JSON.stringify(other) !== JSON.stringify(said));
    };
    if (result.length === 0 || keys.some(clashes)) {
      result.push([]);
      written = new Map();
    }
    result.at(-1)!.push(group);
    for (const [key, said] of keys) written.set(key, said);
  }
  return result;
}

const numberedRow = ({ rows, imported }: Group) => ({ row: rows[0]!.row, imported });

function quarantined({ row, cells }: BatchRow, problems: readonly RowProblem[]): AppliedRow {
  return { row, outcome: 'quarantined', details: {}, problems, cells: cells() };
}

function outcomesOf({ columnOf }: ApplyContext, { rows }: Group, fate: Fate): AppliedRow[] {
  const first = rows[0]!;
  if (fate.kind === 'refused')
    return rows.map((row) => {
      const cells = row.cells();
      const problems = fate.problems.map(({ field, code }) => {
        const column = columnOf(field);
        return { column, code, maskedValue: maskCell(cells[column] ?? '') };
      });
      return quarantined(row, problems);
    });
  const repeats = rows.slice(1).map((row) => duplicate(row.row, { row: first.row }));
  if (fate.kind === 'known') return [duplicate(first.row, fate.of), ...repeats];
  const { corrections, warnings: read } = first.result as GoodRow;
  const warnings = [
    ...read,
    ...(fate.warnings ?? []).map(({ field, code }): RowWarning => ({ column: columnOf(field), code })),
  ];
  const details = {
    ...(corrections.length > 0 && { corrections }),
    ...(warnings.length > 0 && { warnings }),
  };
  const outcome = corrections.length > 0 ? 'corrected' : 'accepted';
  return [{ row: first.row, outcome, details, problems: [], cells: null }, ...repeats];
}

function duplicate(row: number, duplicateOf: Origin | { readonly row: number }): AppliedRow {
  return { row, outcome: 'duplicate', details: { duplicateOf }, problems: [], cells: null };
}
