import { type Selectable, sql } from 'kysely';
import type { Db, Trx } from '../db/database.ts';
import type {
  AccountChargesTable,
  AccountRateChangesTable,
  PaymentReversalsTable,
  PaymentsTable,
} from '../db/tables.ts';

export interface AccountKey {
  readonly customerId: string;
  readonly accountId: string;
}

export type PaymentRow = Selectable<PaymentsTable>;
export type ReversalRow = Selectable<PaymentReversalsTable>;
export type ChargeRow = Selectable<AccountChargesTable>;
export type RateChangeRow = Selectable<AccountRateChangesTable>;

export interface SnapshotRow {
  readonly account_id: string;
  readonly as_of: Temporal.Instant;
  readonly recorded_at: Temporal.Instant;
  readonly content: Record<string, unknown>;
}

/** Everything that has been told of some accounts beside their states. */
export interface FactRows {
  readonly payments: readonly PaymentRow[];
  readonly reversals: readonly ReversalRow[];
  readonly charges: readonly ChargeRow[];
  readonly rateChanges: readonly RateChangeRow[];
}

const column = (keys: readonly AccountKey[], name: keyof AccountKey) => keys.map((key) => key[name]);

export async function findFacts(db: Db | Trx, keys: readonly AccountKey[]): Promise<FactRows> {
  const of = async <T>(table: string) =>
    (
      await sql<T>`
        SELECT facts.* FROM ${sql.table(table)} facts
          JOIN unnest(${column(keys, 'customerId')}::text[], ${column(keys, 'accountId')}::text[])
            AS wanted (customer_id, account_id) USING (customer_id, account_id)`.execute(db)
    ).rows;
  return {
    payments: await of<PaymentRow>('payments'),
    reversals: await of<ReversalRow>('payment_reversals'),
    charges: await of<ChargeRow>('account_charges'),
    rateChanges: await of<RateChangeRow>('account_rate_changes'),
  };
}

/**
 * States of these accounts in the order of time, the current one last; with `all` false only the current one. Of several
 * states as of one instant the last one sent counts.
 */
export async function findStates(db: Db | Trx, keys: readonly AccountKey[], all: boolean): Promise<SnapshotRow[]> {
  const found = await sql<SnapshotRow>`
    SELECT DISTINCT ON (s.customer_id, s.account_id, s.as_of) s.account_id, s.as_of, s.recorded_at, s.content
      FROM unnest(${column(keys, 'customerId')}::text[], ${column(keys, 'accountId')}::text[]) AS wanted (customer_id, account_id)
      JOIN accounts a USING (customer_id, account_id)
      JOIN account_snapshots s ON s.customer_id = a.customer_id AND s.account_id = a.account_id
           AND s.as_of <= a.as_of AND (${all} OR s.as_of = a.as_of)
     ORDER BY s.customer_id, s.account_id, s.as_of,
              (s.as_of = a.as_of AND s.content_hash IS NOT DISTINCT FROM a.content_hash) DESC, s.recorded_at DESC`.execute(
    db,
  );
  return found.rows;
}

/** What facts have made of the current state of an account, as its row shows it. */
export interface DerivedRow extends AccountKey {
  readonly principalMinor: bigint;
  readonly interestMinor: bigint;
  readonly penaltyMinor: bigint;
  readonly feesMinor: bigint;
  readonly pastDueSince: string | null;
  readonly minimumDueMinor: bigint | null;
  readonly derived: string | null;
  readonly rollOn: string | null;
}

/** Writes rows that differ. A row that says something new has a new version, unless `asNew`: the version it got just now. */
export async function writeDerived(
  trx: Trx,
  rows: readonly DerivedRow[],
  now: Temporal.Instant,
  asNew: boolean,
): Promise<void> {
  const of = <K extends keyof DerivedRow>(name: K) => rows.map((row) => row[name]);
  await sql`
    UPDATE accounts a
       SET principal_minor = n.principal, interest_minor = n.interest, penalty_minor = n.penalty, fees_minor = n.fees,
           past_due_since = n.past_due_since, minimum_due_minor = n.minimum, derived = n.derived, roll_on = n.roll_on,
           version = a.version + CASE WHEN n.says_new AND NOT ${asNew} THEN 1 ELSE 0 END,
           updated_at = CASE WHEN n.says_new THEN ${now.toString()}::timestamptz ELSE a.updated_at END
      FROM (
        SELECT sent.*, (o.principal_minor, o.interest_minor, o.penalty_minor, o.fees_minor, o.past_due_since, o.minimum_due_minor, o.derived)
               IS DISTINCT FROM (principal, interest, penalty, fees, sent.past_due_since, minimum, sent.derived) AS says_new
          FROM unnest(${of('customerId')}::text[], ${of('accountId')}::text[], ${of('principalMinor')}::bigint[],
                      ${of('interestMinor')}::bigint[], ${of('penaltyMinor')}::bigint[], ${of('feesMinor')}::bigint[],
                      ${of('pastDueSince')}::date[], ${of('minimumDueMinor')}::bigint[], ${of('derived')}::jsonb[],
                      ${of('rollOn')}::date[])
            AS sent (customer_id, account_id, principal, interest, penalty, fees, past_due_since, minimum, derived, roll_on)
          JOIN accounts o USING (customer_id, account_id)
      ) n
     WHERE a.customer_id = n.customer_id AND a.account_id = n.account_id AND (n.says_new OR a.roll_on IS DISTINCT FROM n.roll_on)`.execute(
    trx,
  );
}

/** Accounts whose day has come, at most `limit`, locked; those that somebody else is at are left to them. */
export async function lockDue(trx: Trx, today: string, limit: number): Promise<AccountKey[]> {
  const rows = await trx
    .selectFrom('accounts')
    .select(['customer_id', 'account_id'])
    .where('roll_on', '<=', today)
    .orderBy('roll_on')
    .orderBy('account_id')
    .limit(limit)
    .forUpdate()
    .skipLocked()
    .execute();
  return rows.map((row) => ({ customerId: row.customer_id, accountId: row.account_id }));
}

/** Leaves an account that is due until a later day. */
export async function postponeRoll(db: Db, { customerId, accountId }: AccountKey, until: string): Promise<void> {
  await db
    .updateTable('accounts')
    .set({ roll_on: until })
    .where('customer_id', '=', customerId)
    .where('account_id', '=', accountId)
    .where('roll_on', '<', until)
    .execute();
}

type New<Row> = Omit<Row, 'details' | 'recorded_at'> & { readonly details: string; readonly recorded_at: string };

export type NewPaymentRow = New<PaymentRow>;

export async function insertPayments(trx: Trx, rows: readonly NewPaymentRow[]): Promise<void> {
  const of = <K extends keyof NewPaymentRow>(name: K) => rows.map((row) => row[name]);
  await sql`
    INSERT INTO payments (customer_id, account_id, payment_id, amount_minor, posted_on, details, fingerprint, import_id, client_id,
                          recorded_at)
    SELECT * FROM unnest(${of('customer_id')}::text[], ${of('account_id')}::text[], ${of('payment_id')}::text[],
                         ${of('amount_minor')}::bigint[], ${of('posted_on')}::date[], ${of('details')}::jsonb[],
                         ${of('fingerprint')}::bytea[], ${of('import_id')}::text[], ${of('client_id')}::text[],
                         ${of('recorded_at')}::timestamptz[])`.execute(trx);
  await markFacts(trx, rows);
}

export interface PaymentOnFile extends Pick<PaymentRow, 'account_id' | 'payment_id' | 'fingerprint' | 'import_id'> {
  /** False: it is a part of a payment for several accounts, of which this account has none. */
  readonly is_own: boolean;
}

/** What is on file under the ids of these payments, each for its account; also what was spread over others of the customer. */
export async function findPaymentsOnFile(
  trx: Trx,
  rows: readonly Pick<NewPaymentRow, 'customer_id' | 'account_id' | 'payment_id'>[],
): Promise<PaymentOnFile[]> {
  const of = (name: 'customer_id' | 'account_id' | 'payment_id') => rows.map((row) => row[name]);
  const found = await sql<PaymentOnFile>`
    SELECT DISTINCT ON (sent.account_id, p.payment_id)
           sent.account_id, p.payment_id, p.fingerprint, p.import_id, p.account_id = sent.account_id AS is_own
      FROM payments p JOIN unnest(${of('customer_id')}::text[], ${of('account_id')}::text[], ${of('payment_id')}::text[])
        AS sent (customer_id, account_id, payment_id) ON p.customer_id = sent.customer_id AND p.payment_id = sent.payment_id
       AND (p.account_id = sent.account_id OR p.details ? 'wholeMinor')
     ORDER BY sent.account_id, p.payment_id, is_own DESC`.execute(trx);
  return found.rows;
}

export async function insertReversal(
  trx: Trx,
  row: Omit<ReversalRow, 'recorded_at'> & { recorded_at: string },
): Promise<void> {
  await trx.insertInto('payment_reversals').values(row).execute();
}

export async function insertCharge(trx: Trx, row: New<ChargeRow>): Promise<void> {
  await trx.insertInto('account_charges').values(row).execute();
  await markFacts(trx, [row]);
}

export async function insertRateChange(
  trx: Trx,
  row: Omit<RateChangeRow, 'recorded_at'> & { recorded_at: string },
): Promise<void> {
  await trx.insertInto('account_rate_changes').values(row).execute();
  await markFacts(trx, [row]);
}

async function markFacts(trx: Trx, rows: readonly { customer_id: string; account_id: string }[]): Promise<void> {
  await sql`
    UPDATE accounts SET has_facts = true
     WHERE (customer_id, account_id) IN (SELECT * FROM unnest(${rows.map((row) => row.customer_id)}::text[],
                                                              ${rows.map((row) => row.account_id)}::text[]))
       AND NOT has_facts`.execute(trx);
}

/** The parts of one payment, one for each account it was spread over, in the order of the accounts. */
export async function findPaymentParts(db: Db | Trx, customerId: string, paymentId: string): Promise<PaymentRow[]> {
  return db
    .selectFrom('payments')
    .selectAll()
    .where('customer_id', '=', customerId)
    .where('payment_id', '=', paymentId)
    .orderBy('account_id')
    .execute();
}

export interface PaymentPosition {
  readonly postedOn: string;
  readonly paymentId: string;
}

/** Payments of an account, the last posting date first, after a position. */
export async function listPaymentRows(
  db: Db,
  { customerId, accountId }: AccountKey,
  after: PaymentPosition | null,
  limit: number,
): Promise<PaymentRow[]> {
  return db
    .selectFrom('payments')
    .selectAll()
    .where('customer_id', '=', customerId)
    .where('account_id', '=', accountId)
    .$if(after !== null, (query) =>
      query.where(sql<boolean>`(posted_on, payment_id) < (${after?.postedOn}::date, ${after?.paymentId})`),
    )
    .orderBy('posted_on', 'desc')
    .orderBy('payment_id', 'desc')
    .limit(limit)
    .execute();
}

/** The due dates that these accounts have missed. */
export async function findPastDue(trx: Trx, keys: readonly AccountKey[]): Promise<Map<string, string | null>> {
  const found = await sql<{ account_id: string; past_due_since: string | null }>`
    SELECT account_id, past_due_since FROM accounts
      JOIN unnest(${column(keys, 'customerId')}::text[], ${column(keys, 'accountId')}::text[])
        AS wanted (customer_id, account_id) USING (customer_id, account_id)`.execute(trx);
  return new Map(found.rows.map((row) => [row.account_id, row.past_due_since]));
}

export async function findCharge(trx: Trx, key: AccountKey, chargeId: string): Promise<ChargeRow | undefined> {
  return trx
    .selectFrom('account_charges')
    .selectAll()
    .where('customer_id', '=', key.customerId)
    .where('account_id', '=', key.accountId)
    .where('charge_id', '=', chargeId)
    .executeTakeFirst();
}

export async function findRateChange(trx: Trx, key: AccountKey, changeId: string): Promise<RateChangeRow | undefined> {
  return trx
    .selectFrom('account_rate_changes')
    .selectAll()
    .where('customer_id', '=', key.customerId)
    .where('account_id', '=', key.accountId)
    .where('change_id', '=', changeId)
    .executeTakeFirst();
}

export async function findReversals(
  db: Db | Trx,
  { customerId, accountId }: AccountKey,
  paymentIds: readonly string[],
): Promise<Map<string, ReversalRow>> {
  if (paymentIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('payment_reversals')
    .selectAll()
    .where('customer_id', '=', customerId)
    .where('account_id', '=', accountId)
    .where('payment_id', 'in', [...paymentIds])
    .execute();
  return new Map(rows.map((row) => [row.payment_id, row]));
}
