import type { Trx } from '../db/database.ts';
import { maskCell } from './cells.ts';
import { dryRunWave } from './dry-run.ts';
import type { KeptCells } from './kept-cells.ts';
import type { ImportedCustomer, ImportedRow, RowProblem, RowResult } from './mapping.ts';
import type { Origin } from './on-file.ts';
import type { BatchTotals } from './repository.ts';
import type { RowDetails, RowOutcome } from './schemas.ts';
import { applyWave, type Fate, type WaveContext } from './wave.ts';

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
  readonly imported: ImportedRow;
}

export interface ApplyContext extends WaveContext {
  /** Everything is told, and nothing is written. */
  readonly dryRun: boolean;
  /** The column that names the account. */
  readonly accountColumn: string;
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
  for (const wave of waves(groupEqual(batch))) {
    const fates = context.dryRun
      ? await dryRunWave(trx, context, wave.map(waveRow))
      : await applyWave(
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

function groupEqual(batch: readonly BatchRow[]): Group[] {
  const groups = new Map<string, { rows: BatchRow[]; imported: ImportedRow }>();
  for (const row of batch) {
    if ('problems' in row.result) continue;
    const { imported } = row.result;
    const content = JSON.stringify(imported);
    const group = groups.get(content);
    if (group) group.rows.push(row);
    else groups.set(content, { rows: [row], imported });
  }
  return [...groups.values()];
}

/** Splits rows, in their order, so that no statement meets an account twice or a customer with two different contents. */
function waves(groups: readonly Group[]): Group[][] {
  const result: Group[][] = [];
  let accounts = new Set<string>();
  let customers = new Map<string, ImportedCustomer>();
  for (const group of groups) {
    const { customer, account } = group.imported;
    const other = customers.get(customer.customerId);
    const differs = other !== undefined && JSON.stringify(other) !== JSON.stringify(customer);
    if (result.length === 0 || differs || accounts.has(account.accountId)) {
      result.push([]);
      accounts = new Set();
      customers = new Map();
    }
    result.at(-1)!.push(group);
    accounts.add(account.accountId);
    customers.set(customer.customerId, customer);
  }
  return result;
}

const waveRow = ({ rows, imported }: Group) => ({ row: rows[0]!.row, imported });

function quarantined({ row, cells }: BatchRow, problems: readonly RowProblem[]): AppliedRow {
  return { row, outcome: 'quarantined', details: {}, problems, cells: cells() };
}

function outcomesOf({ accountColumn: column }: ApplyContext, { rows, imported }: Group, fate: Fate): AppliedRow[] {
  const first = rows[0]!;
  if (fate.kind === 'other_customer') {
    const maskedValue = maskCell(imported.account.accountId);
    return rows.map((row) => quarantined(row, [{ column, code: 'ACCOUNT_OF_OTHER_CUSTOMER', maskedValue }]));
  }
  const repeats = rows.slice(1).map((row) => duplicate(row.row, { row: first.row }));
  if (fate.kind === 'known') return [duplicate(first.row, fate.of), ...repeats];
  const { corrections, warnings } = first.result as Extract<RowResult, { imported: ImportedRow }>;
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
