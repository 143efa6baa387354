import { randomBytes } from 'node:crypto';
import { type Selectable, sql } from 'kysely';
import { type Ctx, requireScope, type Scope } from '../context.ts';
import type { Trx } from '../db/database.ts';
import type { ApiClientsTable } from '../db/tables.ts';
import { AppError, notFound } from '../errors.ts';
import { type Once, once } from '../idempotency.ts';
import { wireInstant } from '../validation.ts';
import { sha256 } from './credentials.ts';
import type { Client, ClientWithKey, NewClient } from './schemas.ts';

/** Registers a system that may call, with its first key. Throws CLIENT_EXISTS. */
export async function createClient(ctx: Ctx, input: NewClient, idempotencyKey?: string): Promise<Once<ClientWithKey>> {
  requireScope(ctx, 'admin');
  return once(ctx, 'createApiClient', idempotencyKey, input, async (trx) => {
    const row = await trx
      .insertInto('api_clients')
      .values({
        client_id: input.clientId,
        name: input.name,
        scopes: input.scopes,
        collector_id: input.collectorId,
        created_at: ctx.now.toString(),
        revoked_at: null,
      })
      .onConflict((conflict) => conflict.doNothing())
      .returningAll()
      .executeTakeFirst();
    if (!row || input.clientId === 'admin') throw new AppError('CLIENT_EXISTS', 'An API client with this id exists.');
    return { ...clientOf(row), key: await addKey(trx, ctx, input.clientId) };
  });
}

/** Makes a further key; the older ones stay valid for `overlapSeconds`, so that a dialer changes over without a gap. */
export async function rotateKey(
  ctx: Ctx,
  clientId: string,
  overlapSeconds: number,
  idempotencyKey?: string,
): Promise<Once<ClientWithKey>> {
  requireScope(ctx, 'admin');
  const result = await once(ctx, 'rotateApiKey', idempotencyKey, { clientId, overlapSeconds }, async (trx) => {
    const row = await trx
      .selectFrom('api_clients')
      .selectAll()
      .where('client_id', '=', clientId)
      .where('revoked_at', 'is', null)
      .forUpdate()
      .executeTakeFirst();
    if (!row) throw notFound('/clientId', 'active API client');
    const until = ctx.clock().add({ seconds: overlapSeconds }).toString();
    await trx
      .updateTable('api_keys')
      .set({ expires_at: until })
      .where('client_id', '=', clientId)
      .where(sql<boolean>`(expires_at IS NULL OR expires_at > ${until})`)
      .execute();
    return { ...clientOf(row), key: await addKey(trx, ctx, clientId) };
  });
  ctx.credentials.forget();
  return result;
}

/** Ends a client and all its keys: at once on this replica, within ten seconds on the others. */
export async function revokeClient(ctx: Ctx, clientId: string): Promise<Client> {
  requireScope(ctx, 'admin');
  const row = await ctx.db.transaction().execute(async (trx) => {
    await trx
      .updateTable('api_clients')
      .set({ revoked_at: ctx.now.toString() })
      .where('client_id', '=', clientId)
      .where('revoked_at', 'is', null)
      .execute();
    return trx.selectFrom('api_clients').selectAll().where('client_id', '=', clientId).executeTakeFirst();
  });
  if (!row) throw notFound('/clientId', 'API client');
  ctx.credentials.forget();
  ctx.dialers.forget();
  return clientOf(row);
}

export async function listClients(ctx: Ctx): Promise<Client[]> {
  requireScope(ctx, 'admin');
  const rows = await ctx.db.selectFrom('api_clients').selectAll().orderBy('client_id').execute();
  return rows.map(clientOf);
}

async function addKey(trx: Trx, ctx: Ctx, clientId: string): Promise<string> {
  const keyId = randomBytes(8).toString('hex');
  const key = `ck_${keyId}_${randomBytes(32).toString('base64url')}`;
  await trx
    .insertInto('api_keys')
    .values({
      key_id: keyId,
      client_id: clientId,
      secret_sha256: sha256(key),
      created_at: ctx.now.toString(),
      expires_at: null,
      revoked_at: null,
    })
    .execute();
  return key;
}

function clientOf(row: Selectable<ApiClientsTable>): Client {
  return {
    clientId: row.client_id,
    name: row.name,
    scopes: row.scopes as Scope[],
    collectorId: row.collector_id,
    createdAt: wireInstant(row.created_at),
    revokedAt: wireInstant(row.revoked_at),
  };
}
