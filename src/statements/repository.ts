import { type Selectable, sql } from 'kysely';
import type { Db, Trx } from '../db/database.ts';
import type { AccountStatementsTable } from '../db/tables.ts';

/** A statement ready to be written. */
export interface StatementRecord
  extends Omit<Selectable<AccountStatementsTable>, 'version' | 'recorded_at' | 'superseded_at'> {
  readonly recorded_at: string;
}

/** The newest version of a statement, with the balance of the statement before; null when none is on file. */
export interface StatementRow extends Selectable<AccountStatementsTable> {
  readonly before_on: string | null;
  readonly before_balance_minor: bigint | null;
}

/** What is answered of it. */
export type StatementState = Omit<StatementRow, 'content_hash' | 'import_id' | 'client_id' | 'superseded_at'>;

export type StatementUpsert = 'created' | 'corrected' | 'unchanged';

const keyOf = (row: { account_id: string; statement_on: string }) => `${row.account_id}/${row.statement_on}`;

/**
 * Writes statements in two statements, however many they are: one that says something else than the newest version of its
 * day becomes the newest, the older one stays; a repeat changes nothing. The accounts must exist, one record per account
 * and day. Outcomes are by `accountId/statementOn`. The accounts stay locked until the end of the transaction.
 */
export async function upsertStatements(
  trx: Trx,
  records: readonly StatementRecord[],
): Promise<Map<string, StatementUpsert>> {
  const outcome = new Map<string, StatementUpsert>(records.map((record) => [keyOf(record), 'unchanged']));
  if (records.length === 0) return outcome;
  const column = <K extends keyof StatementRecord>(name: K) => records.map((record) => record[name]);
  // In the order of ids, as everybody locks accounts; of two writers of one statement the second sees the first one's.
  await sql`
    SELECT 1 FROM accounts
     WHERE (customer_id, account_id) IN (SELECT * FROM unnest(${column('customer_id')}::text[], ${column('account_id')}::text[]))
     ORDER BY account_id FOR NO KEY UPDATE`.execute(trx);
  const written = await sql<{ account_id: string; statement_on: string; version: number }>`
    WITH sent AS (
      SELECT * FROM unnest(
        ${column('customer_id')}::text[], ${column('account_id')}::text[], ${column('statement_on')}::date[], ${column('currency')}::text[],
        ${column('previous_balance_minor')}::bigint[], ${column('payments_total_minor')}::bigint[], ${column('new_charges_minor')}::bigint[],
        ${column('adjustments_minor')}::bigint[], ${column('interest_minor')}::bigint[], ${column('statement_balance_minor')}::bigint[],
        ${column('minimum_due_minor')}::bigint[], ${column('due_on')}::date[], ${column('credit_limit_minor')}::bigint[],
        ${column('content_hash')}::bytea[], ${column('import_id')}::text[], ${column('client_id')}::text[], ${column('recorded_at')}::timestamptz[])
        AS sent (customer_id, account_id, statement_on, currency, previous_balance_minor, payments_total_minor, new_charges_minor,
                 adjustments_minor, interest_minor, statement_balance_minor, minimum_due_minor, due_on, credit_limit_minor,
                 content_hash, import_id, client_id, recorded_at)
    ), changed AS (
      SELECT sent.*, coalesce(newest.version, 0) + 1 AS version
        FROM sent LEFT JOIN account_statements newest
          ON newest.customer_id = sent.customer_id AND newest.account_id = sent.account_id
         AND newest.statement_on = sent.statement_on AND newest.superseded_at IS NULL
       WHERE newest.content_hash IS DISTINCT FROM sent.content_hash
    ), superseded AS (
      UPDATE account_statements older SET superseded_at = changed.recorded_at
        FROM changed
       WHERE older.customer_id = changed.customer_id AND older.account_id = changed.account_id
         AND older.statement_on = changed.statement_on AND older.version = changed.version - 1
    )
    INSERT INTO account_statements (customer_id, account_id, statement_on, currency, previous_balance_minor, payments_total_minor,
           new_charges_minor, adjustments_minor, interest_minor, statement_balance_minor, minimum_due_minor, due_on,
           credit_limit_minor, content_hash, import_id, client_id, recorded_at, version)
    SELECT * FROM changed
    RETURNING account_id, statement_on, version`.execute(trx);
  for (const row of written.rows) outcome.set(keyOf(row), row.version === 1 ? 'created' : 'corrected');
  return outcome;
}

/** What is on file of the day of a statement, in its newest version, and of the last statement before that day. */
export interface StatementBeside {
  readonly account_id: string;
  readonly statement_on: string;
  readonly content_hash: Buffer | null;
  readonly import_id: string | null;
  readonly before_on: string | null;
  readonly before_balance_minor: bigint | null;
}

/** Of each of these statements, one per account and day. */
export async function findStatementsBeside(
  trx: Trx,
  records: readonly Pick<StatementRecord, 'customer_id' | 'account_id' | 'statement_on'>[],
): Promise<StatementBeside[]> {
  const column = (name: 'customer_id' | 'account_id' | 'statement_on') => records.map((record) => record[name]);
  const { rows } = await sql<StatementBeside>`
    SELECT sent.account_id, sent.statement_on, same.content_hash, same.import_id, earlier.statement_on AS before_on,
           earlier.statement_balance_minor AS before_balance_minor
      FROM unnest(${column('customer_id')}::text[], ${column('account_id')}::text[], ${column('statement_on')}::date[])
        AS sent (customer_id, account_id, statement_on)
      LEFT JOIN account_statements same
        ON same.customer_id = sent.customer_id AND same.account_id = sent.account_id
       AND same.statement_on = sent.statement_on AND same.superseded_at IS NULL
      LEFT JOIN LATERAL (
        SELECT statement_on, statement_balance_minor FROM account_statements e
         WHERE e.customer_id = sent.customer_id AND e.account_id = sent.account_id AND e.statement_on < sent.statement_on
           AND e.superseded_at IS NULL
         ORDER BY e.statement_on DESC LIMIT 1) earlier ON true`.execute(trx);
  return rows;
}

/** The account of an id, locked until the end of the transaction; undefined when there is none. */
export async function lockAccount(
  trx: Trx,
  accountId: string,
): Promise<{ customer_id: string; currency: string } | undefined> {
  const { rows } = await sql<{ customer_id: string; currency: string }>`
    SELECT customer_id, currency FROM accounts
     WHERE customer_id = (SELECT customer_id FROM account_directory WHERE account_id = ${accountId}) AND account_id = ${accountId}
       FOR NO KEY UPDATE`.execute(trx);
  return rows[0];
}

/** Whose the account is; undefined when there is none. */
export async function ownerOf(db: Db, accountId: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('account_directory')
    .select('customer_id')
    .where('account_id', '=', accountId)
    .executeTakeFirst();
  return row?.customer_id;
}

/** Statements of an account before a day, the newest first, each in its newest version; null: from the newest on. */
export async function listStatementRows(
  db: Db | Trx,
  account: { readonly customerId: string; readonly accountId: string },
  before: string | null,
  limit: number,
): Promise<StatementRow[]> {
  const { rows } = await sql<StatementRow>`
    SELECT s.*, earlier.statement_on AS before_on, earlier.statement_balance_minor AS before_balance_minor
      FROM account_statements s
      LEFT JOIN LATERAL (
        SELECT statement_on, statement_balance_minor FROM account_statements e
         WHERE e.customer_id = s.customer_id AND e.account_id = s.account_id AND e.statement_on < s.statement_on
           AND e.superseded_at IS NULL
         ORDER BY e.statement_on DESC LIMIT 1) earlier ON true
     WHERE s.customer_id = ${account.customerId} AND s.account_id = ${account.accountId} AND s.superseded_at IS NULL
       AND s.statement_on < coalesce(${before}::date, 'infinity')
     ORDER BY s.statement_on DESC LIMIT ${limit}`.execute(db);
  return rows;
}

/** The statement of a day in its newest version; undefined when there is none. */
export async function findStatement(
  trx: Trx,
  account: { readonly customerId: string; readonly accountId: string },
  statementOn: string,
): Promise<StatementRow | undefined> {
  const next = Temporal.PlainDate.from(statementOn).add({ days: 1 }).toString();
  const [row] = await listStatementRows(trx, account, next, 1);
  return row?.statement_on === statementOn ? row : undefined;
}
