import type { ClientBase, Pool } from 'pg';
import type { Channel, EventMarks } from '../rules/contact/facts.ts';
import type { Profile } from './profile.ts';

/** Whom and what a question is counted for; null fields were not given. */
export interface SubjectKey {
  readonly customerId: string;
  readonly partyId: string | null;
  readonly contactPointId: string | null;
  readonly addressKey: Buffer | null;
}

/** What is looked up for one question. */
export interface FactsKey extends SubjectKey {
  readonly clientId: string;
  /** Null where nothing is recorded, so that no earlier answer is looked for. */
  readonly requestId: string | null;
  /** Contacts from this instant on are read. */
  readonly sinceMs: number;
}

/** A bytea in PostgreSQL's text form, `\x` and hexadecimal digits: compared and sent back as it came. */
type KeyText = string;

/** One row per question, in the order asked; nulls mean "not there". */
export interface FactsRow {
  readonly profile: Profile | null;
  readonly profile_position: string | null;
  readonly debtor_key: KeyText | null;
  readonly person_key: KeyText | null;
  readonly contact_point_id: string | null;
  readonly address_key: KeyText | null;
  readonly person_events: readonly EventRow[] | null;
  readonly number_events: readonly EventRow[] | null;
  /** Keys of debtor and spouse; null when there is no spouse. */
  readonly household_keys: KeyText[] | null;
  readonly earlier_decision_id: string | null;
  readonly earlier_fingerprint: Buffer | null;
  readonly earlier_recorded_at: Temporal.Instant | null;
}

export type EventRow = [
  contactId: string,
  atMs: number,
  channel: Channel,
  outcome: string,
  direction: 'outbound' | 'inbound',
  collectorId: string,
  purpose: string,
  accountIds: readonly string[],
  marks: EventMarks | null,
];

// One JSON document of questions: to make and to read it costs less than as many arrays as there are columns.
const ASKED = `json_to_recordset($1::json) AS asked(n integer, customer_id text, party_id text, contact_point_id text,
    address_key bytea, client_id text, request_id text, since timestamptz)`;

// LATERAL with a LIMIT: looked up by key for each question, whatever the planner believed about the size of a table when
// it made its one plan; a join would scan the whole of a table that was empty then.
const PROFILE = `LEFT JOIN LATERAL (SELECT * FROM contact_profiles x WHERE x.customer_id = asked.customer_id LIMIT 1) c ON true`;
const NAMED_PARTY = `LEFT JOIN LATERAL (
    SELECT * FROM parties x WHERE x.customer_id = asked.customer_id AND x.party_id = asked.party_id LIMIT 1
  ) p ON true`;
const NAMED_POINT = `LEFT JOIN LATERAL (
    SELECT * FROM contact_points x WHERE x.customer_id = asked.customer_id AND x.contact_point_id = asked.contact_point_id LIMIT 1
  ) cp ON true`;
/** Also the contact point of the customer that has the address the dialer sent, the addressed party's first. */
const ANY_POINT = `LEFT JOIN LATERAL (
    SELECT * FROM contact_points x
    WHERE x.customer_id = asked.customer_id
      AND CASE WHEN asked.contact_point_id IS NULL THEN x.address_key = asked.address_key ELSE x.contact_point_id = asked.contact_point_id END
    ORDER BY x.party_id = coalesce(asked.party_id, (
      SELECT d.party_id FROM parties d WHERE d.customer_id = asked.customer_id AND d.role = 'debtor' LIMIT 1
    )) DESC, x.position LIMIT 1
  ) cp ON true`;
const EARLIER = `LEFT JOIN LATERAL (
    SELECT * FROM decision_requests x
    WHERE x.customer_id = asked.customer_id AND x.client_id = asked.client_id AND x.request_id = asked.request_id LIMIT 1
  ) r ON true`;

const EVENT = `json_build_array(b.contact_id, date_part('epoch', b.started_at) * 1000, b.channel, b.outcome, b.direction,
      b.collector_id, b.purpose, b.account_ids, b.marks)`;
const eventsOf = (key: string) =>
  `(SELECT json_agg(${EVENT}) FROM budget_entries b WHERE b.subject_key = ${key} AND b.started_at >= asked.since)`;

/** A statement and the name it is prepared under; parts that no question of a batch needs are left out of it. */
interface Statement {
  readonly name: string;
  readonly text: string;
}

const statements = new Map<string, Statement>();

function statementFor(what: 'facts' | 'lock', keys: readonly SubjectKey[], recorded: boolean): Statement {
  const party = keys.some(({ partyId }) => partyId !== null);
  const address = keys.some(({ addressKey }) => addressKey !== null);
  const name = `contact_${what}${party ? '_party' : ''}${address ? '_address' : ''}${recorded ? '_recorded' : ''}`;
  let statement = statements.get(name);
  if (statement === undefined) {
    const personKey = party
      ? 'CASE WHEN asked.party_id IS NULL THEN c.debtor_key ELSE p.person_key END'
      : 'c.debtor_key';
    const addressKey = address ? 'coalesce(cp.address_key, asked.address_key)' : 'cp.address_key';
    const from = `FROM ${ASKED} ${PROFILE} ${party ? NAMED_PARTY : ''} ${address ? ANY_POINT : NAMED_POINT}`;
    const text =
      what === 'lock'
        ? `/* lockContactSubjects */ SELECT lock_budget_subjects(array_agg(keys.key)) AS locked,
             json_agg(keys.key::text) FILTER (WHERE keys.key IS NOT NULL) AS keys
           FROM (SELECT unnest(ARRAY[c.debtor_key, ${personKey}, ${addressKey}]) AS key ${from}) keys`
        : `/* contactFacts */ SELECT asked.n, c.profile, c.position::text AS profile_position, c.debtor_key::text, (${personKey})::text AS person_key, cp.contact_point_id,
             (${addressKey})::text AS address_key, c.household_keys::text[], ${eventsOf(personKey)} AS person_events,
             ${eventsOf(addressKey)} AS number_events, ${
               recorded
                 ? 'r.decision_id AS earlier_decision_id, r.fingerprint AS earlier_fingerprint, r.recorded_at AS earlier_recorded_at'
                 : 'NULL AS earlier_decision_id'
             } ${from} ${recorded ? EARLIER : ''}`;
    statement = { name, text };
    statements.set(name, statement);
  }
  return statement;
}

function asked(keys: readonly (SubjectKey & Partial<FactsKey>)[]): string {
  return JSON.stringify(
    keys.map((key, n) => ({
      n,
      customer_id: key.customerId,
      party_id: key.partyId ?? undefined,
      contact_point_id: key.contactPointId ?? undefined,
      address_key: key.addressKey === null ? undefined : `\\x${key.addressKey.toString('hex')}`,
      client_id: key.requestId == null ? undefined : key.clientId,
      request_id: key.requestId ?? undefined,
      since: key.sinceMs === undefined ? undefined : new Date(key.sinceMs).toISOString(),
    })),
  );
}

/** Loads the facts of all questions. Within a transaction that holds their locks, nothing counted can be missing. */
export async function loadFacts(client: Pool | ClientBase, keys: readonly FactsKey[]): Promise<FactsRow[]> {
  const recorded = keys.some(({ requestId }) => requestId !== null);
  const result = await client.query<FactsRow & { n: number }>({
    ...statementFor('facts', keys, recorded),
    values: [asked(keys)],
  });
  const rows: FactsRow[] = [];
  for (const row of result.rows) rows[row.n] = row;
  return rows;
}

/** Contacts of these people together, from an instant on. */
export interface WantedEvents {
  readonly subjectKeys: readonly KeyText[];
  readonly sinceMs: number;
}

const OTHER_EVENTS = `/* contactsOfOthers */ SELECT (SELECT json_agg(${EVENT} ORDER BY b.started_at, b.contact_id)
    FROM budget_entries b WHERE b.subject_key = ANY (asked.keys) AND b.started_at >= asked.since) AS list
  FROM json_to_recordset($1::json) AS asked(n integer, keys bytea[], since timestamptz) ORDER BY asked.n`;

/** One list for each of the wanted, oldest first. */
export async function loadEvents(client: Pool | ClientBase, wanted: readonly WantedEvents[]): Promise<EventRow[][]> {
  const asked = wanted.map(({ subjectKeys, sinceMs }, n) => ({
    n,
    keys: subjectKeys,
    since: new Date(sinceMs).toISOString(),
  }));
  const result = await client.query<{ list: EventRow[] | null }>({
    name: 'contacts_of_others',
    text: OTHER_EVENTS,
    values: [JSON.stringify(asked)],
  });
  return result.rows.map(({ list }) => list ?? []);
}

/** Locks every person and number the questions are counted for, until the end of the transaction; returns their keys. */
export async function lockSubjects(client: ClientBase, keys: readonly SubjectKey[]): Promise<ReadonlySet<string>> {
  const result = await client.query<{ keys: string[] | null }>({
    ...statementFor('lock', keys, false),
    values: [asked(keys)],
  });
  return new Set(result.rows[0]?.keys ?? []);
}

/** A decision to be recorded, with the slot it takes when it reserves. */
export interface NewDecision {
  readonly customerId: string;
  readonly recordedAt: string;
  readonly decisionId: string;
  readonly clientId: string;
  readonly requestId: string | null;
  readonly fingerprint: Buffer;
  readonly mode: string;
  readonly permitted: boolean;
  readonly evaluatedAt: string;
  readonly policyVersion: string;
  readonly request: object;
  readonly facts: object;
  readonly answer: object;
  readonly engine: object;
  /** What it looked at: the version of the profile, and the number. */
  readonly profilePosition: string | null;
  readonly addressKey: KeyText | null;
  readonly reservation: NewReservation | null;
}

export interface NewReservation {
  readonly reservationId: string;
  readonly partyId: string;
  readonly contactPointId: string | null;
  readonly personKey: KeyText;
  readonly addressKey: KeyText | null;
  readonly accountIds: readonly string[];
  readonly channel: string;
  readonly purpose: string;
  readonly collectorKind: string;
  readonly collectorId: string;
  readonly expiresAt: string;
  readonly marks: EventMarks | null;
}

const DECISION_COLUMNS = {
  customer_id: 'text',
  recorded_at: 'timestamptz',
  decision_id: 'text',
  client_id: 'text',
  request_id: 'text',
  mode: 'text',
  permitted: 'boolean',
  evaluated_at: 'timestamptz',
  policy_version: 'text',
  reservation_id: 'text',
  request: 'json',
  facts: 'json',
  answer: 'json',
  engine: 'json',
  profile_position: 'bigint',
  address_key: 'bytea',
} as const;

/**
 * All effects of `count` decisions taken together, in one statement: what is long stands in parameters of its own, which
 * a column of type json keeps to the letter, and the keys, reservations and open slots in one small document.
 */
function recordStatement(count: number): Statement {
  const name = `record_decisions_${count}`;
  let statement = statements.get(name);
  if (statement === undefined) {
    const types = Object.values(DECISION_COLUMNS);
    const row = (index: number) =>
      `(${types.map((type, column) => `$${2 + index * types.length + column}::${type}`).join(', ')})`;
    const text = `/* recordDecisions */ WITH row AS MATERIALIZED (
        SELECT * FROM json_to_recordset($1::json) AS row(customer_id text, recorded_at timestamptz, decision_id text, client_id text,
          request_id text, fingerprint bytea, reservation_id text, party_id text, contact_point_id text, person_key bytea,
          address_key bytea, account_ids text[], channel text, purpose text, collector_kind text, collector_id text,
          expires_at timestamptz, marks json)
      ), decision AS (
        INSERT INTO decisions (${Object.keys(DECISION_COLUMNS).join(', ')}) VALUES ${Array.from({ length: count }, (_, index) => row(index)).join(', ')}
      ), natural_key AS (
        INSERT INTO decision_requests (customer_id, client_id, request_id, fingerprint, decision_id, recorded_at)
        SELECT customer_id, client_id, request_id, fingerprint, decision_id, recorded_at FROM row WHERE request_id IS NOT NULL
      ), reservation AS (
        INSERT INTO reservations (customer_id, reservation_id, decision_id, client_id, request_id, party_id, contact_point_id, person_key,
          address_key, account_ids, channel, purpose, collector_kind, collector_id, reserved_at, expires_at)
        SELECT customer_id, reservation_id, decision_id, client_id, request_id, party_id, contact_point_id, person_key, address_key,
          account_ids, channel, purpose, collector_kind, collector_id, recorded_at, expires_at FROM row WHERE reservation_id IS NOT NULL
      )
      INSERT INTO budget_entries (subject_key, started_at, contact_id, customer_id, account_ids, channel, direction, purpose, outcome, collector_id, marks)
      SELECT subject.key, recorded_at, reservation_id, customer_id, account_ids, channel, 'outbound', purpose, 'pending', collector_id, marks
      FROM row CROSS JOIN LATERAL (SELECT DISTINCT key FROM unnest(ARRAY[person_key, address_key]) AS key WHERE key IS NOT NULL) subject
      WHERE reservation_id IS NOT NULL`;
    statement = { name, text };
    statements.set(name, statement);
  }
  return statement;
}

/** Rows of one statement: with more, statements of ever other lengths would be prepared. */
const RECORDED_AT_ONCE = 32;

export async function recordDecisions(client: ClientBase, decisions: readonly NewDecision[]): Promise<void> {
  for (let first = 0; first < decisions.length; first += RECORDED_AT_ONCE)
    await recordSome(client, decisions.slice(first, first + RECORDED_AT_ONCE));
}

async function recordSome(client: ClientBase, decisions: readonly NewDecision[]): Promise<void> {
  const rows = decisions.map(({ reservation, ...decision }) => ({
    customer_id: decision.customerId,
    recorded_at: decision.recordedAt,
    decision_id: decision.decisionId,
    client_id: decision.clientId,
    request_id: decision.requestId ?? undefined,
    fingerprint: `\\x${decision.fingerprint.toString('hex')}`,
    ...(reservation && {
      reservation_id: reservation.reservationId,
      party_id: reservation.partyId,
      contact_point_id: reservation.contactPointId,
      person_key: reservation.personKey,
      address_key: reservation.addressKey,
      account_ids: reservation.accountIds,
      channel: reservation.channel,
      purpose: reservation.purpose,
      collector_kind: reservation.collectorKind,
      collector_id: reservation.collectorId,
      expires_at: reservation.expiresAt,
      marks: reservation.marks ?? undefined,
    }),
  }));
  const values: unknown[] = [JSON.stringify(rows)];
  for (const decision of decisions) {
    const { request, facts, answer, engine } = decision;
    values.push(
      decision.customerId,
      decision.recordedAt,
      decision.decisionId,
      decision.clientId,
      decision.requestId,
      decision.mode,
      decision.permitted,
      decision.evaluatedAt,
      decision.policyVersion,
      decision.reservation?.reservationId ?? null,
      JSON.stringify(request),
      JSON.stringify(facts),
      JSON.stringify(answer),
      JSON.stringify(engine),
      decision.profilePosition,
      decision.addressKey,
    );
  }
  await client.query({ ...recordStatement(decisions.length), values });
}
