import { type Selectable, sql } from 'kysely';
import type { Db, Trx } from '../db/database.ts';
import type { DialersTable } from '../db/tables.ts';

export type DialerRow = Selectable<DialersTable>;

export async function findDialer(db: Db | Trx, dialerId: string): Promise<DialerRow | undefined> {
  return db.selectFrom('dialers').selectAll().where('dialer_id', '=', dialerId).executeTakeFirst();
}

/** The row, held against other writers; undefined when there is none. */
export async function lockDialer(trx: Trx, dialerId: string): Promise<DialerRow | undefined> {
  return trx.selectFrom('dialers').selectAll().where('dialer_id', '=', dialerId).forUpdate().executeTakeFirst();
}

export async function listDialerRows(db: Db): Promise<DialerRow[]> {
  return db.selectFrom('dialers').selectAll().orderBy('dialer_id').execute();
}

/** The dialers that a client's key may speak for. */
export async function dialersOfClient(db: Db, clientId: string): Promise<DialerRow[]> {
  return db.selectFrom('dialers').selectAll().where('client_id', '=', clientId).orderBy('dialer_id').execute();
}

/** Scopes of a client that is there and not revoked; undefined for any other. */
export async function activeClientScopes(db: Db | Trx, clientId: string): Promise<string[] | undefined> {
  const row = await db
    .selectFrom('api_clients')
    .select('scopes')
    .where('client_id', '=', clientId)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  return row?.scopes;
}

/** Ends the tokens of one route at an instant, those that end before it excepted; returns how many. */
export async function endUrlTokens(
  trx: Trx,
  { dialerId, route, at, revokedAt }: { dialerId: string; route: string; at: string; revokedAt: string | null },
): Promise<number> {
  const result = await trx
    .updateTable('dialer_url_tokens')
    .set(revokedAt === null ? { expires_at: at } : { revoked_at: revokedAt })
    .where('dialer_id', '=', dialerId)
    .where('route', '=', route)
    .where('revoked_at', 'is', null)
    .where(sql<boolean>`(expires_at IS NULL OR expires_at > ${at})`)
    .executeTakeFirst();
  return Number(result.numUpdatedRows);
}

/** A token with its dialer and the client it speaks for, unless one of them was revoked. */
export async function findUrlToken(db: Db, tokenId: string) {
  return db
    .selectFrom('dialer_url_tokens as token')
    .innerJoin('dialers as dialer', 'dialer.dialer_id', 'token.dialer_id')
    .innerJoin('api_clients as client', 'client.client_id', 'dialer.client_id')
    .select([
      'token.secret_sha256',
      'token.route',
      'token.expires_at',
      'dialer.dialer_id',
      'client.client_id',
      'client.scopes',
      'client.collector_id',
    ])
    .where('token.token_id', '=', tokenId)
    .where('token.revoked_at', 'is', null)
    .where('client.revoked_at', 'is', null)
    .executeTakeFirst();
}
