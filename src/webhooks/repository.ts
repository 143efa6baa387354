import { type Selectable, sql } from 'kysely';
import type { Db, Trx } from '../db/database.ts';
import type { WebhookDeliveriesTable, WebhookEndpointsTable } from '../db/tables.ts';
import type { Vault } from '../personal-data.ts';

export type EndpointRow = Selectable<WebhookEndpointsTable>;
export type DeliveryRow = Selectable<WebhookDeliveriesTable>;

export async function findEndpoint(db: Db | Trx, endpointId: string): Promise<EndpointRow | undefined> {
  return db
    .selectFrom('webhook_endpoints')
    .selectAll()
    .where('endpoint_id', '=', endpointId)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
}

export async function lockEndpoint(trx: Trx, endpointId: string): Promise<EndpointRow | undefined> {
  return trx
    .selectFrom('webhook_endpoints')
    .selectAll()
    .where('endpoint_id', '=', endpointId)
    .where('deleted_at', 'is', null)
    .forUpdate()
    .executeTakeFirst();
}

export async function listEndpointRows(db: Db): Promise<EndpointRow[]> {
  return db
    .selectFrom('webhook_endpoints')
    .selectAll()
    .where('deleted_at', 'is', null)
    .orderBy('created_at')
    .orderBy('endpoint_id')
    .execute();
}

/** Marks an endpoint as deleted, and so as disabled for ever; the first time counts. */
export async function endEndpoint(db: Db, endpointId: string, now: Temporal.Instant): Promise<EndpointRow | undefined> {
  const { rows } = await sql<EndpointRow>`
    UPDATE webhook_endpoints SET enabled = false, deleted_at = coalesce(deleted_at, ${now.toString()})
     WHERE endpoint_id = ${endpointId} RETURNING *`.execute(db);
  return rows[0];
}

const secretAt = (endpointId: string, secretNo: number) => ({
  table: 'webhook_secrets',
  column: 'secret_sealed',
  rowId: `${endpointId}/${secretNo}`,
});

/** Adds a secret; the newest one before it stays valid until `olderUntil`, and the others end. */
export async function addSecret(
  trx: Trx,
  vault: Vault,
  endpointId: string,
  secret: string,
  { now, olderUntil }: { readonly now: Temporal.Instant; readonly olderUntil: Temporal.Instant },
): Promise<void> {
  const older = await trx
    .selectFrom('webhook_secrets')
    .select('secret_no')
    .where('endpoint_id', '=', endpointId)
    .orderBy('secret_no', 'desc')
    .executeTakeFirst();
  const newest = older?.secret_no ?? 0;
  await trx
    .deleteFrom('webhook_secrets')
    .where('endpoint_id', '=', endpointId)
    .where('secret_no', '<', newest)
    .execute();
  await trx
    .updateTable('webhook_secrets')
    .set({ expires_at: olderUntil.toString() })
    .where('endpoint_id', '=', endpointId)
    .execute();
  await trx
    .insertInto('webhook_secrets')
    .values({
      endpoint_id: endpointId,
      secret_no: newest + 1,
      secret_sealed: vault.seal(secretAt(endpointId, newest + 1), secret),
      created_at: now.toString(),
      expires_at: null,
    })
    .execute();
}

/** The secrets that sign at this instant, the newest first. */
export async function validSecrets(db: Db, vault: Vault, endpointId: string, now: Temporal.Instant): Promise<string[]> {
  const rows = await db
    .selectFrom('webhook_secrets')
    .select(['secret_no', 'secret_sealed'])
    .where('endpoint_id', '=', endpointId)
    .where(({ or, eb }) => or([eb('expires_at', 'is', null), eb('expires_at', '>', now.toString() as never)]))
    .orderBy('secret_no', 'desc')
    .execute();
  return rows.map((row) => vault.open(secretAt(endpointId, row.secret_no), row.secret_sealed));
}

export interface DeliveryFilter {
  readonly state?: string | undefined;
  readonly type?: string | undefined;
}

/** Deliveries of an endpoint, the newest event first, from the one before `beforeSeq` on. */
export async function listDeliveryRows(
  db: Db,
  endpointId: string,
  { state, type }: DeliveryFilter,
  { beforeSeq, limit }: { readonly beforeSeq: bigint | null; readonly limit: number },
): Promise<DeliveryRow[]> {
  return db
    .selectFrom('webhook_deliveries')
    .selectAll()
    .where('endpoint_id', '=', endpointId)
    .$if(state !== undefined, (query) => query.where('state', '=', state!))
    .$if(type !== undefined, (query) => query.where('type', '=', type!))
    .$if(beforeSeq !== null, (query) => query.where('seq', '<', beforeSeq!))
    .orderBy('seq', 'desc')
    .limit(limit)
    .execute();
}

export async function attemptsOf(db: Db, endpointId: string, eventIds: readonly string[]) {
  if (eventIds.length === 0) return [];
  return db
    .selectFrom('webhook_attempts')
    .selectAll()
    .where('endpoint_id', '=', endpointId)
    .where('event_id', 'in', eventIds)
    .orderBy('attempt_no')
    .execute();
}

/** Makes one delivery pending again, from the first attempt on. */
export async function replayRow(
  db: Db,
  endpointId: string,
  eventId: string,
  now: Temporal.Instant,
): Promise<DeliveryRow | undefined> {
  return db
    .updateTable('webhook_deliveries')
    .set({ state: 'pending', attempts: 0, next_attempt_at: now.toString(), finished_at: null })
    .where('endpoint_id', '=', endpointId)
    .where('event_id', '=', eventId)
    .returningAll()
    .executeTakeFirst();
}

/** Makes every event since an instant that the endpoint wants pending again, also those it never had. Returns how many. */
export async function replaySince(
  db: Db,
  endpoint: EndpointRow,
  since: Temporal.Instant,
  now: Temporal.Instant,
): Promise<number> {
  const { numAffectedRows } = await sql`
    INSERT INTO webhook_deliveries AS d (endpoint_id, event_id, seq, type, subject_key, state, attempts, next_attempt_at, created_at)
    SELECT ${endpoint.endpoint_id}, event_id, seq, type, subject_key, 'pending', 0, ${now.toString()}, ${now.toString()}
      FROM outbox_events
     WHERE occurred_at >= ${since.toString()} AND dispatched_at IS NOT NULL
       AND (${endpoint.event_types}::text[] IS NULL OR type = ANY(${endpoint.event_types}::text[]))
    ON CONFLICT (endpoint_id, event_id) DO UPDATE
       SET state = 'pending', attempts = 0, next_attempt_at = excluded.next_attempt_at, finished_at = NULL`.execute(db);
  return Number(numAffectedRows ?? 0);
}
