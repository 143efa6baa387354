import { type Selectable, sql } from 'kysely';
import { currentOutcome, stateOf } from '../attempts/answer.ts';
import { type CountableAttempt, type Counted, countedAs } from '../attempts/counted.ts';
import type { Contact, CountedContact } from '../attempts/ledger.ts';
import type { AttemptRow, CorrectionRow } from '../attempts/repository.ts';
import type { Trx } from '../db/database.ts';
import type { DecisionsTable, ReservationsTable } from '../db/tables.ts';
import { type ContactFacts, marksOf } from '../rules/contact/facts.ts';

export type DecisionRow = Selectable<DecisionsTable>;

/** When something became known: its place in the ledger; of what an earlier release recorded, its instant alone. */
export interface Place {
  readonly position: bigint | null;
  readonly recordedAt: Temporal.Instant;
}

/** True when the decision could know it. */
export function wasKnownTo(row: Pick<DecisionRow, 'position' | 'recorded_at'>, place: Place): boolean {
  return place.position === null || row.position === null
    ? Temporal.Instant.compare(place.recordedAt, row.recorded_at) <= 0
    : place.position < row.position;
}

/** An attempt with everything that was told of it, the report first. */
export interface TracedAttempt {
  readonly contact: Contact;
  readonly reservationId: string | null;
  readonly clientId: string;
  readonly told: readonly { readonly place: Place; readonly counted: Counted }[];
}

/** A slot, and what ended it. */
export interface TracedSlot {
  readonly contact: CountedContact;
  readonly decisionId: string;
  /** That of its decision. */
  readonly place: Place;
  readonly released: Place | null;
  /** The attempt that told its outcome. */
  readonly reported: { readonly place: Place; readonly startedAt: Temporal.Instant } | null;
}

const hex = (key: Buffer) => key.toString('hex');
const bytes = (keys: readonly string[]) => keys.map((key) => Buffer.from(key, 'hex'));

/** Everything that was ever counted for these people and numbers, named by their keys of now, in hex. */
export async function contactsOf(
  trx: Trx,
  keys: readonly string[],
): Promise<{ readonly attempts: readonly TracedAttempt[]; readonly slots: readonly TracedSlot[] }> {
  const attempts = await attemptsOf(trx, keys);
  return { attempts, slots: await slotsOf(trx, keys, attempts) };
}

async function attemptsOf(trx: Trx, keys: readonly string[]): Promise<TracedAttempt[]> {
  const { rows } = await sql<AttemptRow>`
    SELECT a.* FROM attempts a
      JOIN (SELECT DISTINCT customer_id, started_at, contact_id FROM budget_entries WHERE subject_key = ANY(${bytes(keys)}::bytea[])) e
        ON a.customer_id = e.customer_id AND a.started_at = e.started_at AND a.attempt_id = e.contact_id`.execute(trx);
  const { rows: corrections } = await sql<CorrectionRow>`
    SELECT c.* FROM attempt_corrections c
      JOIN unnest(${rows.map((row) => row.customer_id)}::text[], ${rows.map((row) => row.attempt_id)}::text[]) AS of (customer_id, attempt_id)
        USING (customer_id, attempt_id)
     ORDER BY c.correction_no`.execute(trx);
  const of = Map.groupBy(corrections, (correction) => correction.attempt_id);
  return rows.map((row) => tracedOf(row, of.get(row.attempt_id) ?? []));
}

function tracedOf(row: AttemptRow, corrections: readonly CorrectionRow[]): TracedAttempt {
  const places = [row, ...corrections].map(({ position, recorded_at }) => ({ position, recordedAt: recorded_at }));
  return {
    contact: contactOf(row, row.attempt_id, row.started_at, row.direction),
    reservationId: row.reservation_id,
    clientId: row.client_id,
    told: places.map((place, index) => ({ place, counted: countedAfter(row, corrections.slice(0, index)) })),
  };
}

function countedAfter(row: AttemptRow, corrections: readonly CorrectionRow[]): Counted {
  return countedAs({
    ...(stateOf(row, corrections) as Partial<CountableAttempt>),
    outcome: currentOutcome(row, corrections),
    accountIds: row.account_ids,
  });
}

type ContactRow = Pick<
  AttemptRow,
  'customer_id' | 'person_key' | 'address_key' | 'contact_point_id' | 'channel' | 'purpose' | 'collector_id'
>;

function contactOf(row: ContactRow, id: string, startedAt: Temporal.Instant, direction: string): Contact {
  return {
    id,
    customerId: row.customer_id,
    person: hex(row.person_key),
    address: row.address_key === null ? null : hex(row.address_key),
    contactPointId: row.contact_point_id,
    startedAt,
    channel: row.channel,
    direction,
    purpose: row.purpose,
    collectorId: row.collector_id,
  };
}

interface SlotRow extends Selectable<ReservationsTable> {
  readonly decided_position: bigint | null;
  /** What marks are made of. */
  readonly decided_facts: Pick<ContactFacts, 'request' | 'contactPoint'>;
  readonly told_position: bigint | null;
  readonly told_at: Temporal.Instant | null;
  readonly called_at: Temporal.Instant | null;
}

/** Open slots are in the budgets; those that have ended are found by their attempt, or by whom they were for. */
async function slotsOf(trx: Trx, keys: readonly string[], attempts: readonly TracedAttempt[]): Promise<TracedSlot[]> {
  const settled = attempts.filter(({ reservationId }) => reservationId !== null);
  const { rows } = await sql<SlotRow>`
    WITH found AS (
      SELECT customer_id, contact_id AS reservation_id FROM budget_entries
       WHERE subject_key = ANY(${bytes(keys)}::bytea[]) AND outcome = 'pending'
      UNION SELECT * FROM unnest(${settled.map(({ contact }) => contact.customerId)}::text[],
        ${settled.map(({ reservationId }) => reservationId)}::text[])
      UNION SELECT customer_id, reservation_id FROM reservations
       WHERE released_at IS NOT NULL AND person_key = ANY(${bytes(keys)}::bytea[])
      UNION SELECT customer_id, reservation_id FROM reservations
       WHERE released_at IS NOT NULL AND address_key = ANY(${bytes(keys)}::bytea[])
    )
    SELECT r.*, d.position AS decided_position,
      json_build_object('request', d.facts -> 'request', 'contactPoint', d.facts -> 'contactPoint') AS decided_facts,
      a.position AS told_position, a.recorded_at AS told_at, a.started_at AS called_at
      FROM found JOIN reservations r USING (customer_id, reservation_id)
      JOIN decisions d ON d.customer_id = r.customer_id AND d.recorded_at = r.reserved_at AND d.decision_id = r.decision_id
      LEFT JOIN attempt_directory x ON x.attempt_id = r.attempt_id
      LEFT JOIN attempts a ON a.customer_id = x.customer_id AND a.started_at = x.started_at AND a.attempt_id = x.attempt_id`.execute(
    trx,
  );
  return rows.map(slotOf);
}

function slotOf(row: SlotRow): TracedSlot {
  const counted = { outcome: 'pending', accountIds: row.account_ids, marks: marksOf(row.decided_facts) };
  return {
    contact: {
      ...contactOf(row, row.reservation_id, row.reserved_at, 'outbound'),
      counted,
      misdirected: false,
    },
    decisionId: row.decision_id,
    place: { position: row.decided_position, recordedAt: row.reserved_at },
    released: row.released_at && { position: row.released_position, recordedAt: row.released_at },
    reported:
      row.told_at && row.called_at
        ? { place: { position: row.told_position, recordedAt: row.told_at }, startedAt: row.called_at }
        : null,
  };
}
