import { sql } from 'kysely';
import type { AccountInput } from '../accounts/schemas.ts';
import type { Profile, ProfileAccount, ProfileDirective } from '../contact/profile.ts';
import type { Trx } from '../db/database.ts';
import { pastDueKnownNow } from '../payments/known.ts';
import type { PolicyRegistry } from '../policy/registry.ts';
import type { Channel, DirectiveKind } from '../rules/contact/facts.ts';
import type { DecisionRow } from './history.ts';
import type { Moment, RecordedNow } from './known.ts';

/** The profile that a decision saw; the one of its instant where an earlier release recorded it. */
export async function profileThen(trx: Trx, row: DecisionRow): Promise<Profile | undefined> {
  const { rows } = await sql<{ profile: Profile }>`
    SELECT profile FROM contact_profile_versions
     WHERE customer_id = ${row.customer_id}
       AND CASE WHEN ${row.profile_position}::bigint IS NULL THEN true ELSE position = ${row.profile_position}::bigint END
     ORDER BY recorded_at <= ${row.recorded_at.toString()}::timestamptz DESC,
       CASE WHEN recorded_at <= ${row.recorded_at.toString()}::timestamptz THEN -position ELSE position END
     LIMIT 1`.execute(trx);
  return rows[0]?.profile;
}

/**
 * Directives of the person and their ends, and each account in its newest state of the moment with its payments, as they are
 * recorded now.
 */
export async function recordedNow(
  trx: Trx,
  policy: PolicyRegistry,
  row: DecisionRow,
  { at }: Moment,
): Promise<RecordedNow> {
  const others = sql`(SELECT same_person(customer_id, debtor_key) FROM customers WHERE customer_id = ${row.customer_id})`;
  const directives = await sql<StoredDirective>`
    SELECT * FROM directives_of_person(${row.customer_id}, ${others}) ORDER BY directive_id`.execute(trx);
  const { rows: states } = await sql<StoredState>`
    SELECT DISTINCT ON (s.account_id) s.customer_id, s.content, a.has_facts
      FROM accounts a JOIN account_snapshots s USING (customer_id, account_id)
     WHERE a.customer_id = ANY (array_append(${others}, ${row.customer_id}))
       AND (s.as_of <= ${at.toString()}::timestamptz OR s.recorded_at <= ${row.recorded_at.toString()}::timestamptz)
     ORDER BY s.account_id, s.as_of DESC,
              (s.as_of = a.as_of AND s.content_hash IS NOT DISTINCT FROM a.content_hash) DESC, s.recorded_at DESC`.execute(
    trx,
  );
  const moving = states
    .filter(({ content, has_facts }) => has_facts || content.statementDay != null)
    .map(({ customer_id, content }) => ({ customerId: customer_id, accountId: content.accountId }));
  const pastDue = await pastDueKnownNow(trx, policy, moving, { at, recordedAt: row.recorded_at });
  return {
    directives: directives.rows.map((directive) => ({
      ...profileDirectiveOf(directive),
      validUntil: directive.valid_until?.epochMilliseconds ?? null,
      endedAt: directive.ended_at?.epochMilliseconds ?? null,
    })),
    accounts: states.map(({ content }) => {
      const since = pastDue.get(content.accountId);
      return profileAccountOf(since === undefined ? content : { ...content, pastDueSince: since });
    }),
  };
}

/** A state with its account: one that has facts, or bills itself, is more than was sent. */
interface StoredState {
  readonly customer_id: string;
  readonly content: AccountInput & { readonly accountId: string };
  readonly has_facts: boolean;
}

interface StoredDirective {
  readonly directive_id: string;
  readonly kind: string;
  readonly party_id: string | null;
  readonly contact_point_id: string | null;
  readonly account_id: string | null;
  readonly channel: string | null;
  readonly valid_from: Temporal.Instant;
  readonly valid_until: Temporal.Instant | null;
  readonly ended_at: Temporal.Instant | null;
  readonly details: Record<string, unknown>;
}

function profileDirectiveOf(row: StoredDirective): ProfileDirective {
  return {
    id: row.directive_id,
    kind: row.kind as DirectiveKind,
    ...(row.party_id === null ? {} : { party: row.party_id }),
    ...(row.contact_point_id === null ? {} : { point: row.contact_point_id }),
    ...(row.account_id === null ? {} : { account: row.account_id }),
    ...(row.channel === null ? {} : { channel: row.channel as Channel }),
    from: row.valid_from.epochMilliseconds,
    details: row.details,
  };
}

function profileAccountOf(content: AccountInput & { accountId: string }): ProfileAccount {
  const { accountId, status, pastDueSince, debtGroupId, inCollectionProcedures } = content;
  return {
    id: accountId,
    status,
    ...(pastDueSince === null ? {} : { pastDueSince }),
    ...(debtGroupId === null ? {} : { group: debtGroupId }),
    ...(inCollectionProcedures === null ? {} : { procedures: inCollectionProcedures }),
  };
}
