import type { Ctx } from '../context.ts';
import { documentOf, fileSourceOf } from '../policy/files.ts';
import type { Pack } from '../policy/load.ts';
import { wireInstant } from '../validation.ts';
import { headerOf, versionNotFound } from './draft.ts';
import { findSource, findVersion, listSteps, type StepRow, type VersionKey, type VersionRow } from './repository.ts';
import type { PolicyVersion, VersionAction } from './schemas.ts';

/** Versions as they are shown: those of the release from their files, those of the API from their rows. */

export function idOf({ pack, version }: VersionKey): string {
  return `${pack}@${version}`;
}

/** The versions that ship with this release, by `pack@version`. */
export function shippedVersions({ policyHolder }: Pick<Ctx, 'policyHolder'>): ReadonlyMap<string, Pack> {
  return new Map(policyHolder.files.map((pack) => [pack.compiled.id, pack]));
}

/** Throws NOT_FOUND. */
export async function readVersion(ctx: Ctx, key: VersionKey): Promise<PolicyVersion> {
  const shipped = shippedVersions(ctx).get(idOf(key));
  if (shipped) {
    const source = fileSourceOf(shipped);
    if (source === undefined) throw versionNotFound();
    const row = { ...key, header: headerOf(shipped), authors: [] };
    return { ...summaryOfShipped(shipped), ...detailsOf(row, [], source), etag: `"${shipped.contentHash}"` };
  }
  const row = await findVersion(ctx.db, key);
  const source = row && (await findSource(ctx.db, row.content_hash));
  if (!row || source === undefined) throw versionNotFound();
  return { ...summaryOfRow(row), ...detailsOf(row, await listSteps(ctx.db, key), source), etag: etagOf(row) };
}

/** A draft as it would be shown, were it stored. */
export function showDraft(row: VersionRow, source: string): PolicyVersion {
  return { ...summaryOfRow(row), ...detailsOf(row, [], source), etag: null };
}

/** Strong: of the text and of the state. */
export function etagOf({ row_version, content_hash }: Pick<VersionRow, 'row_version' | 'content_hash'>): string {
  return `"v${row_version}-${content_hash.slice(0, 16)}"`;
}

export function summaryOfShipped(shipped: Pack) {
  const { lifecycle, effectiveFrom, effectiveUntil } = headerOf(shipped);
  return {
    version: shipped.document.version,
    status: 'published' as const,
    origin: 'release' as const,
    lifecycle,
    shadow: false,
    effectiveFrom,
    effectiveUntil,
    contentHash: shipped.contentHash,
  };
}

export function summaryOfRow({ version, status, shadow, header, content_hash }: VersionRow) {
  const { lifecycle, effectiveFrom, effectiveUntil } = header;
  return {
    version,
    status,
    origin: 'api' as const,
    lifecycle,
    shadow,
    effectiveFrom,
    effectiveUntil,
    contentHash: content_hash,
  };
}

function detailsOf(
  { pack, header, authors }: Pick<VersionRow, 'pack' | 'header' | 'authors'>,
  steps: readonly StepRow[],
  source: string,
) {
  return {
    pack,
    title: header.title,
    jurisdictions: [...header.jurisdictions],
    zone: header.zone,
    authors: [...authors],
    history: steps.map(({ action, client_id, at, content_hash, comment }) => ({
      action: action as VersionAction,
      clientId: client_id,
      at: wireInstant(at),
      contentHash: content_hash,
      comment,
    })),
    source,
    document: documentOf(source),
  };
}
