import { readableCollector } from '../collectors.ts';
import type { Ctx, Services } from '../context.ts';
import { cursorOf, positionOf } from '../cursor.ts';
import type { Sweep } from '../jobs/jobs.ts';
import { wireInstant } from '../validation.ts';
import { emitEvents } from '../webhooks/outbox.ts';
import { countUnreported, listUnreported, markUnreported, type Position, type ReservationRow } from './repository.ts';
import type { ReservationListQuery, ReservationPage } from './schemas.ts';

/** A call may still last when its permission to start ends, so an outcome has this long to come. */
export const UNREPORTED_AFTER_SECONDS = 3600;

/** Slots that were neither reported nor released, the oldest first; they keep counting until somebody does. */
export async function listReservations(ctx: Ctx, query: ReservationListQuery): Promise<ReservationPage> {
  const collectorId = readableCollector(ctx, query.collectorId);
  const { status, olderThanSeconds, limit, cursor } = query;
  const filters = { status, collectorId, olderThanSeconds };
  const after =
    cursor === undefined ? null : (JSON.parse(positionOf(ctx.vault, 'reservations', filters, cursor)) as Position);
  const filter = { collectorId, endedBy: ctx.now.subtract({ seconds: olderThanSeconds }) };
  const rows = await listUnreported(ctx.db, filter, after, limit + 1);
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(unreportedOf),
    total: await countUnreported(ctx.db, filter),
    nextCursor:
      rows.length > limit && last
        ? cursorOf(ctx.vault, 'reservations', filters, JSON.stringify(positionAt(last)))
        : null,
  };
}

function positionAt(row: ReservationRow): Position {
  return { expiresAt: row.expires_at.toString(), reservationId: row.reservation_id };
}

function unreportedOf(row: ReservationRow): ReservationPage['items'][number] {
  return {
    reservationId: row.reservation_id,
    decisionId: row.decision_id,
    customerId: row.customer_id,
    partyId: row.party_id,
    contactPointId: row.contact_point_id,
    channel: row.channel as ReservationPage['items'][number]['channel'],
    purpose: row.purpose as ReservationPage['items'][number]['purpose'],
    collectorId: row.collector_id,
    reservedAt: wireInstant(row.reserved_at),
    expiresAt: wireInstant(row.expires_at),
    unreportedAt: wireInstant(row.unreported_at!),
  };
}

const BATCH = 200;

/** Tells each unreported reservation once. Its slot is not touched: whoever was permitted may have dialled. */
export const unreportedReservations: Sweep = {
  name: 'unreported reservations',
  everySeconds: 30,
  run: async (services, _log, signal) => {
    while (!signal.aborted && (await tellUnreported(services)) === BATCH);
  },
};

async function tellUnreported({ db, clock }: Services): Promise<number> {
  const now = clock();
  const endedBy = now.subtract({ seconds: UNREPORTED_AFTER_SECONDS });
  return db.transaction().execute(async (trx) => {
    const rows = await markUnreported(trx, { now, endedBy, limit: BATCH });
    await emitEvents(
      trx,
      now,
      rows.map((row) => ({
        type: 'reservation.unreported',
        key: row.customer_id,
        data: {
          reservationId: row.reservation_id,
          decisionId: row.decision_id,
          customerId: row.customer_id,
          partyId: row.party_id,
          channel: row.channel,
          collectorId: row.collector_id,
          expiredAt: wireInstant(row.expires_at),
        },
      })),
    );
    return rows.length;
  });
}
