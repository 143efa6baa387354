import { type Selectable, sql } from 'kysely';
import type { Db, Trx } from '../db/database.ts';
import type { PolicyVersionStepsTable, PolicyVersionsTable } from '../db/tables.ts';
import type { VersionAction, VersionStatus } from './schemas.ts';

/** What lists show of a version, kept so that a text that no longer loads can still be listed. */
export interface VersionHeader {
  readonly title: { readonly zh: string; readonly en: string };
  readonly jurisdictions: readonly string[];
  readonly lifecycle: 'in_force' | 'shadow';
  readonly zone: string;
  readonly effectiveFrom: string;
  readonly effectiveUntil: string | null;
}

export type VersionRow = Omit<Selectable<PolicyVersionsTable>, 'header' | 'status'> & {
  readonly header: VersionHeader;
  readonly status: VersionStatus;
};
export type StepRow = Selectable<PolicyVersionStepsTable>;

export interface VersionKey {
  readonly pack: string;
  readonly version: string;
}

export async function listVersionRows(db: Db): Promise<VersionRow[]> {
  const rows = await db.selectFrom('policy_versions').selectAll().orderBy('pack').orderBy('version').execute();
  return rows as unknown as VersionRow[];
}

/** In a transaction that may change it, the row is locked. */
export async function findVersion(db: Db | Trx, key: VersionKey): Promise<VersionRow | undefined> {
  const query = db
    .selectFrom('policy_versions')
    .selectAll()
    .where('pack', '=', key.pack)
    .where('version', '=', key.version);
  const row = await (db.isTransaction ? query.forUpdate() : query).executeTakeFirst();
  return row as unknown as VersionRow | undefined;
}

/** False when there is such a version already. */
export async function insertVersion(trx: Trx, row: Omit<VersionRow, 'row_version' | 'shadow'>): Promise<boolean> {
  const result = await trx
    .insertInto('policy_versions')
    .values({ ...row, header: JSON.stringify(row.header), shadow: false, row_version: 1 })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return result.numInsertedOrUpdatedRows === 1n;
}

export async function updateVersion(
  trx: Trx,
  key: VersionKey,
  change: Partial<Pick<VersionRow, 'status' | 'shadow' | 'content_hash' | 'header' | 'authors'>>,
): Promise<void> {
  const { header, ...columns } = change;
  await trx
    .updateTable('policy_versions')
    .set({
      ...columns,
      ...(header && { header: JSON.stringify(header) }),
      row_version: sql<number>`row_version + 1`,
    })
    .where('pack', '=', key.pack)
    .where('version', '=', key.version)
    .execute();
}

export async function listSteps(db: Db | Trx, key: VersionKey): Promise<StepRow[]> {
  return db
    .selectFrom('policy_version_steps')
    .selectAll()
    .where('pack', '=', key.pack)
    .where('version', '=', key.version)
    .orderBy('step_no')
    .execute();
}

export async function insertStep(
  trx: Trx,
  key: VersionKey,
  step: {
    readonly action: VersionAction;
    readonly clientId: string;
    readonly contentHash: string;
    readonly comment: string | null;
    readonly at: Temporal.Instant;
  },
): Promise<void> {
  const next = trx
    .selectFrom('policy_version_steps')
    .select(sql<number>`coalesce(max(step_no), 0) + 1`.as('no'))
    .where('pack', '=', key.pack)
    .where('version', '=', key.version);
  await trx
    .insertInto('policy_version_steps')
    .values({
      ...key,
      step_no: next,
      action: step.action,
      client_id: step.clientId,
      content_hash: step.contentHash,
      comment: step.comment,
      at: step.at.toString(),
    })
    .execute();
}

export async function findSource(db: Db | Trx, contentHash: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('policy_sources')
    .select('source')
    .where('content_hash', '=', contentHash)
    .executeTakeFirst();
  return row?.source;
}
