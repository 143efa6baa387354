import { randomBytes } from 'node:crypto';
import { sha256 } from '../clients/credentials.ts';
import { type Ctx, requireScope } from '../context.ts';
import { AppError, notFound, unprocessable } from '../errors.ts';
import { type Once, once } from '../idempotency.ts';
import { isInside } from '../networks.ts';
import { invalidFields, wireInstant } from '../validation.ts';
import { type DialerSetup, SCOPE_OF_ROUTE } from './directory.ts';
import {
  activeClientScopes,
  type DialerRow,
  endUrlTokens,
  findDialer,
  listDialerRows,
  lockDialer,
} from './repository.ts';
import type {
  Dialer,
  DialerConfig,
  DialerInput,
  NewUrlToken,
  Platform,
  PlatformDefaults,
  RevokedUrlTokens,
  TokenRoute,
  UrlToken,
} from './schemas.ts';

export interface DialerAnswer {
  readonly dialer: Dialer;
  readonly version: number;
  readonly created: boolean;
}

/**
 * Creates or fully replaces what is known of a dialer; holds at once on this replica, within ten seconds on the others.
 * Throws PRECONDITION_FAILED when `expectedVersion` is not the stored one.
 */
export async function putDialer(
  ctx: Ctx,
  dialerId: string,
  input: DialerInput,
  expectedVersion: number | null,
): Promise<DialerAnswer> {
  requireScope(ctx, 'admin');
  const { clientId, platform, ...config } = input;
  const { row, created } = await ctx.db.transaction().execute(async (trx) => {
    const earlier = await lockDialer(trx, dialerId);
    if (expectedVersion !== null && expectedVersion !== earlier?.version)
      throw new AppError('PRECONDITION_FAILED', 'The dialer has changed since it was read, or does not exist.');
    if ((await activeClientScopes(trx, clientId)) === undefined)
      throw unprocessable('/clientId', 'UNKNOWN_REFERENCE', 'There is no such active API client.');
    const values = {
      client_id: clientId,
      platform,
      config: JSON.stringify(config),
      updated_at: ctx.now.toString(),
    };
    const stored = await trx
      .insertInto('dialers')
      .values({ ...values, dialer_id: dialerId, version: 1, created_at: ctx.now.toString() })
      .onConflict((conflict) =>
        conflict.column('dialer_id').doUpdateSet((old) => ({ ...values, version: old('dialers.version', '+', 1) })),
      )
      .returningAll()
      .executeTakeFirstOrThrow();
    return { row: stored, created: stored.version === 1 };
  });
  ctx.dialers.forget();
  return { ...answerOf(row), created };
}

/** What was put of one dialer; the defaults of its platform stand in `listPlatforms`. Throws NOT_FOUND. */
export async function getDialer(ctx: Ctx, dialerId: string): Promise<DialerAnswer> {
  requireScope(ctx, 'admin');
  const row = await findDialer(ctx.db, dialerId);
  if (!row) throw notFound('/dialerId', 'dialer');
  return { ...answerOf(row), created: false };
}

export async function listDialers(ctx: Ctx): Promise<Dialer[]> {
  requireScope(ctx, 'admin');
  return (await listDialerRows(ctx.db)).map((row) => answerOf(row).dialer);
}

/** What each platform brings along: field names, result codes, routes for URL tokens. */
export async function listPlatforms(ctx: Ctx): Promise<PlatformDefaults[]> {
  requireScope(ctx, 'admin');
  return [...ctx.dialers.platforms.values()];
}

/**
 * Makes a token that opens one route for a dialer that cannot send a header; older ones of the route end after the
 * overlap. Throws UNPROCESSABLE where the platform has no such route or the client lacks the scope of it.
 */
export async function createUrlToken(
  ctx: Ctx,
  dialerId: string,
  { route, overlapSeconds }: NewUrlToken,
  idempotencyKey?: string,
): Promise<Once<UrlToken>> {
  requireScope(ctx, 'admin');
  const body = { dialerId, route, overlapSeconds };
  const result = await once(ctx, 'createDialerUrlToken', idempotencyKey, body, async (trx) => {
    const row = await lockDialer(trx, dialerId);
    if (!row) throw notFound('/dialerId', 'dialer');
    const platform = row.platform as Platform;
    if (!ctx.dialers.platforms.get(platform)!.tokenRoutes.includes(route))
      throw unprocessable('/route', 'INVALID_VALUE', `A dialer of ${platform} sends a header here.`);
    const scope = SCOPE_OF_ROUTE[route];
    if (!(await activeClientScopes(trx, row.client_id))?.includes(scope))
      throw unprocessable('/route', 'INVALID_VALUE', `The client of this dialer lacks the scope ${scope}.`);
    const at = ctx.clock().add({ seconds: overlapSeconds }).toString();
    await endUrlTokens(trx, { dialerId, route, at, revokedAt: null });
    const tokenId = randomBytes(8).toString('hex');
    const token = `ut_${tokenId}_${randomBytes(32).toString('base64url')}`;
    await trx
      .insertInto('dialer_url_tokens')
      .values({
        token_id: tokenId,
        dialer_id: dialerId,
        route,
        secret_sha256: sha256(token),
        created_at: ctx.now.toString(),
        expires_at: null,
        revoked_at: null,
      })
      .execute();
    return { dialerId, route, path: pathOf(platform, route), token, createdAt: wireInstant(ctx.now) };
  });
  ctx.dialers.forget();
  return result;
}

/** Ends all tokens of one route: at once on this replica, within ten seconds on the others. Throws NOT_FOUND. */
export async function revokeUrlTokens(ctx: Ctx, dialerId: string, route: TokenRoute): Promise<RevokedUrlTokens> {
  requireScope(ctx, 'admin');
  const revoked = await ctx.db.transaction().execute(async (trx) => {
    if (!(await lockDialer(trx, dialerId))) throw notFound('/dialerId', 'dialer');
    const revokedAt = ctx.now.toString();
    return endUrlTokens(trx, { dialerId, route, at: ctx.clock().toString(), revokedAt });
  });
  ctx.dialers.forget();
  return { dialerId, route, revoked };
}

export interface DialerSource {
  readonly platform: Platform;
  /** Needed of a client that has several dialers of a platform. */
  readonly dialerId?: string | undefined;
  /** IP address of the caller. */
  readonly address: string;
}

/**
 * The dialer that calls: the one of a URL token, the one that is named, or the only one that the client has on this
 * platform; without any, the platform's defaults. Throws FORBIDDEN from outside its networks, NOT_FOUND and
 * VALIDATION_FAILED where it is not clear which one.
 */
export async function callingDialer(ctx: Ctx, { platform, dialerId, address }: DialerSource): Promise<DialerSetup> {
  const wanted = ctx.caller.dialerId ?? dialerId;
  const own = (await ctx.dialers.ofClient(ctx.caller.clientId)).filter((dialer) => dialer.platform === platform);
  const found = wanted === undefined ? own : own.filter((dialer) => dialer.dialerId === wanted);
  if (found.length > 1) {
    const message = 'Needed, because this client has several dialers of this platform.';
    throw invalidFields([{ pointer: '/dialerId', code: 'REQUIRED', message }]);
  }
  const dialer = found[0];
  if (!dialer) {
    if (wanted !== undefined) throw notFound('/dialerId', `dialer of this client on ${platform}`);
    return ctx.dialers.unconfigured(platform);
  }
  if (dialer.networks !== null && !isInside(dialer.networks, address))
    throw new AppError('FORBIDDEN', 'This dialer may not be used from this address.');
  return dialer;
}

function pathOf(platform: Platform, route: TokenRoute): string {
  return `/v1/adapters/${platform}${route === 'pre-dial' ? '' : `/${route}`}`;
}

function answerOf(row: DialerRow): Omit<DialerAnswer, 'created'> {
  const config = row.config as unknown as DialerConfig;
  const { collector } = config;
  return {
    version: row.version,
    dialer: {
      dialerId: row.dialer_id,
      clientId: row.client_id,
      platform: row.platform as Platform,
      collector: collector ? { ...collector, carrier: collector.carrier ?? null } : null,
      channel: config.channel ?? null,
      purpose: config.purpose ?? null,
      callerNumber: config.callerNumber ?? null,
      automated: config.automated ?? null,
      recording: config.recording ?? null,
      numberPrefixes: config.numberPrefixes.map((prefix) => ({ ...prefix, length: prefix.length ?? null })),
      fields: config.fields,
      outcomes: config.outcomes,
      defaultOutcome: config.defaultOutcome ?? null,
      onPermitted: config.onPermitted ?? null,
      allowedNetworks: config.allowedNetworks,
      createdAt: wireInstant(row.created_at),
      updatedAt: wireInstant(row.updated_at),
    },
  };
}
