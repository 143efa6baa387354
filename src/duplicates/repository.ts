import { type Selectable, sql } from 'kysely';
import type { Db, Trx } from '../db/database.ts';
import type { CustomerMergesTable, CustomersTable } from '../db/tables.ts';

export type MergeRow = Selectable<CustomerMergesTable>;
type Keyed = Pick<Selectable<CustomersTable>, 'customer_id' | 'debtor_key' | 'own_key'>;
export type PersonMember = Keyed & Pick<Selectable<CustomersTable>, 'lone_key' | 'apart_key'>;

/** Those of the customers who are not alone with their key, or have another one than their record says. */
export async function sharing(trx: Trx, customerIds: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ customer_id: string }>`
    SELECT c.customer_id FROM customers c
     WHERE c.customer_id = ANY(${customerIds}::text[])
       AND (c.own_key IS NOT NULL
         OR EXISTS (SELECT FROM customers o WHERE o.debtor_key = c.debtor_key AND o.customer_id <> c.customer_id)
         OR EXISTS (SELECT FROM customers o WHERE o.own_key = c.debtor_key))`.execute(trx);
  return rows.map((row) => row.customer_id);
}

/** What a record that is about to be written says of whom it is about. */
export interface Said {
  readonly customer_id: string;
  readonly own_key: Buffer;
  /** The key of the customer alone. */
  readonly lone_key: Buffer;
}

/**
 * The keys of all persons that may change with these records: of a resident id that is new to a customer, and of customers
 * who are not alone or get another key.
 */
export async function keysConcerned(trx: Trx, said: readonly Said[]): Promise<Buffer[]> {
  const { rows } = await sql<{ key: Buffer }>`
    WITH found AS (
      SELECT sent.own_key, sent.lone_key, c.customer_id, c.debtor_key, c.own_key AS kept
        FROM unnest(${said.map((one) => one.customer_id)}::text[], ${said.map((one) => one.own_key)}::bytea[],
                    ${said.map((one) => one.lone_key)}::bytea[]) AS sent (customer_id, own_key, lone_key)
        LEFT JOIN customers c ON c.customer_id = sent.customer_id
    ), keys AS (
      SELECT own_key AS key FROM found WHERE customer_id IS NULL AND own_key <> lone_key
      UNION SELECT unnest(ARRAY[own_key, debtor_key, kept]) FROM found
       WHERE kept IS NOT NULL OR debtor_key <> own_key
          OR EXISTS (SELECT FROM customers o WHERE o.debtor_key = found.debtor_key AND o.customer_id <> found.customer_id)
    )
    SELECT key FROM keys WHERE key IS NOT NULL
    UNION SELECT c.debtor_key FROM customers c WHERE c.own_key IN (SELECT key FROM keys)`.execute(trx);
  return rows.map((row) => row.key);
}

/** The keys of the persons of these customers, and of whomever they have turned out to be. */
export async function keysAround(trx: Trx, customerIds: readonly string[]): Promise<Buffer[]> {
  const { rows } = await sql<{ key: Buffer }>`
    WITH said AS (
      SELECT debtor_key AS key FROM customers WHERE customer_id = ANY(${customerIds}::text[])
      UNION SELECT own_key FROM customers WHERE customer_id = ANY(${customerIds}::text[]) AND own_key IS NOT NULL
    )
    SELECT key FROM said UNION SELECT c.debtor_key FROM customers c WHERE c.own_key IN (SELECT key FROM said)`.execute(
    trx,
  );
  return rows.map((row) => row.key);
}

/** Everybody with one of these keys, the oldest record first, or locked in the order of their ids. */
export async function membersOf(
  trx: Trx,
  keys: readonly Buffer[],
  { locked }: { readonly locked: boolean },
): Promise<PersonMember[]> {
  return trx
    .selectFrom('customers')
    .select(['customer_id', 'debtor_key', 'own_key', 'lone_key', 'apart_key'])
    .where('debtor_key', '=', sql<Buffer>`ANY(${keys}::bytea[])`)
    .$if(!locked, (query) => query.orderBy('created_at').orderBy('customer_id'))
    .$if(locked, (query) => query.orderBy('customer_id').forNoKeyUpdate())
    .execute();
}

/** Merges between these customers that were not undone, the oldest first. */
export async function standingMerges(trx: Trx, customerIds: readonly string[]): Promise<MergeRow[]> {
  return trx
    .selectFrom('customer_merges')
    .selectAll()
    .where('survivor_id', '=', sql<string>`ANY(${customerIds}::text[])`)
    .where('undone_at', 'is', null)
    .orderBy('position')
    .execute();
}

/** Gives customers the key of their person. `own_key` stands only where it is another one. */
export async function writeKeys(
  trx: Trx,
  rows: readonly { readonly customerId: string; readonly key: Buffer; readonly own: Buffer }[],
): Promise<void> {
  if (rows.length === 0) return;
  const ids = rows.map(({ customerId }) => customerId);
  await sql`SELECT FROM customers WHERE customer_id = ANY(${ids}::text[]) ORDER BY customer_id FOR NO KEY UPDATE`.execute(
    trx,
  );
  await sql`
    UPDATE customers c SET debtor_key = now.key, own_key = nullif(now.own, now.key)
      FROM unnest(${ids}::text[], ${rows.map(({ key }) => key)}::bytea[], ${rows.map(({ own }) => own)}::bytea[])
        AS now (customer_id, key, own)
     WHERE c.customer_id = now.customer_id`.execute(trx);
}

/** Undoes merges by the rule: what they rested on is no longer so. */
export async function closeMerges(trx: Trx, mergeIds: readonly string[], at: string): Promise<void> {
  if (mergeIds.length === 0) return;
  await trx
    .updateTable('customer_merges')
    .set({ undone_at: at, undo_reason: 'resident_id_changed' })
    .where('merge_id', '=', sql<string>`ANY(${mergeIds}::text[])`)
    .execute();
}

export interface RuleMerge {
  readonly mergeId: string;
  readonly survivorId: string;
  readonly mergedId: string;
  readonly from: Buffer;
  readonly to: Buffer;
}

export async function insertRuleMerges(
  trx: Trx,
  merges: readonly RuleMerge[],
  ruleVersion: string,
  at: string,
): Promise<void> {
  if (merges.length === 0) return;
  await sql`
    INSERT INTO customer_merges (merge_id, survivor_id, merged_id, from_key, to_key, moved_ids, reason, rule_version, merged_at)
    SELECT merge_id, survivor_id, merged_id, from_key, to_key, CASE WHEN from_key = to_key THEN '{}' ELSE ARRAY[merged_id] END,
           'resident_id', ${ruleVersion}, ${at}::timestamptz
      FROM unnest(${merges.map(({ mergeId }) => mergeId)}::text[], ${merges.map(({ survivorId }) => survivorId)}::text[],
                  ${merges.map(({ mergedId }) => mergedId)}::text[], ${merges.map(({ from }) => from)}::bytea[],
                  ${merges.map(({ to }) => to)}::bytea[]) AS made (merge_id, survivor_id, merged_id, from_key, to_key)`.execute(
    trx,
  );
}

export async function findMerge(db: Db | Trx, mergeId: string): Promise<MergeRow | undefined> {
  return db.selectFrom('customer_merges').selectAll().where('merge_id', '=', mergeId).executeTakeFirst();
}

export interface NewMergeRow extends RuleMerge {
  readonly basis: string;
  readonly movedIds: readonly string[];
  readonly reasonSealed: Buffer;
  readonly ruleVersion: string;
  readonly candidateId: string | null;
  readonly print: Buffer | null;
  readonly clientId: string;
  readonly at: string;
}

/** Records a merge that a person has asked for. */
export async function insertMerge(trx: Trx, merge: NewMergeRow): Promise<MergeRow> {
  return trx
    .insertInto('customer_merges')
    .values({
      merge_id: merge.mergeId,
      survivor_id: merge.survivorId,
      merged_id: merge.mergedId,
      from_key: merge.from,
      to_key: merge.to,
      moved_ids: [...merge.movedIds],
      reason: merge.basis,
      reason_sealed: merge.reasonSealed,
      rule_version: merge.ruleVersion,
      candidate_id: merge.candidateId,
      fingerprint: merge.print,
      client_id: merge.clientId,
      merged_at: merge.at,
      undone_at: null,
      undo_reason: null,
      undo_reason_sealed: null,
      undo_client_id: null,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Undefined when it was undone before. */
export async function undoMerge(
  trx: Trx,
  mergeId: string,
  undo: { readonly at: string; readonly reasonSealed: Buffer; readonly clientId: string },
): Promise<MergeRow | undefined> {
  return trx
    .updateTable('customer_merges')
    .set({
      undone_at: undo.at,
      undo_reason: 'request',
      undo_reason_sealed: undo.reasonSealed,
      undo_client_id: undo.clientId,
    })
    .where('merge_id', '=', mergeId)
    .where('undone_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
}

/** Takes the resident id of `apart` for not this customer's: for good, whatever is written later. */
export async function setApart(trx: Trx, customerId: string, apart: Buffer, lone: Buffer): Promise<void> {
  await sql`UPDATE customers SET apart_key = ${apart}, lone_key = ${lone}, resident_id_key = ${apart}, own_key = nullif(${lone}::bytea, debtor_key)
             WHERE customer_id = ${customerId}`.execute(trx);
}

export async function listMergeRows(
  db: Db,
  filters: { readonly customerId?: string | undefined; readonly status?: 'standing' | 'undone' | undefined },
  before: string | null,
  limit: number,
): Promise<MergeRow[]> {
  const { customerId, status } = filters;
  return db
    .selectFrom('customer_merges')
    .selectAll()
    .$if(customerId !== undefined, (query) =>
      query.where((where) => where.or([where('survivor_id', '=', customerId!), where('merged_id', '=', customerId!)])),
    )
    .$if(status !== undefined, (query) => query.where('undone_at', status === 'undone' ? 'is not' : 'is', null))
    .$if(before !== null, (query) => query.where('position', '<', BigInt(before!)))
    .orderBy('position', 'desc')
    .limit(limit)
    .execute();
}
