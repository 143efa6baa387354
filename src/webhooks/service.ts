import { type Ctx, requireScope } from '../context.ts';
import { AppError, notFound, unprocessable } from '../errors.ts';
import { type Once, once } from '../idempotency.ts';
import { newId } from '../ids.ts';
import { wireInstant } from '../validation.ts';
import { bodyOf, isSuccess } from './relay.ts';
import {
  addSecret,
  type EndpointRow,
  endEndpoint,
  findEndpoint,
  listEndpointRows,
  lockEndpoint,
  validSecrets,
} from './repository.ts';
import type { Endpoint, EndpointChanges, EndpointWithSecret, NewEndpoint, TestResult } from './schemas.ts';
import { post } from './send.ts';
import { newSecret, signedHeaders } from './signature.ts';
import { problemOfUrl } from './target.ts';

export interface EndpointAnswer {
  readonly endpoint: Endpoint;
  readonly version: number;
}

/** Registers where events go; from now on, not before. Throws UNPROCESSABLE for a URL that may not be called. */
export async function createEndpoint(
  ctx: Ctx,
  input: NewEndpoint,
  idempotencyKey?: string,
): Promise<Once<EndpointWithSecret>> {
  requireScope(ctx, 'admin');
  requireTarget(ctx, input.url);
  return once(ctx, 'createWebhookEndpoint', idempotencyKey, input, async (trx) => {
    const now = ctx.now.toString();
    const row = await trx
      .insertInto('webhook_endpoints')
      .values({
        endpoint_id: newId('whe', ctx.now.epochMilliseconds),
        url: input.url,
        description: input.description,
        event_types: input.eventTypes,
        enabled: input.enabled,
        disabled_reason: null,
        paused_until: null,
        version: 1,
        created_at: now,
        updated_at: now,
        deleted_at: null,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    const secret = newSecret();
    await addSecret(trx, ctx.vault, row.endpoint_id, secret, { now: ctx.now, olderUntil: ctx.now });
    return { ...endpointOf(row), secret };
  });
}

export async function listEndpoints(ctx: Ctx): Promise<Endpoint[]> {
  requireScope(ctx, 'admin');
  return (await listEndpointRows(ctx.db)).map(endpointOf);
}

/** Throws NOT_FOUND, also for one that was deleted. */
export async function getEndpoint(ctx: Ctx, endpointId: string): Promise<EndpointAnswer> {
  requireScope(ctx, 'admin');
  return answerOf(await requireEndpoint(ctx, endpointId));
}

/**
 * Changes what is given; enabling also ends a pause. What waits for a disabled endpoint goes on when it is enabled; what
 * happens meanwhile does not reach it, but for a replay. Throws NOT_FOUND, PRECONDITION_FAILED and UNPROCESSABLE.
 */
export async function changeEndpoint(
  ctx: Ctx,
  endpointId: string,
  changes: EndpointChanges,
  expectedVersion: number | null,
): Promise<EndpointAnswer> {
  requireScope(ctx, 'admin');
  if (changes.url !== undefined) requireTarget(ctx, changes.url);
  return ctx.db.transaction().execute(async (trx) => {
    const row = await lockEndpoint(trx, endpointId);
    if (!row) throw notFound('/endpointId', 'webhook endpoint');
    if (expectedVersion !== null && expectedVersion !== row.version)
      throw new AppError('PRECONDITION_FAILED', 'The webhook endpoint has changed since it was read.');
    const changed = await trx
      .updateTable('webhook_endpoints')
      .set({
        url: changes.url ?? row.url,
        description: changes.description ?? row.description,
        event_types: changes.eventTypes === undefined ? row.event_types : changes.eventTypes,
        enabled: changes.enabled ?? row.enabled,
        ...(changes.enabled === undefined ? {} : { disabled_reason: null }),
        ...(changes.enabled ? { paused_until: null } : {}),
        version: row.version + 1,
        updated_at: ctx.now.toString(),
      })
      .where('endpoint_id', '=', endpointId)
      .returningAll()
      .executeTakeFirstOrThrow();
    return answerOf(changed);
  });
}

/** Ends an endpoint; nothing more is sent to it. Twice is the same as once. Throws NOT_FOUND. */
export async function deleteEndpoint(ctx: Ctx, endpointId: string): Promise<Endpoint> {
  requireScope(ctx, 'admin');
  const row = await endEndpoint(ctx.db, endpointId, ctx.now);
  if (!row) throw notFound('/endpointId', 'webhook endpoint');
  return endpointOf(row);
}

/** Makes a further secret; the older one signs too for `overlapSeconds`, so a receiver changes over without a gap. */
export async function rotateSecret(
  ctx: Ctx,
  endpointId: string,
  overlapSeconds: number,
  idempotencyKey?: string,
): Promise<Once<EndpointWithSecret>> {
  requireScope(ctx, 'admin');
  return once(ctx, 'rotateWebhookSecret', idempotencyKey, { endpointId, overlapSeconds }, async (trx) => {
    const row = await lockEndpoint(trx, endpointId);
    if (!row) throw notFound('/endpointId', 'webhook endpoint');
    const secret = newSecret();
    const olderUntil = ctx.now.add({ seconds: overlapSeconds });
    await addSecret(trx, ctx.vault, endpointId, secret, { now: ctx.now, olderUntil });
    return { ...endpointOf(row), secret };
  });
}

/** Sends an event `webhook.test` at once, once, and says what the endpoint answered. Throws NOT_FOUND. */
export async function testEndpoint(ctx: Ctx, endpointId: string): Promise<TestResult> {
  requireScope(ctx, 'admin');
  const row = await requireEndpoint(ctx, endpointId);
  const secrets = await validSecrets(ctx.db, ctx.vault, endpointId, ctx.now);
  const body = bodyOf('webhook.test', ctx.now, { endpointId });
  const eventId = newId('evt', ctx.now.epochMilliseconds);
  const headers = signedHeaders(secrets, eventId, ctx.now, body);
  const { status, error } = await post(ctx.webhookTargets, new URL(row.url), headers, body);
  return { delivered: isSuccess(status), status, error };
}

/** Throws NOT_FOUND. */
export async function requireEndpoint(ctx: Ctx, endpointId: string): Promise<EndpointRow> {
  const row = await findEndpoint(ctx.db, endpointId);
  if (!row) throw notFound('/endpointId', 'webhook endpoint');
  return row;
}

function requireTarget(ctx: Ctx, url: string): void {
  const problem = problemOfUrl(ctx.webhookTargets, new URL(url));
  if (problem !== null) throw unprocessable('/url', 'INVALID_VALUE', problem);
}

function answerOf(row: EndpointRow): EndpointAnswer {
  return { endpoint: endpointOf(row), version: row.version };
}

function endpointOf(row: EndpointRow): Endpoint {
  return {
    endpointId: row.endpoint_id,
    url: row.url,
    description: row.description,
    eventTypes: row.event_types,
    enabled: row.enabled,
    disabledReason: row.disabled_reason as Endpoint['disabledReason'],
    pausedUntil: wireInstant(row.paused_until),
    createdAt: wireInstant(row.created_at),
    updatedAt: wireInstant(row.updated_at),
    deletedAt: wireInstant(row.deleted_at),
  };
}
