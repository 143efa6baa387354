import type { Ctx } from '../context.ts';
import type { Trx } from '../db/database.ts';
import { AppError } from '../errors.ts';
import { versionNotFound } from './draft.ts';
import { findVersion, insertStep, listSteps, updateVersion, type VersionKey, type VersionRow } from './repository.ts';
import type { VersionAction, VersionStatus } from './schemas.ts';
import { raiseRevision, refreshPolicy } from './store.ts';
import { idOf, shippedVersions } from './view.ts';

interface Step {
  readonly action: VersionAction;
  /** The states it can be taken in. */
  readonly from: readonly VersionStatus[];
  readonly comment?: string | undefined;
  /** Whether the step was taken already, when the last one was the same; true when left out. */
  readonly isDone?: (row: VersionRow) => boolean;
  /** Checks, and tells what becomes of the row. */
  readonly change: (trx: Trx, row: VersionRow) => Promise<Parameters<typeof updateVersion>[2]>;
}

/**
 * One step in the life of a version, recorded with who took it. The last step taken again by the same client changes
 * nothing, so a repeat after a lost answer is safe. Steps are rare: they wait for each other, and every process reads the
 * store again after one. Throws NOT_FOUND, and POLICY_STATE outside of `from`.
 */
export async function takeStep(
  ctx: Ctx,
  key: VersionKey,
  { action, from, comment, isDone, change }: Step,
): Promise<void> {
  const { clientId } = ctx.caller;
  await ctx.db.transaction().execute(async (trx) => {
    await raiseRevision(trx);
    const row = await findVersion(trx, key);
    if (!row) throw shippedVersions(ctx).has(idOf(key)) ? shipped() : versionNotFound();
    const last = (await listSteps(trx, key)).at(-1);
    if (last?.action === action && last.client_id === clientId && isDone?.(row) !== false) return;
    if (!from.includes(row.status))
      throw new AppError('POLICY_STATE', `The version is ${row.status}; this needs ${from.join(' or ')}.`);
    const changed = await change(trx, row);
    await updateVersion(trx, key, changed);
    await recordStep(trx, ctx, { ...row, ...changed }, action, comment);
  });
  await refreshPolicy({ db: ctx.db, policy: ctx.policyHolder });
}

function shipped(): AppError {
  return new AppError('POLICY_STATE', 'This version ships with the release; publish one that follows it.');
}

export async function recordStep(
  trx: Trx,
  ctx: Ctx,
  { pack, version, content_hash }: Pick<VersionRow, 'pack' | 'version' | 'content_hash'>,
  action: VersionAction,
  comment: string | null = null,
): Promise<void> {
  const { clientId } = ctx.caller;
  await insertStep(trx, { pack, version }, { action, clientId, contentHash: content_hash, comment, at: ctx.now });
}
