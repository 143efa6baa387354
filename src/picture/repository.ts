import { type Selectable, sql } from 'kysely';
import type {
  AccountChargesTable,
  AccountRateChangesTable,
  AccountsTable,
  CaseEntriesTable,
  CustomersTable,
  PaymentReversalsTable,
  PaymentsTable,
} from '../db/tables.ts';
import type { Ask } from './snapshot.ts';

/** Rows as JSON has them: instants as text, big integers as text, bytes as base64. */

export interface PartyDocument {
  readonly party_id: string;
  readonly role: string;
  readonly name_sealed: string;
  readonly social_credit_code_sealed: string | null;
}

export interface PointDocument {
  readonly contact_point_id: string;
  readonly party_id: string;
  readonly kind: string;
  readonly value_sealed: string;
  readonly line: string | null;
  readonly status: string;
  readonly place: string | null;
  readonly time_zones: string[];
  readonly verified_on: string | null;
  readonly provenance: Record<string, unknown> | null;
  readonly wrong_since: string | null;
  readonly shared: boolean;
}

export interface DirectiveDocument {
  readonly customer_id: string;
  readonly directive_id: string;
  readonly kind: string;
  readonly party_id: string | null;
  readonly contact_point_id: string | null;
  readonly account_id: string | null;
  readonly channel: string | null;
  readonly valid_from: string;
  readonly valid_until: string | null;
  readonly details: Record<string, unknown>;
  readonly recorded_at: string;
}

export interface DebtorRow extends Selectable<CustomersTable> {
  readonly parties: readonly PartyDocument[];
  readonly points: readonly PointDocument[];
  /** Those in force. */
  readonly directives: readonly DirectiveDocument[];
}

/** The records of one debtor, the one that was asked for first; none when there is no such customer. */
export async function findDebtor(ask: Ask, customerId: string, at: Temporal.Instant): Promise<DebtorRow[]> {
  return ask(sql<DebtorRow>`
    SELECT c.*,
      (SELECT coalesce(json_agg(json_build_object('party_id', p.party_id, 'role', p.role, 'name_sealed', encode(p.name_sealed, 'base64'),
                'social_credit_code_sealed', encode(p.social_credit_code_sealed, 'base64'))
                                ORDER BY p.position, p.party_id), '[]')
         FROM parties p WHERE p.customer_id = c.customer_id) AS parties,
      (SELECT coalesce(json_agg(json_build_object('contact_point_id', x.contact_point_id, 'party_id', x.party_id, 'kind', x.kind,
                'value_sealed', encode(x.value_sealed, 'base64'), 'line', x.line, 'status', x.status, 'place', x.place,
                'time_zones', x.time_zones, 'verified_on', x.verified_on, 'provenance', x.provenance, 'wrong_since', x.wrong_since,
                'shared', x.kind = 'phone' AND EXISTS (SELECT FROM contact_points o JOIN customers other ON other.customer_id = o.customer_id
                                   WHERE o.address_key = x.address_key AND other.debtor_key <> c.debtor_key))
                ORDER BY x.position, x.contact_point_id), '[]')
         FROM contact_points x WHERE x.customer_id = c.customer_id) AS points,
      (SELECT coalesce(json_agg(json_build_object('customer_id', d.customer_id, 'directive_id', d.directive_id, 'kind', d.kind,
                'party_id', d.party_id, 'contact_point_id', d.contact_point_id, 'account_id', d.account_id, 'channel', d.channel,
                'valid_from', d.valid_from, 'valid_until', d.valid_until, 'details', d.details, 'recorded_at', d.recorded_at)
                ORDER BY d.valid_from, d.directive_id), '[]')
         FROM directives d
        WHERE d.customer_id = c.customer_id AND d.valid_from <= ${at.toString()}::timestamptz
          AND coalesce(least(d.valid_until, d.ended_at), 'infinity') > ${at.toString()}::timestamptz) AS directives
      FROM customers c
     WHERE c.customer_id = ANY (whole_person(${customerId}))
     ORDER BY c.customer_id = ${customerId} DESC, c.customer_id`);
}

/** Contacts by a contact point that began in one quarter of an hour. */
export interface TallyRow {
  readonly customer_id: string;
  readonly contact_point_id: string;
  readonly quarter: Temporal.Instant;
  /** Outbound calls and visits, and those of them that reached the person. */
  readonly attempts: number;
  readonly right_party: number;
  readonly last_attempt_at: Temporal.Instant | null;
  readonly last_reached_at: Temporal.Instant | null;
}

/** Contacts since an instant with their outcomes as they are known now, added up so that a busy line costs no more. */
export async function tallyContacts(
  ask: Ask,
  customerIds: readonly string[],
  since: Temporal.Instant,
  now: Temporal.Instant,
): Promise<TallyRow[]> {
  return ask(sql<TallyRow>`
    SELECT customer_id, contact_point_id, date_bin('15 minutes', started_at, 'epoch') AS quarter,
           count(*) FILTER (WHERE direction = 'outbound' AND channel IN ('voice', 'visit'))::int AS attempts,
           count(*) FILTER (WHERE direction = 'outbound' AND channel IN ('voice', 'visit') AND outcome = 'conversation')::int AS right_party,
           max(started_at) FILTER (WHERE direction = 'outbound') AS last_attempt_at,
           max(started_at) FILTER (WHERE outcome = 'conversation') AS last_reached_at
      FROM (SELECT a.customer_id, a.contact_point_id, a.started_at, a.direction, a.channel,
                   coalesce((SELECT c.changes ->> 'outcome' FROM attempt_corrections c
                              WHERE c.customer_id = a.customer_id AND c.attempt_id = a.attempt_id AND c.changes ? 'outcome'
                              ORDER BY c.correction_no DESC LIMIT 1), a.outcome) AS outcome
              FROM attempts a
             WHERE a.customer_id = ANY (${customerIds}::text[]) AND a.contact_point_id IS NOT NULL
               AND a.started_at >= ${since.toString()}::timestamptz AND a.started_at <= ${now.toString()}::timestamptz) told
     GROUP BY customer_id, contact_point_id, quarter
     ORDER BY quarter`);
}

export interface StatementDocument {
  readonly statement_on: string;
  readonly version: number;
  readonly currency: string;
  readonly due_on: string;
  readonly recorded_at: string;
  /** previous, payments, charges, adjustments, interest, balance, minimum due, limit, balance of the statement before. */
  readonly amounts: readonly (string | null)[];
  readonly before_on: string | null;
}

export interface PaymentDocument {
  readonly paymentId: string;
  readonly amountMinor: string;
  readonly postedOn: string;
  readonly reversal: 'reversal' | 'chargeback' | null;
  readonly reversedOn: string | null;
}

export interface PictureAccountRow extends Selectable<AccountsTable> {
  readonly statements: readonly StatementDocument[];
  readonly payments: readonly PaymentDocument[];
  /** The states that its bucket depends on: all of an account that facts or time change, else those that differ. */
  readonly states: readonly { readonly as_of: string; readonly content: Record<string, unknown> }[];
  /** Null where there are none. */
  readonly facts: FactsDocument | null;
}

type InJson<T, K extends keyof T> = { readonly [Name in K]: T[Name] extends bigint ? string : T[Name] };

/** Facts as their rows have them, amounts as text. */
export interface FactsDocument {
  readonly payments: readonly InJson<
    Selectable<PaymentsTable>,
    'payment_id' | 'amount_minor' | 'posted_on' | 'details'
  >[];
  readonly reversals: readonly InJson<Selectable<PaymentReversalsTable>, 'payment_id' | 'kind' | 'reversed_on'>[];
  readonly charges: readonly InJson<
    Selectable<AccountChargesTable>,
    'charge_id' | 'kind' | 'amount_minor' | 'posted_on' | 'details'
  >[];
  readonly rateChanges: readonly InJson<
    Selectable<AccountRateChangesTable>,
    'change_id' | 'effective_from' | 'annual_rate' | 'daily_rate'
  >[];
}

/** At most 200 accounts in the order of their ids, each with its newest statements, payments and what its bucket depends on. */
export async function findPictureAccounts(
  ask: Ask,
  customerIds: readonly string[],
  { statesSince, graceAmount }: { readonly statesSince: Temporal.Instant; readonly graceAmount: string },
): Promise<PictureAccountRow[]> {
  return ask(sql<PictureAccountRow>`
    SELECT a.*, coalesce(st.statements, '[]') AS statements, coalesce(pay.payments, '[]') AS payments,
           coalesce(history.states, '[]') AS states, told.facts
      FROM (SELECT * FROM accounts WHERE customer_id = ANY (${customerIds}::text[]) ORDER BY account_id LIMIT 200) a
      LEFT JOIN LATERAL (
        SELECT json_agg(json_build_object('statement_on', s.statement_on, 'version', s.version, 'currency', s.currency, 'due_on', s.due_on,
                 'recorded_at', s.recorded_at, 'before_on', s.before_on, 'amounts', json_build_array(s.previous_balance_minor::text,
                 s.payments_total_minor::text, s.new_charges_minor::text, s.adjustments_minor::text, s.interest_minor::text,
                 s.statement_balance_minor::text, s.minimum_due_minor::text, s.credit_limit_minor::text, s.before_balance_minor::text))
                 ORDER BY s.statement_on DESC) AS statements
          FROM (SELECT n.*, lead(n.statement_on) OVER newest AS before_on, lead(n.statement_balance_minor) OVER newest AS before_balance_minor,
                       row_number() OVER newest AS no
                  FROM (SELECT * FROM account_statements x
                         WHERE x.customer_id = a.customer_id AND x.account_id = a.account_id AND x.superseded_at IS NULL
                         ORDER BY x.statement_on DESC LIMIT 4) n
                WINDOW newest AS (ORDER BY n.statement_on DESC)) s
         WHERE s.no <= 3) st ON true
      LEFT JOIN LATERAL (
        SELECT json_agg(json_build_object('paymentId', p.payment_id, 'amountMinor', p.amount_minor::text, 'postedOn', p.posted_on,
                 'reversal', r.kind, 'reversedOn', r.reversed_on) ORDER BY p.posted_on DESC, p.payment_id DESC) AS payments
          FROM (SELECT * FROM payments x WHERE x.customer_id = a.customer_id AND x.account_id = a.account_id
                 ORDER BY x.posted_on DESC, x.payment_id DESC LIMIT 5) p
          LEFT JOIN payment_reversals r USING (customer_id, account_id, payment_id)) pay ON true
      LEFT JOIN LATERAL (
        SELECT json_agg(json_build_object('as_of', as_of, 'content', content) ORDER BY no) AS states
          FROM (SELECT *, lag(ARRAY[since, within::text, grace_days::text]) OVER (ORDER BY no) AS before
                  FROM (SELECT s.as_of, s.content, s.content ->> 'pastDueSince' AS since, (s.content ->> 'graceDays')::int AS grace_days,
                               least((s.content ->> 'minimumPaymentDue')::numeric, owed.total)
                                 <= coalesce(s.content ->> 'graceAmount', ${graceAmount})::numeric AS within,
                               row_number() OVER (ORDER BY s.as_of) AS no
                          FROM (SELECT DISTINCT ON (x.as_of) x.as_of, x.content FROM account_snapshots x
                                 WHERE x.customer_id = a.customer_id AND x.account_id = a.account_id
                                   AND x.as_of >= ${statesSince.toString()}::timestamptz AND x.as_of <= a.as_of
                                 ORDER BY x.as_of, (x.as_of = a.as_of AND x.content_hash IS NOT DISTINCT FROM a.content_hash) DESC,
                                          x.recorded_at DESC) s
                         CROSS JOIN LATERAL (SELECT sum(part.value::numeric) AS total FROM jsonb_each_text(s.content -> 'balances') part) owed
                       ) told) changed
         WHERE no = 1 OR a.has_facts OR a.roll_on IS NOT NULL
            OR before IS DISTINCT FROM ARRAY[since, within::text, grace_days::text]) history ON true
      LEFT JOIN LATERAL (
        SELECT json_build_object(
          'payments', (SELECT coalesce(json_agg(json_build_object('payment_id', x.payment_id, 'amount_minor', x.amount_minor::text,
                                'posted_on', x.posted_on, 'details', x.details)), '[]')
                         FROM payments x WHERE x.customer_id = a.customer_id AND x.account_id = a.account_id),
          'reversals', (SELECT coalesce(json_agg(json_build_object('payment_id', x.payment_id, 'kind', x.kind, 'reversed_on', x.reversed_on)), '[]')
                          FROM payment_reversals x WHERE x.customer_id = a.customer_id AND x.account_id = a.account_id),
          'charges', (SELECT coalesce(json_agg(json_build_object('charge_id', x.charge_id, 'kind', x.kind, 'amount_minor', x.amount_minor::text,
                               'posted_on', x.posted_on, 'details', x.details)), '[]')
                        FROM account_charges x WHERE x.customer_id = a.customer_id AND x.account_id = a.account_id),
          'rateChanges', (SELECT coalesce(json_agg(json_build_object('change_id', x.change_id, 'effective_from', x.effective_from,
                                   'annual_rate', x.annual_rate::text, 'daily_rate', x.daily_rate::text)), '[]')
                            FROM account_rate_changes x WHERE x.customer_id = a.customer_id AND x.account_id = a.account_id)) AS facts
         WHERE a.has_facts) told ON true
     ORDER BY a.account_id`);
}

/** Of each of the kinds the newest `limit` in force at an instant, the newest first. */
export async function findEntriesInForce(
  ask: Ask,
  customerIds: readonly string[],
  kinds: readonly { readonly kind: string; readonly limit: number }[],
  at: Temporal.Instant,
): Promise<Selectable<CaseEntriesTable>[]> {
  return ask(sql<Selectable<CaseEntriesTable>>`
    SELECT e.*
      FROM unnest(${kinds.map(({ kind }) => kind)}::text[], ${kinds.map(({ limit }) => limit)}::int[]) AS wanted (kind, most)
     CROSS JOIN LATERAL (
        SELECT * FROM case_entries x
         WHERE x.customer_id = ANY (${customerIds}::text[]) AND x.kind = wanted.kind AND x.begins_at <= ${at.toString()}::timestamptz
           AND (x.ends_at IS NULL OR x.ends_at > ${at.toString()}::timestamptz)
         ORDER BY x.begins_at DESC, x.recorded_at DESC, x.entry_id DESC LIMIT wanted.most) e
     ORDER BY e.begins_at DESC, e.recorded_at DESC, e.entry_id DESC`);
}
