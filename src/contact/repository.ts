import type { ClientBase, Pool } from 'pg';
import type { AccountStatus, Channel, ContactPointKind, DirectiveKind, Role } from '../rules/contact/facts.ts';

/** What is looked up for one question; null fields were not given. */
export interface FactsKey {
  readonly customerId: string;
  readonly partyId: string | null;
  readonly contactPointId: string | null;
  readonly addressKey: Buffer | null;
  readonly clientId: string;
  readonly requestId: string | null;
  readonly atMs: number;
  /** Contacts after these instants are read: of the addressee and the number, and of the debtor. */
  readonly sinceMs: number;
  readonly debtorSinceMs: number;
}

/** A bytea in PostgreSQL's text form, `\x` and hexadecimal digits: compared and sent back as it came. */
type KeyText = string;

/** One row per question, in the order asked. Lists are arrays in the order of the select below; nulls mean "not there". */
export interface FactsRow {
  readonly debtor_key: KeyText | null;
  readonly jurisdictions: string[];
  readonly time_zones: string[];
  readonly party_id: string | null;
  readonly role: Role;
  readonly person_key: KeyText;
  readonly contact_point_id: string | null;
  readonly contact_point_party_id: string | null;
  readonly kind: ContactPointKind;
  readonly status: 'active' | 'invalid';
  readonly place: 'home' | 'work' | null;
  readonly contact_point_zones: string[] | null;
  readonly wrong_since_ms: number | null;
  readonly address_key: KeyText | null;
  readonly debtor_has_valid_number: boolean;
  readonly accounts: [accountId: string, status: AccountStatus, pastDueSince: string | null][] | null;
  readonly directives: DirectiveRow[] | null;
  readonly person_events: EventRow[] | null;
  readonly number_events: EventRow[] | null;
  readonly debtor_events: EventRow[] | null;
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
];
export type DirectiveRow = [
  directiveId: string,
  kind: DirectiveKind,
  partyId: string | null,
  contactPointId: string | null,
  accountId: string | null,
  channel: Channel | null,
  fromMs: number,
  untilMs: number | null,
  details: Record<string, unknown>,
];

const ASKED = `unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::text[], $6::text[], $7::timestamptz[],
    $8::timestamptz[], $9::timestamptz[])
  WITH ORDINALITY AS asked(customer_id, party_id, contact_point_id, address_key, client_id, request_id, at, since, debtor_since, n)`;

// LATERAL with a LIMIT: looked up by key for each question, whatever the planner believed about the size of a table when
// it made its one plan; a join would scan the whole of a table that was empty then.
const WHO = `LEFT JOIN LATERAL (SELECT * FROM customers x WHERE x.customer_id = asked.customer_id LIMIT 1) c ON true
  LEFT JOIN LATERAL (
    SELECT * FROM parties x
    WHERE x.customer_id = asked.customer_id
      AND CASE WHEN asked.party_id IS NULL THEN x.role = 'debtor' ELSE x.party_id = asked.party_id END
    LIMIT 1
  ) p ON true
  LEFT JOIN LATERAL (
    SELECT * FROM contact_points x
    WHERE x.customer_id = asked.customer_id
      AND CASE WHEN asked.contact_point_id IS NULL THEN x.address_key = asked.address_key ELSE x.contact_point_id = asked.contact_point_id END
    ORDER BY x.party_id = p.party_id DESC, x.position LIMIT 1
  ) cp ON true`;

const events = (subject: string, alias: string, since: string, condition = 'true') => `LEFT JOIN LATERAL (
    SELECT json_agg(json_build_array(b.contact_id, date_part('epoch', b.started_at) * 1000, b.channel, b.outcome, b.direction, b.collector_id)
      ORDER BY b.started_at, b.contact_id) AS list
    FROM budget_entries b WHERE b.subject_key = ${subject} AND b.started_at > ${since} AND ${condition}
  ) ${alias} ON true`;

/** Everything decisions read, for all questions that arrived together, in one statement by primary keys. */
const FACTS = `/* contactFacts */ SELECT c.debtor_key::text, to_json(c.jurisdictions) AS jurisdictions, to_json(c.time_zones) AS time_zones,
    p.party_id, p.role, p.person_key::text,
    cp.contact_point_id, cp.party_id AS contact_point_party_id, cp.kind, cp.status, cp.place, to_json(cp.time_zones) AS contact_point_zones,
    date_part('epoch', cp.wrong_since) * 1000 AS wrong_since_ms, coalesce(cp.address_key, asked.address_key)::text AS address_key,
    p.role = 'debtor' OR EXISTS (
      SELECT 1 FROM parties dp JOIN contact_points dc ON dc.customer_id = dp.customer_id AND dc.party_id = dp.party_id
      WHERE dp.customer_id = asked.customer_id AND dp.role = 'debtor' AND dc.kind = 'phone' AND dc.status = 'active' AND dc.wrong_since IS NULL
    ) AS debtor_has_valid_number,
    a.list AS accounts, d.list AS directives, pe.list AS person_events, ne.list AS number_events, de.list AS debtor_events,
    r.decision_id AS earlier_decision_id, r.fingerprint AS earlier_fingerprint, r.recorded_at AS earlier_recorded_at
  FROM ${ASKED} ${WHO}
  LEFT JOIN LATERAL (
    SELECT json_agg(json_build_array(x.account_id, x.status, x.past_due_since) ORDER BY x.account_id) AS list FROM accounts x WHERE x.customer_id = asked.customer_id
  ) a ON true
  LEFT JOIN LATERAL (
    SELECT json_agg(json_build_array(x.directive_id, x.kind, x.party_id, x.contact_point_id, x.account_id, x.channel,
      date_part('epoch', x.valid_from) * 1000, date_part('epoch', least(x.valid_until, x.ended_at)) * 1000, x.details) ORDER BY x.directive_id) AS list
    FROM directives x
    WHERE x.customer_id = asked.customer_id AND coalesce(least(x.valid_until, x.ended_at), 'infinity') > asked.at
  ) d ON true
  ${events('p.person_key', 'pe', 'asked.since')}
  ${events('coalesce(cp.address_key, asked.address_key)', 'ne', 'asked.since')}
  ${events('c.debtor_key', 'de', 'asked.debtor_since', "p.role <> 'debtor'")}
  LEFT JOIN LATERAL (
    SELECT * FROM decision_requests x
    WHERE x.customer_id = asked.customer_id AND x.client_id = asked.client_id AND x.request_id = asked.request_id
    LIMIT 1
  ) r ON true
  ORDER BY asked.n`;

const LOCK = `/* lockContactSubjects */ SELECT lock_budget_subjects(array_agg(keys.key)) AS locked,
    json_agg(keys.key::text) FILTER (WHERE keys.key IS NOT NULL) AS keys
  FROM (
    SELECT unnest(ARRAY[c.debtor_key, p.person_key, coalesce(cp.address_key, asked.address_key)]) AS key
    FROM ${ASKED} ${WHO}
  ) keys`;

function columns(keys: readonly FactsKey[]): unknown[] {
  const instants = (pick: (key: FactsKey) => number) => keys.map((key) => new Date(pick(key)).toISOString());
  return [
    keys.map((key) => key.customerId),
    keys.map((key) => key.partyId),
    keys.map((key) => key.contactPointId),
    keys.map((key) => key.addressKey),
    keys.map((key) => key.clientId),
    keys.map((key) => key.requestId),
    instants((key) => key.atMs),
    instants((key) => key.sinceMs),
    instants((key) => key.debtorSinceMs),
  ];
}

/** Loads the facts of all questions. Within a transaction that holds their locks, nothing counted can be missing. */
export async function loadFacts(client: Pool | ClientBase, keys: readonly FactsKey[]): Promise<FactsRow[]> {
  const result = await client.query<FactsRow>({ name: 'contact_facts', text: FACTS, values: columns(keys) });
  return result.rows;
}

/** Locks every person and number the questions are counted for, until the end of the transaction; returns their keys. */
export async function lockSubjects(client: ClientBase, keys: readonly FactsKey[]): Promise<ReadonlySet<string>> {
  const result = await client.query<{ keys: string[] | null }>({
    name: 'lock_contact_subjects',
    text: LOCK,
    values: columns(keys),
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
}

/**
 * All effects of the decisions taken together, in one statement over one JSON document. A column of type json keeps the
 * very text that was sent, so facts and answer stand in the table as they were written.
 */
const RECORD = `/* recordDecisions */ WITH row AS MATERIALIZED (
    SELECT * FROM json_to_recordset($1::json) AS row(customer_id text, recorded_at timestamptz, decision_id text, client_id text,
      request_id text, fingerprint bytea, mode text, permitted boolean, evaluated_at timestamptz, policy_version text, request json,
      facts json, answer json, engine json, reservation_id text, party_id text, contact_point_id text, person_key bytea,
      address_key bytea, account_ids text[], channel text, purpose text, collector_kind text, collector_id text, expires_at timestamptz)
  ), decision AS (
    INSERT INTO decisions (customer_id, recorded_at, decision_id, client_id, request_id, mode, permitted, evaluated_at, policy_version,
      reservation_id, request, facts, answer, engine)
    SELECT customer_id, recorded_at, decision_id, client_id, request_id, mode, permitted, evaluated_at, policy_version, reservation_id,
      request, facts, answer, engine FROM row
  ), natural_key AS (
    INSERT INTO decision_requests (customer_id, client_id, request_id, fingerprint, decision_id, recorded_at)
    SELECT customer_id, client_id, request_id, fingerprint, decision_id, recorded_at FROM row WHERE request_id IS NOT NULL
  ), reservation AS (
    INSERT INTO reservations (customer_id, reservation_id, decision_id, client_id, request_id, party_id, contact_point_id, person_key,
      address_key, account_ids, channel, purpose, collector_kind, collector_id, reserved_at, expires_at)
    SELECT customer_id, reservation_id, decision_id, client_id, request_id, party_id, contact_point_id, person_key, address_key,
      account_ids, channel, purpose, collector_kind, collector_id, recorded_at, expires_at FROM row WHERE reservation_id IS NOT NULL
  )
  INSERT INTO budget_entries (subject_key, started_at, contact_id, customer_id, account_ids, channel, direction, purpose, outcome, collector_id)
  SELECT subject.key, recorded_at, reservation_id, customer_id, account_ids, channel, 'outbound', purpose, 'pending', collector_id
  FROM row CROSS JOIN LATERAL (SELECT DISTINCT key FROM unnest(ARRAY[person_key, address_key]) AS key WHERE key IS NOT NULL) subject
  WHERE reservation_id IS NOT NULL`;

export async function recordDecisions(client: ClientBase, decisions: readonly NewDecision[]): Promise<void> {
  const rows = decisions.map(({ reservation, ...decision }) => ({
    customer_id: decision.customerId,
    recorded_at: decision.recordedAt,
    decision_id: decision.decisionId,
    client_id: decision.clientId,
    request_id: decision.requestId,
    fingerprint: `\\x${decision.fingerprint.toString('hex')}`,
    mode: decision.mode,
    permitted: decision.permitted,
    evaluated_at: decision.evaluatedAt,
    policy_version: decision.policyVersion,
    request: decision.request,
    facts: decision.facts,
    answer: decision.answer,
    engine: decision.engine,
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
    }),
  }));
  await client.query({ name: 'record_decisions', text: RECORD, values: [JSON.stringify(rows)] });
}
