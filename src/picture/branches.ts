import { type RawBuilder, sql } from 'kysely';
import { TIMELINE_KINDS, type TimelineKind } from './schemas.ts';

/** The rows a kind of event is made of, called `e`, one per event. */
interface Branch {
  readonly from: RawBuilder<unknown>;
  /** When it happened: an instant, or the day in the bank's zone. */
  readonly at: RawBuilder<unknown> | { readonly day: RawBuilder<unknown> };
  /** Unique among the events of the kind. */
  readonly key: RawBuilder<unknown>;
  readonly id: RawBuilder<unknown>;
  readonly where?: RawBuilder<unknown>;
  /** Text array. */
  readonly accounts?: RawBuilder<unknown>;
  readonly collector?: RawBuilder<unknown>;
  /** Ids, states and amounts; free texts may name people and stay out. An amount is in minor units, with its currency. */
  readonly summary: RawBuilder<unknown>;
}

const ownAccount = sql`ARRAY[e.account_id]`;
const knownAccount = sql`CASE WHEN e.account_id IS NULL THEN '{}'::text[] ELSE ARRAY[e.account_id] END`;
const withCurrency = (table: string) =>
  sql`${sql.table(table)} e JOIN accounts a ON a.customer_id = e.customer_id AND a.account_id = e.account_id`;

const directive = {
  from: sql`directives e`,
  key: sql`e.customer_id || '/' || e.directive_id`,
  id: sql`e.directive_id`,
  accounts: knownAccount,
  summary: sql`jsonb_build_object('kind', e.kind, 'partyId', e.party_id, 'contactPointId', e.contact_point_id, 'channel', e.channel)`,
};
const caseEntry = {
  from: sql`case_entries e`,
  key: sql`e.customer_id || '/' || e.entry_id`,
  id: sql`e.entry_id`,
  accounts: knownAccount,
  collector: sql`e.collector_id`,
};
const reservation = {
  from: sql`reservations e`,
  key: sql`e.reservation_id`,
  id: sql`e.reservation_id`,
  accounts: sql`e.account_ids`,
  collector: sql`e.collector_id`,
  summary: sql`jsonb_build_object('channel', e.channel, 'partyId', e.party_id, 'contactPointId', e.contact_point_id,
    'decisionId', e.decision_id, 'attemptId', e.attempt_id)`,
};
// A merge is told once, also when both customers are of the timeline.
const merge = {
  from: sql`customer_merges e`,
  key: sql`e.merge_id`,
  id: sql`e.merge_id`,
  summary: sql`jsonb_build_object('survivorId', e.survivor_id, 'mergedId', e.merged_id, 'ruleVersion', e.rule_version)`,
};

export const BRANCHES: Readonly<Record<TimelineKind, Branch>> = {
  decision: {
    from: sql`decisions e`,
    at: sql`e.recorded_at`,
    key: sql`e.decision_id`,
    id: sql`e.decision_id`,
    accounts: sql`ARRAY(SELECT json_array_elements_text(CASE json_typeof(e.request -> 'accountIds') WHEN 'array' THEN e.request -> 'accountIds' ELSE '[]' END))`,
    collector: sql`e.request -> 'collector' ->> 'id'`,
    summary: sql`jsonb_build_object('mode', e.mode, 'permitted', e.permitted, 'reasonCode', e.answer ->> 'reasonCode',
      'channel', e.request ->> 'channel', 'purpose', e.request ->> 'purpose', 'policyVersion', e.policy_version,
      'reservationId', e.reservation_id)`,
  },
  contact_attempt: {
    from: sql`attempts e`,
    at: sql`e.started_at`,
    key: sql`e.attempt_id`,
    id: sql`e.attempt_id`,
    accounts: sql`e.account_ids`,
    collector: sql`e.collector_id`,
    summary: sql`jsonb_build_object('channel', e.channel, 'direction', e.direction, 'purpose', e.purpose,
      'outcome', coalesce((SELECT c.changes ->> 'outcome' FROM attempt_corrections c
                            WHERE c.customer_id = e.customer_id AND c.attempt_id = e.attempt_id AND c.changes ? 'outcome'
                            ORDER BY c.correction_no DESC LIMIT 1), e.outcome),
      'partyId', e.party_id, 'contactPointId', e.contact_point_id, 'automated', e.automated, 'late', e.late)`,
  },
  attempt_corrected: {
    from: sql`attempt_corrections e`,
    at: sql`e.recorded_at`,
    key: sql`e.attempt_id || '/' || e.correction_no`,
    id: sql`e.attempt_id`,
    summary: sql`jsonb_build_object('correctionNo', e.correction_no, 'outcome', e.changes ->> 'outcome')`,
  },
  reservation_released: {
    ...reservation,
    at: sql`e.released_at`,
    where: sql`e.released_at IS NOT NULL`,
  },
  reservation_unreported: {
    ...reservation,
    at: sql`e.unreported_at`,
    where: sql`e.unreported_at IS NOT NULL`,
  },
  call_record: {
    from: sql`call_records e`,
    at: sql`e.started_at`,
    key: sql`e.upload_id || '/' || e.row_no`,
    id: sql`e.upload_id || ':' || e.row_no`,
    collector: sql`e.collector_id`,
    summary: sql`jsonb_build_object('source', e.source, 'result', e.result, 'direction', e.direction,
      'durationSeconds', e.duration_seconds, 'contactPointId', e.contact_point_id, 'attemptId', e.attempt_id)`,
  },
  incident: {
    from: sql`incidents e`,
    at: sql`e.occurred_at`,
    key: sql`e.incident_id`,
    id: sql`e.incident_id`,
    collector: sql`e.collector_id`,
    summary: sql`jsonb_build_object('kind', e.kind, 'status', e.status, 'channel', e.channel, 'attemptId', e.attempt_id)`,
  },
  directive_begun: { ...directive, at: sql`e.valid_from` },
  directive_ended: {
    ...directive,
    at: sql`least(e.valid_until, e.ended_at)`,
  },
  case_entry_begun: {
    ...caseEntry,
    at: sql`e.begins_at`,
    summary: sql`jsonb_build_object('kind', e.kind)`,
  },
  case_entry_ended: {
    ...caseEntry,
    at: sql`e.ends_at`,
    where: sql`e.ends_at IS NOT NULL`,
    summary: sql`jsonb_build_object('kind', e.kind, 'outcome', e.outcome)`,
  },
  statement: {
    from: sql`account_statements e`,
    at: { day: sql`e.statement_on` },
    where: sql`e.superseded_at IS NULL`,
    key: sql`e.account_id`,
    id: sql`e.statement_on::text`,
    accounts: ownAccount,
    summary: sql`jsonb_build_object('amountMinor', e.statement_balance_minor::text, 'currency', e.currency, 'dueOn', e.due_on, 'version', e.version)`,
  },
  charge: {
    from: withCurrency('account_charges'),
    at: { day: sql`e.posted_on` },
    key: sql`e.account_id || '/' || e.charge_id`,
    id: sql`e.charge_id`,
    accounts: ownAccount,
    summary: sql`jsonb_build_object('kind', e.kind, 'amountMinor', e.amount_minor::text, 'currency', a.currency)`,
  },
  payment: {
    from: withCurrency('payments'),
    at: { day: sql`e.posted_on` },
    key: sql`e.account_id || '/' || e.payment_id`,
    id: sql`e.payment_id`,
    accounts: ownAccount,
    summary: sql`jsonb_build_object('amountMinor', e.amount_minor::text, 'currency', a.currency)`,
  },
  payment_reversal: {
    from: sql`payment_reversals e JOIN payments p USING (customer_id, account_id, payment_id) JOIN accounts a USING (customer_id, account_id)`,
    at: { day: sql`e.reversed_on` },
    key: sql`e.account_id || '/' || e.payment_id`,
    id: sql`e.payment_id`,
    accounts: ownAccount,
    summary: sql`jsonb_build_object('kind', e.kind, 'amountMinor', p.amount_minor::text, 'currency', a.currency)`,
  },
  // What a state says is read for those alone that are on the page.
  account_state: {
    from: sql`account_snapshots e`,
    at: sql`e.as_of`,
    key: sql`e.account_id || '/' || encode(e.content_hash, 'hex')`,
    id: sql`e.account_id`,
    accounts: ownAccount,
    summary: sql`'{}'::jsonb`,
  },
  customer_merged: { ...merge, at: sql`e.merged_at` },
  customer_merge_undone: {
    ...merge,
    at: sql`e.undone_at`,
    where: sql`e.undone_at IS NOT NULL`,
  },
};

/** Where a page begins: after this event. `rank` orders the kinds of one instant. */
export interface Position {
  readonly at: string;
  readonly rank: number;
  readonly key: string;
}

export interface Bounds {
  readonly zone: string;
  /** Inclusive. */
  readonly from: string | null;
  /** Exclusive. */
  readonly until: string;
  readonly after: Position | null;
  readonly limit: number;
}

/** The newest events of one kind within the bounds, of each of the customers in `ids`. */
export function branchOf(kind: TimelineKind, bounds: Bounds): RawBuilder<unknown> {
  const branch = BRANCHES[kind];
  const { from, key, where = sql`true`, accounts = sql`'{}'::text[]`, collector = sql`NULL` } = branch;
  const rank = TIMELINE_KINDS.indexOf(kind);
  const day = 'day' in branch.at ? branch.at.day : null;
  const at = 'day' in branch.at ? sql`(${day}::timestamp AT TIME ZONE ${bounds.zone})` : branch.at;
  // The lower bound stands outside: inside, the planner may take both bounds together for few rows and read them all.
  return sql`(
    SELECT e.* FROM ids ${kind === 'account_state' ? ACCOUNTS_OF : sql``} CROSS JOIN LATERAL (
      SELECT ${at} AS at, ${sql.lit(rank)} AS rank, ${key} AS key, ${branch.id} AS id, ids.customer_id, ${accounts} AS account_ids,
             ${collector} AS collector_id, ${branch.summary} AS summary
        FROM ${from}
       WHERE ${ownerOf(kind)} AND ${where} AND ${day === null ? sql`true` : sql`${day} <= ${latestDay(bounds)}::date`}
         AND ${before(at, key, rank, bounds)}
       ORDER BY ${day ?? at} DESC, ${key} DESC LIMIT ${bounds.limit}) e
     WHERE ${bounds.from === null ? sql`true` : sql`e.at >= ${bounds.from}::timestamptz`})`;
}

const ACCOUNTS_OF = sql`JOIN accounts own ON own.customer_id = ids.customer_id`;

function ownerOf(kind: TimelineKind): RawBuilder<unknown> {
  if (kind === 'account_state')
    // The history is kept by account, so each account gives its newest few.
    return sql`e.customer_id = own.customer_id AND e.account_id = own.account_id`;
  if (kind === 'customer_merged' || kind === 'customer_merge_undone')
    return sql`(e.survivor_id = ids.customer_id
      OR (e.merged_id = ids.customer_id AND e.survivor_id <> ALL (SELECT other.customer_id FROM ids other)))`;
  if (kind === 'call_record') return sql`e.matched_customer_id = ids.customer_id`;
  return sql`e.customer_id = ids.customer_id`;
}

/**
 * Events before the position, in the order (instant, kind, key). Kinds above the position's have their share of its
 * instant behind them, those below all of it before them; so one comparison says it, and an index serves it.
 */
function before(
  at: RawBuilder<unknown>,
  key: RawBuilder<unknown>,
  rank: number,
  { until, after }: Bounds,
): RawBuilder<unknown> {
  if (after === null) return sql`${at} < ${until}::timestamptz`;
  if (rank < after.rank) return sql`${at} <= ${after.at}::timestamptz`;
  if (rank > after.rank) return sql`${at} < ${after.at}::timestamptz`;
  return sql`(${at}, ${key}) < (${after.at}::timestamptz, ${after.key})`;
}

/** A day that no event before the position is after: what an index finds; `before` says exactly which. */
function latestDay({ zone, until, after }: Bounds): string {
  return Temporal.Instant.from(after?.at ?? until)
    .toZonedDateTimeISO(zone)
    .toPlainDate()
    .add({ days: 1 })
    .toString();
}
