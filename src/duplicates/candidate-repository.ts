import { type Selectable, sql } from 'kysely';
import type { Db, Trx } from '../db/database.ts';
import type { DuplicateCandidatesTable } from '../db/tables.ts';

export type CandidateRow = Selectable<DuplicateCandidatesTable>;

export interface NewCandidate {
  readonly candidateId: string;
  /** The lesser id. */
  readonly customerId: string;
  readonly otherId: string;
  readonly score: number;
  readonly evidence: object;
  readonly ruleVersion: string;
}

type Pair = readonly [lesser: string, greater: string];

/**
 * Debtors who have a number in common with one of these and are not the same person. Numbers that more than `maxCustomers`
 * contact points have, of whomever, are left out.
 */
export async function pairsByPhone(trx: Trx, customerIds: readonly string[], maxCustomers: number): Promise<Pair[]> {
  const { rows } = await sql<{ customer_id: string; other_id: string }>`
    SELECT DISTINCT c.customer_id, o.customer_id AS other_id
      FROM customers c
      JOIN parties p ON p.customer_id = c.customer_id AND p.role = 'debtor'
      JOIN contact_points x ON x.customer_id = p.customer_id AND x.party_id = p.party_id AND x.kind = 'phone'
      CROSS JOIN LATERAL (
        SELECT count(*) OVER () AS holders, y.customer_id, y.party_id
          FROM (SELECT * FROM contact_points WHERE address_key = x.address_key LIMIT ${maxCustomers + 1}) y
      ) y
      JOIN parties q ON q.customer_id = y.customer_id AND q.party_id = y.party_id AND q.role = 'debtor'
      JOIN customers o ON o.customer_id = y.customer_id AND o.debtor_key <> c.debtor_key
     WHERE c.customer_id = ANY(${customerIds}::text[]) AND y.holders <= ${maxCustomers}`.execute(trx);
  const pairs = rows.map(({ customer_id: one, other_id: other }): Pair => (one < other ? [one, other] : [other, one]));
  return [...new Map(pairs.map((pair) => [pair.join(' '), pair])).values()].sort(([a, b], [c, d]) =>
    a < c || (a === c && b < d) ? -1 : 1,
  );
}

/** Records candidates; what somebody has decided stays. Returns those that are open and were not before. */
export async function writeCandidates(
  trx: Trx,
  candidates: readonly NewCandidate[],
  at: string,
): Promise<NewCandidate[]> {
  if (candidates.length === 0) return [];
  const column = <K extends keyof NewCandidate>(name: K) => candidates.map((candidate) => candidate[name]);
  const { rows: known } = await sql<{ customer_id: string; other_id: string }>`
    SELECT customer_id, other_id FROM duplicate_candidates
      JOIN unnest(${column('customerId')}::text[], ${column('otherId')}::text[]) AS sent (customer_id, other_id) USING (customer_id, other_id)
     WHERE status <> 'withdrawn'`.execute(trx);
  const { rows: written } = await sql<{ candidate_id: string; customer_id: string; other_id: string }>`
    INSERT INTO duplicate_candidates AS old (candidate_id, customer_id, other_id, status, score, evidence, rule_version, found_at)
    SELECT candidate_id, customer_id, other_id, 'open', score, evidence, rule_version, ${at}::timestamptz
      FROM unnest(${column('candidateId')}::text[], ${column('customerId')}::text[], ${column('otherId')}::text[],
                  ${column('score')}::numeric[], ${candidates.map(({ evidence }) => JSON.stringify(evidence))}::jsonb[],
                  ${column('ruleVersion')}::text[]) AS sent (candidate_id, customer_id, other_id, score, evidence, rule_version)
    ON CONFLICT (customer_id, other_id) DO UPDATE
      SET status = 'open', score = excluded.score, evidence = excluded.evidence, rule_version = excluded.rule_version, settled_at = NULL
      WHERE old.status = 'withdrawn' OR (old.status = 'open' AND (old.score, old.evidence, old.rule_version)
            IS DISTINCT FROM (excluded.score, excluded.evidence, excluded.rule_version))
    RETURNING candidate_id, customer_id, other_id`.execute(trx);
  const before = new Set(known.map((row) => `${row.customer_id} ${row.other_id}`));
  const ids = new Map(written.map((row) => [`${row.customer_id} ${row.other_id}`, row.candidate_id]));
  return candidates.flatMap((candidate) => {
    const pair = `${candidate.customerId} ${candidate.otherId}`;
    const candidateId = ids.get(pair);
    return candidateId === undefined || before.has(pair) ? [] : [{ ...candidate, candidateId }];
  });
}

/** Takes back the open candidates of these customers that were not found again. */
export async function withdrawCandidates(
  trx: Trx,
  customerIds: readonly string[],
  found: readonly NewCandidate[],
  at: string,
): Promise<void> {
  await sql`
    UPDATE duplicate_candidates d SET status = 'withdrawn', settled_at = ${at}::timestamptz
     WHERE d.status = 'open' AND d.candidate_id IN (
             SELECT candidate_id FROM duplicate_candidates WHERE customer_id = ANY(${customerIds}::text[])
             UNION ALL SELECT candidate_id FROM duplicate_candidates WHERE other_id = ANY(${customerIds}::text[]))
       AND NOT EXISTS (
             SELECT FROM unnest(${found.map(({ customerId }) => customerId)}::text[], ${found.map(({ otherId }) => otherId)}::text[])
               AS again (customer_id, other_id)
              WHERE again.customer_id = d.customer_id AND again.other_id = d.other_id)`.execute(trx);
}

export async function findCandidate(db: Db | Trx, candidateId: string): Promise<CandidateRow | undefined> {
  return db.selectFrom('duplicate_candidates').selectAll().where('candidate_id', '=', candidateId).executeTakeFirst();
}

/** Ends an open candidate; undefined when somebody else has. */
export async function settleCandidate(
  trx: Trx,
  candidateId: string,
  decided: {
    readonly status: 'merged' | 'dismissed';
    readonly at: string;
    readonly clientId: string;
    readonly reasonSealed: Buffer;
    readonly mergeId: string | null;
  },
): Promise<CandidateRow | undefined> {
  return trx
    .updateTable('duplicate_candidates')
    .set({
      status: decided.status,
      settled_at: decided.at,
      settle_client_id: decided.clientId,
      reason_sealed: decided.reasonSealed,
      merge_id: decided.mergeId,
    })
    .where('candidate_id', '=', candidateId)
    .where('status', '=', 'open')
    .returningAll()
    .executeTakeFirst();
}

/** A merge that is undone was no duplicate: its candidate is not found again. */
export async function settleCandidateOfMerge(trx: Trx, candidateId: string, at: string): Promise<void> {
  await trx
    .updateTable('duplicate_candidates')
    .set({ status: 'dismissed', settled_at: at })
    .where('candidate_id', '=', candidateId)
    .execute();
}

/** The newest first. */
export async function listCandidateRows(
  db: Db,
  { customerId, status }: { readonly customerId?: string | undefined; readonly status?: string | undefined },
  before: string | null,
  limit: number,
): Promise<CandidateRow[]> {
  return db
    .selectFrom('duplicate_candidates')
    .selectAll()
    .$if(customerId !== undefined, (query) =>
      query.where((where) => where.or([where('customer_id', '=', customerId!), where('other_id', '=', customerId!)])),
    )
    .$if(status !== undefined, (query) => query.where('status', '=', status!))
    .$if(before !== null, (query) => query.where('candidate_id', '<', before!))
    .orderBy('candidate_id', 'desc')
    .limit(limit)
    .execute();
}
