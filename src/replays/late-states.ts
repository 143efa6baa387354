import { sql } from 'kysely';
import type { Trx } from '../db/database.ts';
import { leastId } from '../ids.ts';

/** Older decisions are not asked again: nobody acts on them any more, and they can be replayed one by one. */
export const LOOK_BACK_DAYS = 31;

/** A state of an account that was just written, under the names of its row. */
export interface ToldState {
  readonly customer_id: string;
  readonly account_id: string;
  readonly as_of: string;
  readonly content_hash: Buffer;
}

/**
 * Queues whoever has decisions recorded since these states held, as far as they might be others: those about an instant from
 * the as-of on, inclusive, to that of the next state. A state that says of status, missed due date, debt group and collection
 * procedures what the one before it said changes none, unless the account has facts or bills itself: then what is past due
 * follows from its balances, and from then on. Call it when the states are written and played. Everybody who is the person
 * reads the account.
 */
export async function queueLateStates(trx: Trx, states: readonly ToldState[], now: Temporal.Instant): Promise<void> {
  if (states.length === 0) return;
  const column = <K extends keyof ToldState>(name: K) => states.map((state) => state[name]);
  const oldest = now.subtract({ hours: 24 * LOOK_BACK_DAYS });
  const sinceMs = Math.max(oldest.epochMilliseconds, Math.min(...column('as_of').map((asOf) => Date.parse(asOf))));
  // Most files come before the day's first decision.
  const { rows } = await sql`SELECT FROM decisions WHERE decision_id >= ${leastId('dec', sinceMs)} LIMIT 1`.execute(
    trx,
  );
  if (rows.length === 0) return;
  // With a limit each is looked up by its key, else all decisions there are might be read; and in no partition to come.
  const soon = now.add({ hours: 1 }).toString();
  await sql`
    WITH asked AS MATERIALIZED (
      SELECT told.*, person.asked_id
        FROM (
          SELECT sent.*, greatest(as_of, ${oldest.toString()}::timestamptz) AS since
            FROM unnest(${column('customer_id')}::text[], ${column('account_id')}::text[], ${column('as_of')}::timestamptz[],
                        ${column('content_hash')}::bytea[]) AS sent (customer_id, account_id, as_of, content_hash)
        ) told
        JOIN customers c USING (customer_id)
        CROSS JOIN LATERAL (
          SELECT c.customer_id AS asked_id UNION ALL
          (SELECT o.customer_id FROM customers o WHERE o.debtor_key = c.debtor_key AND o.customer_id <> c.customer_id LIMIT 51)
        ) person
        CROSS JOIN LATERAL (
          SELECT FROM decisions d
           WHERE d.customer_id = asked_id AND d.recorded_at BETWEEN told.since AND ${soon}::timestamptz AND d.evaluated_at >= told.as_of
           LIMIT 1
        ) decided
    )
    INSERT INTO late_truths (customer_id, since)
    SELECT asked_id, min(since)
      FROM asked
      JOIN account_snapshots s USING (customer_id, account_id, as_of, content_hash)
      JOIN accounts a ON a.customer_id = s.customer_id AND a.account_id = s.account_id
      LEFT JOIN LATERAL (
        SELECT b.content FROM account_snapshots b
         WHERE b.customer_id = s.customer_id AND b.account_id = s.account_id AND b.as_of <= s.as_of AND b.content_hash <> s.content_hash
         ORDER BY b.as_of DESC, b.recorded_at DESC LIMIT 1
      ) before ON true
     WHERE a.has_facts OR a.roll_on IS NOT NULL
        OR (${readOf('s')} IS DISTINCT FROM ${readOf('before')}
            AND EXISTS (
              SELECT FROM decisions d
               WHERE d.customer_id = asked_id AND d.recorded_at BETWEEN since AND ${soon}::timestamptz AND d.evaluated_at >= s.as_of
                 AND d.evaluated_at < coalesce(
                   (SELECT min(n.as_of) FROM account_snapshots n
                     WHERE n.customer_id = s.customer_id AND n.account_id = s.account_id AND n.as_of > s.as_of), 'infinity')))
     GROUP BY asked_id`.execute(trx);
}

/** What decisions read of a state, and whether it moves by itself. */
function readOf(state: string) {
  const facts = ['status', 'pastDueSince', 'debtGroupId', 'inCollectionProcedures', 'statementDay'];
  return sql`ARRAY[${sql.join(facts.map((fact) => sql`${sql.ref(`${state}.content`)} ->> ${sql.lit(fact)}`))}]`;
}
