import { type Ctx, requireScope } from '../context.ts';
import type { Trx } from '../db/database.ts';
import { AppError, notFound } from '../errors.ts';
import { importOf, releaseReasonAt } from './answer.ts';
import { dropText, searchAfter, tellImport } from './end.ts';
import { addImportJob } from './queue.ts';
import { changeStatus, findImport, type ImportRow } from './repository.ts';
import type { Import, ImportStatus } from './schemas.ts';

/** What a person does to an import on its way. Each step repeats without effect. */

/**
 * Stops an import; rows that were applied stay. Throws NOT_FOUND, and IMPORT_NOT_CANCELLABLE when it was completed or has
 * failed.
 */
export async function cancelImport(ctx: Ctx, importId: string): Promise<Import> {
  requireScope(ctx, 'imports:write');
  const cancelled = await step(ctx, async (trx) => {
    const row = await changeStatus(trx, importId, ['queued', 'running', 'paused', 'held'], {
      status: 'cancelled',
      finished_at: ctx.now.toString(),
    });
    if (row) await searchAfter(trx, ctx.now, row);
    return row;
  });
  if (cancelled) {
    await dropText(ctx.db, importId);
    return importOf(ctx, cancelled);
  }
  return standing(ctx, importId, ['cancelled'], 'IMPORT_NOT_CANCELLABLE');
}

/** Lets an import rest after the batch in hand. Throws NOT_FOUND, and IMPORT_STATE when it does not wait or run. */
export async function pauseImport(ctx: Ctx, importId: string): Promise<Import> {
  requireScope(ctx, 'imports:write');
  const paused = await step(ctx, (trx) =>
    changeStatus(trx, importId, ['queued', 'running'], { status: 'paused', rows_per_second: null }),
  );
  return paused ? importOf(ctx, paused) : standing(ctx, importId, ['paused']);
}

/** Lets a paused import go on where it was. Throws NOT_FOUND, and IMPORT_STATE when it has ended or is held. */
export async function resumeImport(ctx: Ctx, importId: string): Promise<Import> {
  requireScope(ctx, 'imports:write');
  const resumed = await step(ctx, (trx) => queued(trx, importId, 'paused', {}));
  return resumed ? importOf(ctx, resumed) : standing(ctx, importId, ['queued', 'running']);
}

/**
 * Lets a held import go on although its control sums do not match; who did so and why is kept. Throws NOT_FOUND, and
 * IMPORT_STATE when it is not held and was not released.
 */
export async function releaseImport(ctx: Ctx, importId: string, reason: string): Promise<Import> {
  requireScope(ctx, 'admin');
  const released = await step(ctx, (trx) =>
    queued(trx, importId, 'held', {
      problem_code: null,
      problem: null,
      finished_at: null,
      released_at: ctx.now.toString(),
      released_by: ctx.caller.clientId,
      release_reason_sealed: ctx.vault.seal(releaseReasonAt(importId), reason),
    }),
  );
  if (released) return importOf(ctx, released);
  const row = await found(ctx, importId);
  if (row.released_at !== null && row.status !== 'held') return importOf(ctx, row);
  throw new AppError('IMPORT_STATE', `The import is ${row.status}.`);
}

type Change = Omit<Parameters<typeof changeStatus>[3], 'status'>;

async function queued(trx: Trx, importId: string, from: ImportStatus, change: Change): Promise<ImportRow | undefined> {
  const row = await changeStatus(trx, importId, [from], { ...change, status: 'queued' });
  if (row) await addImportJob(trx, importId);
  return row;
}

/** A change of the state, and what is told of it, in one transaction. */
async function step(ctx: Ctx, change: (trx: Trx) => Promise<ImportRow | undefined>): Promise<ImportRow | undefined> {
  return ctx.db.transaction().execute(async (trx) => {
    const row = await change(trx);
    if (row) await tellImport(trx, ctx.now, row);
    return row;
  });
}

async function found(ctx: Ctx, importId: string): Promise<ImportRow> {
  const row = await findImport(ctx.db, importId);
  if (!row) throw notFound('/importId', 'import');
  return row;
}

/** The import, if it is where the step would have led. */
async function standing(
  ctx: Ctx,
  importId: string,
  there: readonly ImportStatus[],
  code: 'IMPORT_STATE' | 'IMPORT_NOT_CANCELLABLE' = 'IMPORT_STATE',
): Promise<Import> {
  const row = await found(ctx, importId);
  const isUploaded = row.content_hash !== null || row.status === 'cancelled';
  if (there.some((status) => status === row.status) && isUploaded) return importOf(ctx, row);
  throw new AppError(code, isUploaded ? `The import is ${row.status}.` : 'The file is still being uploaded.');
}
