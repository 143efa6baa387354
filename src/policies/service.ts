import { type Ctx, requireScope } from '../context.ts';
import type { Trx } from '../db/database.ts';
import { AppError, unprocessable } from '../errors.ts';
import type { Pack } from '../policy/load.ts';
import { formatInstant } from '../rules/time/zone.ts';
import { emitEvents } from '../webhooks/outbox.ts';
import { checkTimeline, headerOf, loadStored, parseDraft } from './draft.ts';
import {
  findSource,
  findVersion,
  insertVersion,
  listVersionRows,
  type VersionKey,
  type VersionRow,
} from './repository.ts';
import type { PolicyPack, PolicyVersion, Publication } from './schemas.ts';
import { recordStep, takeStep } from './steps.ts';
import { keepSource, readPolicy } from './store.ts';
import { etagOf, idOf, readVersion, shippedVersions, showDraft, summaryOfRow, summaryOfShipped } from './view.ts';

/** All packs with all their versions, drafts too, in the order of ids and dates. */
export async function listPolicyPacks(ctx: Ctx): Promise<PolicyPack[]> {
  requireScope(ctx, 'policy:read');
  const shipped = shippedVersions(ctx);
  const rows = (await listVersionRows(ctx.db)).filter((row) => !shipped.has(idOf(row)));
  const all = [
    ...rows.map((row) => ({ pack: row.pack, header: row.header, summary: summaryOfRow(row) })),
    ...[...shipped.values()].map((pack) => ({
      pack: pack.document.pack,
      header: headerOf(pack),
      summary: summaryOfShipped(pack),
    })),
  ].sort((a, b) => (`${a.pack}@${a.summary.version}` < `${b.pack}@${b.summary.version}` ? -1 : 1));
  return [...Map.groupBy(all, ({ pack }) => pack)].map(([pack, versions]) => {
    const shown = versions.findLast(({ summary }) => summary.status === 'published') ?? versions.at(-1)!;
    const { title, jurisdictions } = shown.header;
    return { pack, title, jurisdictions: [...jurisdictions], versions: versions.map(({ summary }) => summary) };
  });
}

/** One version with its text and history. Throws NOT_FOUND. */
export async function getPolicyVersion(ctx: Ctx, key: VersionKey): Promise<PolicyVersion> {
  requireScope(ctx, 'policy:read');
  return readVersion(ctx, key);
}

/**
 * Adds a draft. The same text again gives the stored one, `created` false. Throws PACK_INVALID with the line, and
 * POLICY_VERSION_EXISTS; with `validateOnly` nothing is stored.
 */
export async function createPolicyVersion(
  ctx: Ctx,
  pack: string,
  source: string,
  validateOnly: boolean,
): Promise<{ readonly version: PolicyVersion; readonly created: boolean }> {
  requireScope(ctx, 'policy:write');
  const loaded = parseDraft(source, { pack });
  const row = {
    pack,
    version: loaded.document.version,
    status: 'draft' as const,
    content_hash: loaded.contentHash,
    header: headerOf(loaded),
    authors: [ctx.caller.clientId],
  };
  const earlier = await findVersion(ctx.db, row);
  if (earlier?.status === 'draft' && earlier.content_hash === row.content_hash)
    return { version: await readVersion(ctx, row), created: false };
  const exists = new AppError('POLICY_VERSION_EXISTS', `There is a version ${idOf(row)}.`);
  if (earlier || shippedVersions(ctx).has(idOf(row))) throw exists;
  if (validateOnly) return { version: showDraft({ ...row, shadow: false, row_version: 0 }, source), created: false };
  await ctx.db.transaction().execute(async (trx) => {
    await keepSource(trx, loaded, source, 'api', ctx.now);
    if (!(await insertVersion(trx, row))) throw exists;
    await recordStep(trx, ctx, row, 'draft');
  });
  return { version: await readVersion(ctx, row), created: true };
}

/**
 * Replaces the text of a draft, or of a rejected version, which is a draft again then. `ifMatch` must be the etag of the
 * state it is based on, or `*` for whichever: throws PRECONDITION_REQUIRED without one and PRECONDITION_FAILED for another.
 */
export async function replacePolicyVersion(
  ctx: Ctx,
  key: VersionKey,
  source: string,
  ifMatch: string | undefined,
): Promise<PolicyVersion> {
  requireScope(ctx, 'policy:write');
  if (ifMatch === undefined)
    throw new AppError('PRECONDITION_REQUIRED', 'Send If-Match with the ETag of the draft that you have changed.');
  const loaded = parseDraft(source, key);
  await takeStep(ctx, key, {
    action: 'edit',
    from: ['draft', 'rejected'],
    isDone: (row) => row.content_hash === loaded.contentHash,
    change: async (trx, row) => {
      if (ifMatch.trim() !== '*' && ifMatch.trim() !== etagOf(row))
        throw new AppError('PRECONDITION_FAILED', 'The draft has changed since it was read.');
      await keepSource(trx, loaded, source, 'api', ctx.now);
      return {
        status: 'draft',
        content_hash: loaded.contentHash,
        header: headerOf(loaded),
        authors: [...new Set([...row.authors, ctx.caller.clientId])],
      };
    },
  });
  return readVersion(ctx, key);
}

/** Hands a draft to review; only an author may. Throws POLICY_TIMELINE when its dates cannot follow what is published. */
export async function submitPolicyVersion(ctx: Ctx, key: VersionKey): Promise<PolicyVersion> {
  requireScope(ctx, 'policy:write');
  await takeStep(ctx, key, {
    action: 'submit',
    from: ['draft'],
    change: async (trx, row) => {
      if (!row.authors.includes(ctx.caller.clientId))
        throw new AppError('FOUR_EYES', 'Only an author of the draft may submit it.');
      checkTimeline([...ctx.policy.packs, await loadRow(trx, ctx, row)]);
      return { status: 'in_review' };
    },
  });
  return readVersion(ctx, key);
}

/** Approves or rejects; no author may. Throws FOUR_EYES. */
export async function reviewPolicyVersion(
  ctx: Ctx,
  key: VersionKey,
  { decision, comment }: { readonly decision: 'approve' | 'reject'; readonly comment: string },
): Promise<PolicyVersion> {
  requireScope(ctx, 'policy:write');
  await takeStep(ctx, key, {
    action: decision,
    from: ['in_review'],
    comment,
    change: async (_, row) => {
      refuseAuthor(ctx, row);
      return decision === 'approve' ? { status: 'approved' } : { status: 'rejected', shadow: false };
    },
  });
  return readVersion(ctx, key);
}

/**
 * Publishes an approved version; no author may. From then on its text never changes. Throws FOUR_EYES, POLICY_TIMELINE, and
 * UNPROCESSABLE for a version that takes effect less than a minute ahead without the acknowledgement and its reason.
 */
export async function publishPolicyVersion(
  ctx: Ctx,
  key: VersionKey,
  publication: Publication,
): Promise<PolicyVersion> {
  requireScope(ctx, 'policy:publish');
  await takeStep(ctx, key, {
    action: 'publish',
    from: ['approved'],
    comment: publication.reason,
    change: async (trx, row) => {
      refuseAuthor(ctx, row);
      const loaded = await loadRow(trx, ctx, row);
      refuseBackdated(ctx, loaded, publication);
      const { published } = await readPolicy(trx, ctx.policyHolder);
      const shipped = shippedVersions(ctx).get(idOf(key));
      if (shipped && shipped.contentHash !== loaded.contentHash)
        throw new AppError('POLICY_VERSION_EXISTS', `This release ships another text as ${idOf(key)}.`);
      checkTimeline(shipped ? published : [...published, loaded]);
      const { zone, effectiveFrom } = loaded.compiled.spec;
      const data = { ...key, contentHash: row.content_hash, effectiveFrom: formatInstant(zone, effectiveFrom) };
      await emitEvents(trx, ctx.now, [{ type: 'policy.published', key: key.pack, data }]);
      return { status: 'published' };
    },
  });
  return readVersion(ctx, key);
}

/** Takes back a published version before its day; what it would have ended goes on. Throws POLICY_STATE from that day on. */
export async function withdrawPolicyVersion(ctx: Ctx, key: VersionKey, reason: string): Promise<PolicyVersion> {
  requireScope(ctx, 'policy:publish');
  await takeStep(ctx, key, {
    action: 'withdraw',
    from: ['published'],
    comment: reason,
    change: async (trx, row) => {
      const { compiled } = await loadRow(trx, ctx, row);
      if (compiled.spec.effectiveFrom <= ctx.now.epochMilliseconds)
        throw new AppError('POLICY_STATE', 'The version has taken effect; publish one that follows it.');
      const { published } = await readPolicy(trx, ctx.policyHolder);
      checkTimeline(published.filter((pack) => pack.compiled.id !== compiled.id));
      const data = { ...key, contentHash: row.content_hash };
      await emitEvents(trx, ctx.now, [{ type: 'policy.withdrawn', key: key.pack, data }]);
      return { status: 'withdrawn', shadow: false };
    },
  });
  return readVersion(ctx, key);
}

/** Has a version asked beside what is in force, and reported in `shadow`, until its day; or no longer. */
export async function setPolicyShadow(ctx: Ctx, key: VersionKey, enabled: boolean): Promise<PolicyVersion> {
  requireScope(ctx, 'policy:write');
  await takeStep(ctx, key, {
    action: enabled ? 'watch' : 'unwatch',
    from: ['draft', 'in_review', 'approved', 'published'],
    change: async (trx, row) => {
      if (enabled) await loadRow(trx, ctx, row);
      return { shadow: enabled };
    },
  });
  return readVersion(ctx, key);
}

/** One client id is one person or one system: whoever wrote a text may neither approve nor publish it. */
function refuseAuthor(ctx: Ctx, { authors }: VersionRow): void {
  if (authors.includes(ctx.caller.clientId))
    throw new AppError('FOUR_EYES', 'Somebody else than the authors has to do this.');
}

/** So far ahead a version must take effect to do so at the same instant in every process. */
const NOTICE_SECONDS = 60;

function refuseBackdated(ctx: Ctx, { compiled }: Pack, { acknowledgeBackdated, reason }: Publication): void {
  const ahead = compiled.spec.effectiveFrom - ctx.now.epochMilliseconds;
  if (ahead >= NOTICE_SECONDS * 1000 || (acknowledgeBackdated && reason !== undefined)) return;
  const missing = acknowledgeBackdated ? '/reason' : '/acknowledgeBackdated';
  const message = 'The version takes effect at once or in the past; acknowledge that, with a reason.';
  throw unprocessable(missing, 'REQUIRED', message);
}

async function loadRow(trx: Trx, ctx: Ctx, row: VersionRow): Promise<Pack> {
  return loadStored(ctx.policyHolder, (await findSource(trx, row.content_hash))!);
}
