import { sql } from 'kysely';
import type { Trx } from '../db/database.ts';
import { newId } from '../ids.ts';
import { EVENTS, type NewEvent } from './events.ts';

/**
 * Writes events in the transaction of their effect, so that they are told if and only if it commits. Take the lock of the
 * subject first: events of one key are delivered in the order they are written in. Fields an event does not declare are
 * left out. Throws ZodError for data of another shape.
 */
export async function emitEvents(trx: Trx, now: Temporal.Instant, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return;
  const ids = events.map(() => newId('evt', now.epochMilliseconds));
  const data = events.map((event) => JSON.stringify(EVENTS[event.type].parse(event.data)));
  await sql`
    INSERT INTO outbox_events (event_id, type, subject_key, data, occurred_at)
    SELECT event_id, type, subject_key, data, ${now.toString()}
      FROM unnest(${ids}::text[], ${events.map(({ type }) => type)}::text[], ${events.map(({ key }) => key)}::text[],
                  ${data}::json[]) WITH ORDINALITY AS given (event_id, type, subject_key, data, position)
     ORDER BY position`.execute(trx);
}
