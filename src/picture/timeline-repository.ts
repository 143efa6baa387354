import { sql } from 'kysely';
import { type Bounds, branchOf } from './branches.ts';
import { TIMELINE_KINDS, type TimelineItem, type TimelineKind } from './schemas.ts';
import type { Ask } from './snapshot.ts';

const STATE = TIMELINE_KINDS.indexOf('account_state');

/** What a state of an account says about its standing; amounts in major units as they were sent. */
export interface StateFacts {
  readonly currency: string;
  readonly status: string;
  readonly pastDueSince: string | null;
  readonly minimumPaymentDue: string | null;
  readonly graceDays: number | null;
  readonly graceAmount: string | null;
  readonly balances: {
    readonly principal: string;
    readonly interest: string;
    readonly penalty: string;
    readonly fees: string;
  };
  readonly asOf: string;
}

export interface EventRow {
  readonly at: Temporal.Instant;
  readonly rank: number;
  readonly key: string;
  readonly id: string;
  readonly customer_id: string;
  readonly account_ids: string[];
  readonly collector_id: string | null;
  readonly summary: TimelineItem['summary'];
  /** Of a state of an account: what it says, and what the one before said. */
  readonly state: StateFacts | null;
  readonly state_before: StateFacts | null;
}

/**
 * The newest events of a customer and of the other records of the same debtor. Each kind gives its newest few by an index
 * of its own, so the cost grows with the number of kinds and of accounts, and not with the history.
 */
export async function listEventRows(
  ask: Ask,
  customerId: string,
  kinds: readonly TimelineKind[],
  bounds: Bounds,
): Promise<EventRow[]> {
  const branches = sql.join(
    kinds.map((kind) => branchOf(kind, bounds)),
    sql` UNION ALL `,
  );
  return ask(
    sql<EventRow>`
    WITH ids AS MATERIALIZED (
      SELECT customer_id FROM customers
       -- Both say the same; by the key alone the planner expects the one or two that there are.
       WHERE debtor_key = (SELECT debtor_key FROM customers WHERE customer_id = ${customerId}) AND customer_id = ANY (whole_person(${customerId}))
    ), page AS MATERIALIZED (
      SELECT * FROM (${branches}) events ORDER BY at DESC, rank DESC, key DESC LIMIT ${bounds.limit}
    )
    SELECT page.*, state.content AS state, before.content AS state_before
      FROM page
      LEFT JOIN LATERAL (
        SELECT s.content FROM account_snapshots s
         WHERE page.rank = ${sql.lit(STATE)} AND s.customer_id = page.customer_id AND s.account_id = page.account_ids[1] AND s.as_of = page.at
           AND encode(s.content_hash, 'hex') = split_part(page.key, '/', 2)) state ON true
      LEFT JOIN LATERAL (
        SELECT s.content FROM account_snapshots s
         WHERE page.rank = ${sql.lit(STATE)} AND s.customer_id = page.customer_id AND s.account_id = page.account_ids[1] AND s.as_of < page.at
         ORDER BY s.as_of DESC LIMIT 1) before ON true
     ORDER BY page.at DESC, page.rank DESC, page.key DESC`,
    isFirstPage(kinds, bounds),
  );
}

/** What screens ask for; the text of other pages depends on their kinds and their cursor. */
function isFirstPage(kinds: readonly TimelineKind[], { after, from }: Bounds): boolean {
  return kinds === TIMELINE_KINDS && after === null && from === null;
}
