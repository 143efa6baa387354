import { sql } from 'kysely';
import type { Db } from '../db/database.ts';

/** What the relay takes and gives back. Several replicas may do so at once. */

const DISPATCH_ROWS = 500;
/** At a time, so that one endpoint does not take all the calls. */
const CLAIMS_PER_ENDPOINT = 10;
/** Longer than a call may last; the delivery of a process that died is taken up after it. */
const CLAIM_SECONDS = 60;

/** Deliveries that are put off at a time with the one they wait for; more would still wait, and be looked at in vain. */
const FOLLOWERS = 1000;

export interface Claim {
  readonly endpoint_id: string;
  readonly event_id: string;
  readonly seq: bigint;
  readonly type: string;
  readonly subject_key: string;
  readonly attempts: number;
  readonly url: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly occurred_at: Temporal.Instant;
}

/**
 * Makes the deliveries of the oldest events of the outbox. One process at a time, so that a later event of a subject never
 * has its deliveries before an earlier one. Returns true when there may be more.
 */
export async function dispatchEvents(db: Db, now: Temporal.Instant): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    const lock = await sql<{ taken: boolean }>`
      SELECT pg_try_advisory_xact_lock(hashtextextended('webhook dispatch', 0)) AS taken`.execute(trx);
    if (!lock.rows[0]?.taken) return false;
    const { rows } = await sql<{ count: bigint }>`
      WITH taken AS (
        UPDATE outbox_events SET dispatched_at = ${now.toString()}
         WHERE event_id IN (SELECT event_id FROM outbox_events WHERE dispatched_at IS NULL ORDER BY seq LIMIT ${DISPATCH_ROWS})
        RETURNING *
      ), made AS (
        INSERT INTO webhook_deliveries (endpoint_id, event_id, seq, type, subject_key, state, attempts, next_attempt_at, created_at)
        SELECT e.endpoint_id, t.event_id, t.seq, t.type, t.subject_key, 'pending', 0,
               -- Behind one that is put off, there is nothing to look at before.
               greatest(${now.toString()}, (SELECT d.next_attempt_at FROM webhook_deliveries d
                 WHERE d.endpoint_id = e.endpoint_id AND d.subject_key = t.subject_key AND d.state = 'pending'
                 ORDER BY d.seq LIMIT 1)),
               ${now.toString()}
          FROM taken t JOIN webhook_endpoints e
            ON e.enabled AND (e.event_types IS NULL OR t.type = ANY(e.event_types))
        ON CONFLICT DO NOTHING
      )
      SELECT count(*) FROM taken`.execute(trx);
    return Number(rows[0]!.count) === DISPATCH_ROWS;
  });
}

/**
 * Takes deliveries that are due, of each endpoint the first of a subject only, and counts the attempt. The first is found
 * by order and limit, here as below: a join on `seq <` would be planned on another index while the tables are young.
 */
export async function claimDeliveries(db: Db, now: Temporal.Instant): Promise<Claim[]> {
  const at = now.toString();
  const { rows } = await sql<Claim>`
    WITH due AS MATERIALIZED (
      SELECT c.* FROM webhook_endpoints e CROSS JOIN LATERAL (
        SELECT d.endpoint_id, d.event_id FROM webhook_deliveries d
         WHERE d.endpoint_id = e.endpoint_id AND d.state = 'pending' AND d.next_attempt_at <= ${at}
           AND d.seq = (SELECT earliest.seq FROM webhook_deliveries earliest
                         WHERE earliest.endpoint_id = d.endpoint_id AND earliest.subject_key = d.subject_key
                           AND earliest.state = 'pending' ORDER BY earliest.seq LIMIT 1)
         ORDER BY d.next_attempt_at LIMIT ${CLAIMS_PER_ENDPOINT} FOR UPDATE SKIP LOCKED) c
       WHERE e.enabled AND (e.paused_until IS NULL OR e.paused_until <= ${at})
    ), claimed AS (
      UPDATE webhook_deliveries d
         SET attempts = attempts + 1, next_attempt_at = ${at}::timestamptz + make_interval(secs => ${CLAIM_SECONDS})
        FROM due WHERE d.endpoint_id = due.endpoint_id AND d.event_id = due.event_id
      RETURNING d.*
    )
    SELECT c.endpoint_id, c.event_id, c.seq, c.type, c.subject_key, c.attempts, e.url, o.data, o.occurred_at
      FROM claimed c JOIN webhook_endpoints e USING (endpoint_id) JOIN outbox_events o USING (event_id)`.execute(db);
  return rows;
}

export interface Attempt {
  readonly startedAt: Temporal.Instant;
  readonly durationMs: number;
  /** Null when there was no answer. */
  readonly status: number | null;
  readonly error: string | null;
}

export interface Outcome {
  readonly state: 'pending' | 'delivered' | 'dead';
  readonly now: Temporal.Instant;
  /** When this delivery, or else the next of its subject, is due. */
  readonly next: Temporal.Instant;
}

/**
 * Writes down an attempt and ends its claim; those behind it wait as long as it does, or the next one is due. A success
 * always counts, a failure does not when the claim had run out and another process has taken it.
 */
export async function settle(
  db: Db,
  { endpoint_id, event_id, subject_key, seq, attempts }: Claim,
  attempt: Attempt,
  { state, now, next }: Outcome,
): Promise<void> {
  await sql`
    WITH logged AS (
      INSERT INTO webhook_attempts (endpoint_id, event_id, attempted_at, duration_ms, status, error)
      VALUES (${endpoint_id}, ${event_id}, ${attempt.startedAt.toString()}, ${attempt.durationMs}, ${attempt.status}, ${attempt.error})
    ), settled AS (
      UPDATE webhook_deliveries SET state = ${state}, next_attempt_at = ${next.toString()},
                                    finished_at = ${state === 'pending' ? null : now.toString()}
       WHERE endpoint_id = ${endpoint_id} AND event_id = ${event_id} AND state = 'pending'
         AND (attempts = ${attempts} OR ${state} = 'delivered')
      RETURNING event_id
    )
    UPDATE webhook_deliveries SET next_attempt_at = ${next.toString()}
     WHERE endpoint_id = ${endpoint_id} AND EXISTS (SELECT FROM settled) AND event_id IN (
       SELECT event_id FROM webhook_deliveries
        WHERE endpoint_id = ${endpoint_id} AND subject_key = ${subject_key} AND state = 'pending' AND seq > ${seq}
          AND attempts = 0
        ORDER BY seq LIMIT ${state === 'pending' ? FOLLOWERS : 1})`.execute(db);
}

/** Stops what is sent to an endpoint: until an instant, or for good when it is gone. */
export async function stopEndpoint(db: Db, endpointId: string, until: Temporal.Instant | 'gone'): Promise<void> {
  const stop = until === 'gone' ? { enabled: false, disabled_reason: 'gone' } : { paused_until: until.toString() };
  await db.updateTable('webhook_endpoints').set(stop).where('endpoint_id', '=', endpointId).execute();
}

/** A few rows per statement, so that none takes long. */
const DELETE_ROWS = 1000;

/** Removes events and all that was delivered of them, and endpoints that were deleted, before an instant. */
export async function removeOld(db: Db, before: Temporal.Instant, signal: AbortSignal): Promise<void> {
  for (let removed = DELETE_ROWS; removed === DELETE_ROWS && !signal.aborted; ) {
    const { numAffectedRows } = await sql`
      DELETE FROM outbox_events WHERE event_id IN (
        SELECT event_id FROM outbox_events WHERE occurred_at < ${before.toString()}
         ORDER BY occurred_at LIMIT ${DELETE_ROWS} FOR UPDATE SKIP LOCKED)`.execute(db);
    removed = Number(numAffectedRows);
  }
  await db
    .deleteFrom('webhook_endpoints')
    .where('deleted_at', '<', before.toString() as never)
    .execute();
}

export interface QueueFigures {
  readonly pending: number;
  readonly oldest: Temporal.Instant | null;
  readonly dead: number;
}

/** What is still to be delivered, to endpoints that are enabled, and what was given up. */
export async function queueFigures(db: Db): Promise<QueueFigures> {
  const { rows } = await sql<{ pending: bigint; oldest: Temporal.Instant | null; dead: bigint }>`
    SELECT waiting.*, (SELECT count(*) FROM webhook_deliveries WHERE state = 'dead') AS dead
      FROM (SELECT count(*) AS pending, min(d.created_at) AS oldest
              FROM webhook_deliveries d JOIN webhook_endpoints e USING (endpoint_id)
             WHERE d.state = 'pending' AND e.enabled) waiting`.execute(db);
  const { pending, oldest, dead } = rows[0]!;
  return { pending: Number(pending), oldest, dead: Number(dead) };
}
