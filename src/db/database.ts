import type { FastifyBaseLogger } from 'fastify';
import { Kysely, PostgresDialect, sql, type Transaction } from 'kysely';
import pg from 'pg';
import type { Database } from './tables.ts';

export type Db = Kysely<Database>;
export type Trx = Transaction<Database>;

const INT8 = 20;
const DATE = 1082;
const TIMESTAMPTZ = 1184;

/** int8 to bigint, date to its text, timestamptz to Temporal.Instant; numeric stays text, json is parsed. */
const parsers: Record<number, (text: string) => unknown> = {
  [INT8]: BigInt,
  [DATE]: (text) => text,
  [TIMESTAMPTZ]: (text) => Temporal.Instant.from(text),
};
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    parsers[oid] ?? pg.types.getTypeParser(oid, format as 'text'),
};

export interface PoolOptions {
  readonly url: string;
  readonly maxConnections: number;
  readonly statementTimeoutMs: number;
}

/** Opens a pool that survives a restart of the database: errors of idle connections are logged, not thrown. */
export function createPool(options: PoolOptions, log: Pick<FastifyBaseLogger, 'warn'>): pg.Pool {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.maxConnections,
    types,
    application_name: 'collections-rules-service',
    statement_timeout: options.statementTimeoutMs,
    idle_in_transaction_session_timeout: 30_000,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    // One generic plan per named statement; jit would cost more than these statements take. Without a ban a plan that
    // was made while a table was empty scans the whole of it when it has grown.
    options: '-c jit=off -c enable_seqscan=off -c plan_cache_mode=force_generic_plan -c timezone=UTC',
  });
  pool.on('error', (error) => log.warn({ err: error }, 'an idle database connection failed'));
  pool.on('connect', (client) =>
    client.on('error', (error) => log.warn({ err: error }, 'a database connection failed')),
  );
  return pool;
}

export function createDb(pool: pg.Pool): Db {
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
}

/** SQLSTATE of a database error, undefined for any other error. */
export function sqlState(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/** Locks the budgets of these people and numbers until the end of the transaction; see the function in migration 0004. */
export async function lockBudgetSubjects(trx: Trx, keys: readonly (Buffer | null)[]): Promise<void> {
  await sql`SELECT lock_budget_subjects(${keys.filter((key) => key !== null)}::bytea[])`.execute(trx);
}

/** Writes anew what decisions read of these customers; the last statement about them in a transaction. See migration 0006. */
export async function refreshContactProfiles(trx: Trx, customerIds: readonly string[], at: string): Promise<void> {
  if (customerIds.length === 0) return;
  await sql`SELECT refresh_contact_profiles(${[...new Set(customerIds)]}::text[], ${at}::timestamptz)`.execute(trx);
}
