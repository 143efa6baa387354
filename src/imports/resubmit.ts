import type { Readable } from 'node:stream';
import { accountPolicyAt } from '../accounts/policy.ts';
import { type Ctx, requireScope } from '../context.ts';
import type { Trx } from '../db/database.ts';
import { AppError, type FieldError, notFound, unprocessableFields } from '../errors.ts';
import { type Once, once } from '../idempotency.ts';
import { type Line, readLines } from '../ndjson.ts';
import { parseInput, pointerOf, wireInstant } from '../validation.ts';
import { rowAnswer } from './answer.ts';
import { applyBatch } from './apply.ts';
import { columnKey } from './csv.ts';
import { type KeptCells, mayKeep, readKept } from './kept-cells.ts';
import { KINDS } from './kinds/kinds.ts';
import { type Mapping, statementAt } from './mapping.ts';
import { findImport, type ImportRow, lockImport } from './repository.ts';
import { findRow, replaceRow } from './row-store.ts';
import { type Cells, type ImportRowAnswer, resubmissionLineSchema } from './schemas.ts';
import { readableSource } from './sources/sources.ts';

/**
 * Reads a quarantined row again, with some cells replaced, by the very version of the source that its import was read with,
 * and applies it. Throws NOT_FOUND for an import or a row of which nothing is known, IMPORT_STATE when the row is not
 * quarantined or of a dry run, and UNPROCESSABLE for a column that is none of the source.
 */
export async function resubmitRow(
  ctx: Ctx,
  importId: string,
  row: number,
  cells: Cells,
  idempotencyKey?: string,
): Promise<Once<ImportRowAnswer>> {
  requireScope(ctx, 'imports:write');
  return once(ctx, 'resubmitImportRow', idempotencyKey, { importId, row, cells }, (trx) =>
    resubmit(ctx, trx, importId, row, cells),
  );
}

async function resubmit(ctx: Ctx, trx: Trx, importId: string, row: number, cells: Cells): Promise<ImportRowAnswer> {
  // As the work on a batch does: the import first, then what its rows touch.
  const found = await lockImport(trx, importId);
  if (!found) throw notFound('/importId', 'import');
  const stored = await findRow(trx, ctx.vault, importId, row);
  if (!stored) throw notFound('/row', 'row that is not simply applied');
  if (found.dry_run) throw new AppError('IMPORT_STATE', 'A dry run changes nothing; send the corrected file.');
  if (stored.outcome !== 'quarantined') throw new AppError('IMPORT_STATE', `The row is ${stored.outcome}.`);
  if (stored.cells === null)
    throw new AppError('IMPORT_STATE', 'The cells of this row were not kept; send it in a file.');
  const mapping = await mappingOfImport(trx, found);
  const replaced = replacedCells(mapping, stored.cells, cells);
  const statement = statementAt(found.as_of, accountPolicyAt(ctx.policy, ctx.now).zone, ctx.now);
  const context = {
    vault: ctx.vault,
    policy: ctx.policy,
    importId,
    clientId: ctx.caller.clientId,
    now: ctx.now,
    dryRun: false,
    kind: KINDS[mapping.records](),
    columnOf: mapping.columnOf,
  };
  const result = readKept(mapping, replaced.all, statement);
  const { all } = await applyBatch(trx, context, [{ row, result, cells: () => replaced.kept }]);
  const applied = all[0]!;
  const columns = Object.keys(replaced.sent);
  const history = [
    ...stored.history,
    { at: wireInstant(ctx.now), clientId: ctx.caller.clientId, columns, outcome: applied.outcome },
  ];
  await replaceRow(trx, ctx.vault, importId, applied, history);
  return rowAnswer({ ...applied, history });
}

async function mappingOfImport(trx: Trx, { source, source_version }: ImportRow): Promise<Mapping> {
  const found = await readableSource(trx, source, source_version);
  if (!found) throw new Error(`the source ${source} of an import is gone`);
  return found.mapping;
}

/** The cells as they are now, without what may not be kept, and under the columns' own names. */
function replacedCells(mapping: Mapping, stored: KeptCells, cells: Cells) {
  const { required, optional, aliases } = mapping.columns;
  const names = new Map([...required, ...optional].map((name) => [columnKey(name), name]));
  const errors: FieldError[] = [];
  const sent: Record<string, string> = {};
  for (const [name, text] of Object.entries(cells)) {
    const column =
      names.get(columnKey(name)) ?? aliases?.get(columnKey(name)) ?? (Object.hasOwn(stored, name) ? name : null);
    const pointer = pointerOf(['cells', name]);
    if (column === null) errors.push({ pointer, code: 'UNKNOWN_FIELD', message: 'This is no column of the source.' });
    else if (Object.hasOwn(sent, column))
      errors.push({ pointer, code: 'DUPLICATE', message: 'This column is there twice.' });
    else sent[column] = text;
  }
  if (errors.length > 0) throw unprocessableFields(errors);
  const all = { ...stored, ...sent };
  const kept = Object.fromEntries(Object.entries(all).filter(([column, cell]) => mayKeep(mapping, column, cell)));
  return { sent, all, kept };
}

const MAX_LINE_BYTES = 262_144;
const LINES_AT_ONCE = 64;

export interface BulkResubmission {
  readonly importId: string;
  readonly body: Readable;
  /** Ends the reading at once. */
  readonly stop: AbortSignal;
  readonly contextOfGroup: () => Ctx;
  /** What stands in the line of a result. */
  readonly write: (line: number, result: object) => object;
}

/**
 * Resubmits rows, one JSON object a line, and answers each with one line in their order: the row as it is now, or the
 * problem. Each is a transaction of its own. Throws NOT_FOUND.
 */
export async function* resubmitRows(ctx: Ctx, bulk: BulkResubmission): AsyncGenerator<string> {
  requireScope(ctx, 'imports:write');
  const { importId, body, stop, contextOfGroup, write } = bulk;
  if (!(await findImport(ctx.db, importId))) throw notFound('/importId', 'import');
  for await (const lines of readLines(body, { maxLines: LINES_AT_ONCE, maxLineBytes: MAX_LINE_BYTES }, stop)) {
    const group = contextOfGroup();
    for (const line of lines)
      yield `${JSON.stringify(write(line.number, await resubmitLine(group, importId, line)))}\n`;
  }
}

async function resubmitLine(ctx: Ctx, importId: string, { text }: Line): Promise<object> {
  try {
    const { row, cells } = parseInput(resubmissionLineSchema, jsonOf(text));
    return await ctx.db.transaction().execute((trx) => resubmit(ctx, trx, importId, row, cells));
  } catch (error) {
    return error as Error;
  }
}

function jsonOf(text: string | null): unknown {
  if (text === null) throw new AppError('PAYLOAD_TOO_LARGE', 'The line is too long.');
  try {
    return JSON.parse(text.startsWith('\ufeff') ? text.slice(1) : text);
  } catch {
    throw new AppError('MALFORMED_JSON', 'The line is not valid JSON.');
  }
}
