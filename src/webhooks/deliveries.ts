import { type Ctx, requireScope } from '../context.ts';
import { cursorOf, positionOf } from '../cursor.ts';
import { notFound } from '../errors.ts';
import { wireInstant } from '../validation.ts';
import { attemptsOf, type DeliveryRow, listDeliveryRows, replayRow, replaySince } from './repository.ts';
import type { Delivery, DeliveryPage, DeliveryQuery, DeliveryState } from './schemas.ts';
import { requireEndpoint } from './service.ts';

const LIST = 'webhook deliveries';

/** What was and will be sent to an endpoint, the newest event first, with every attempt. Throws NOT_FOUND. */
export async function listDeliveries(
  ctx: Ctx,
  endpointId: string,
  { state, type, limit, cursor }: DeliveryQuery,
): Promise<DeliveryPage> {
  requireScope(ctx, 'admin');
  await requireEndpoint(ctx, endpointId);
  const filters = { endpointId, state, type };
  const beforeSeq = cursor === undefined ? null : BigInt(positionOf(ctx.vault, LIST, filters, cursor));
  const rows = await listDeliveryRows(ctx.db, endpointId, filters, { beforeSeq, limit: limit + 1 });
  const page = rows.slice(0, limit);
  const last = rows.length > limit ? page.at(-1) : undefined;
  return {
    items: await deliveriesOf(ctx, endpointId, page),
    nextCursor: last === undefined ? null : cursorOf(ctx.vault, LIST, filters, String(last.seq)),
  };
}

/** Sends one event again, with its id, before later ones of its key that wait. Throws NOT_FOUND. */
export async function replayDelivery(ctx: Ctx, endpointId: string, eventId: string): Promise<Delivery> {
  requireScope(ctx, 'admin');
  await requireEndpoint(ctx, endpointId);
  const row = await replayRow(ctx.db, endpointId, eventId, ctx.now);
  if (!row) throw notFound('/eventId', 'delivery of this endpoint');
  const [delivery] = await deliveriesOf(ctx, endpointId, [row]);
  return delivery!;
}

/** Sends everything again since an instant (inclusive) that the endpoint's filter lets pass. Returns how many events. */
export async function replayEvents(ctx: Ctx, endpointId: string, since: string): Promise<{ replayed: number }> {
  requireScope(ctx, 'admin');
  const endpoint = await requireEndpoint(ctx, endpointId);
  return { replayed: await replaySince(ctx.db, endpoint, Temporal.Instant.from(since), ctx.now) };
}

async function deliveriesOf(ctx: Ctx, endpointId: string, rows: readonly DeliveryRow[]): Promise<Delivery[]> {
  const attempts = await attemptsOf(
    ctx.db,
    endpointId,
    rows.map((row) => row.event_id),
  );
  const logs = Map.groupBy(attempts, (attempt) => attempt.event_id);
  return rows.map((row) => ({
    eventId: row.event_id,
    type: row.type,
    key: row.subject_key,
    state: row.state as DeliveryState,
    attempts: row.attempts,
    nextAttemptAt: row.state === 'pending' ? wireInstant(row.next_attempt_at) : null,
    createdAt: wireInstant(row.created_at),
    finishedAt: wireInstant(row.finished_at),
    log: (logs.get(row.event_id) ?? []).map((attempt) => ({
      attemptedAt: wireInstant(attempt.attempted_at),
      durationMs: attempt.duration_ms,
      status: attempt.status,
      error: attempt.error,
    })),
  }));
}
