import type { Services } from '../context.ts';
import type { Trx } from '../db/database.ts';
import { newId } from '../ids.ts';
import type { Sweep } from '../jobs/jobs.ts';
import { wireInstant } from '../validation.ts';
import type { NewEvent } from '../webhooks/events.ts';
import { emitEvents } from '../webhooks/outbox.ts';
import {
  addEvidence,
  findSameContact,
  insertIncident,
  type LateAttempt,
  lockCollector,
  takeLateAttempts,
  type UnpermittedContact,
} from './repository.ts';

/**
 * Makes an incident of each contact of one source and tells it in the same transaction; a contact that another source has
 * shown before adds its evidence to that incident instead. Needs `lockCollector`. Returns the incidents' ids in the order given.
 */
export async function recordIncidents(
  trx: Trx,
  now: Temporal.Instant,
  contacts: readonly UnpermittedContact[],
): Promise<string[]> {
  const incidentIds: string[] = [];
  const events: NewEvent[] = [];
  for (const contact of contacts) {
    const known = await findSameContact(trx, contact, incidentIds);
    const incidentId = known?.incident_id ?? newId('inc', now.epochMilliseconds);
    incidentIds.push(incidentId);
    if (known) {
      await addEvidence(trx, known, contact);
    } else {
      await insertIncident(trx, incidentId, contact, now);
      events.push(incidentEvent(incidentId, contact));
    }
  }
  await emitEvents(trx, now, events);
  return incidentIds;
}

function incidentEvent(incidentId: string, contact: UnpermittedContact): NewEvent {
  const { kind, customerId, collectorId, channel, attemptId, reservationId } = contact;
  return {
    type: 'contact.without_permission',
    key: customerId,
    data: {
      incidentId,
      kind,
      customerId,
      collectorId,
      channel,
      attemptId,
      reservationId,
      startedAt: wireInstant(contact.occurredAt),
    },
  };
}

const BATCH = 200;

/** Makes an incident of each attempt that was reported and that no live reservation covered. */
export const lateAttempts: Sweep = {
  name: 'attempts without permission',
  everySeconds: 10,
  run: async (services, _log, signal) => {
    while (!signal.aborted && (await examineLateAttempts(services)) === BATCH);
  },
};

async function examineLateAttempts({ db, clock }: Services): Promise<number> {
  const now = clock();
  return db.transaction().execute(async (trx) => {
    const attempts = await takeLateAttempts(trx, BATCH);
    // In one order for everybody, so that nobody waits for whom it keeps waiting.
    for (const collectorId of [...new Set(attempts.map((attempt) => attempt.collector_id))].sort())
      await lockCollector(trx, collectorId);
    await recordIncidents(trx, now, attempts.map(contactOf));
    await emitEvents(trx, now, attempts.map(lateReportOf));
    return attempts.length;
  });
}

function contactOf(attempt: LateAttempt): UnpermittedContact {
  return {
    kind: attempt.reservation_id === null ? 'reported_without_permission' : 'late',
    collectorId: attempt.collector_id,
    customerId: attempt.customer_id,
    addressKey: attempt.address_key,
    channel: attempt.channel,
    occurredAt: attempt.started_at,
    attemptId: attempt.attempt_id,
    reservationId: attempt.reservation_id,
    decisionId: attempt.decision_id,
    source: null,
  };
}

function lateReportOf(attempt: LateAttempt): NewEvent {
  return {
    type: 'reservation.reported_late',
    key: attempt.customer_id,
    data: {
      reservationId: attempt.reservation_id,
      attemptId: attempt.attempt_id,
      customerId: attempt.customer_id,
      partyId: attempt.party_id,
      channel: attempt.channel,
      collectorId: attempt.collector_id,
      startedAt: wireInstant(attempt.started_at),
    },
  };
}
