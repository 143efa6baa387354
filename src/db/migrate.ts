import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { runMigrations as runWorkerMigrations } from 'graphile-worker';
import type { Pool, PoolClient } from 'pg';

/** One file of `migrations/`; its first line may carry `lock-timeout: 2s` and `tx: none`. */
export interface Migration {
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the text, in hex, the same on every system's line ends. */
  readonly checksum: string;
  readonly lockTimeout: string;
  /** False for `tx: none`: one statement that refuses a transaction, such as CREATE INDEX CONCURRENTLY. */
  readonly inTransaction: boolean;
}

export interface AppliedMigration {
  readonly name: string;
  readonly checksum: string;
  readonly appliedAt: string;
  readonly durationMs: number;
}

export interface MigrationStatus {
  readonly applied: readonly AppliedMigration[];
  readonly pending: readonly Migration[];
  /** Applied, and the file has another checksum now. */
  readonly changed: readonly string[];
  /** Applied, and there is no such file: it was removed, or a newer release migrated this database. */
  readonly gone: readonly string[];
  /** Pending, and numbered before one that is applied. */
  readonly misplaced: readonly string[];
}

export interface RunOptions {
  readonly migrations?: readonly Migration[];
  /** How long to wait for another runner. */
  readonly lockWaitMs?: number;
}

/** A migration that cannot run; the message is one sentence for the person at the terminal. */
export class MigrationError extends Error {}

const FOLDER = fileURLToPath(new URL('../../migrations', import.meta.url));
const LOCK_KEYS = [0x636f6c6c, 1];

/** Reads the migrations in their order. Throws MigrationError for a wrong name or a number that is used twice. */
export function readMigrations(folder = FOLDER): Migration[] {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .sort();
  return names.map((name, index) => {
    if (!/^\d{4}_[a-z0-9_]+\.sql$/.test(name)) throw new MigrationError(`${name} is not named NNNN_name.sql.`);
    const before = names[index - 1];
    if (before?.slice(0, 4) === name.slice(0, 4))
      throw new MigrationError(`${before} and ${name} have the same number.`);
    const sql = readFileSync(join(folder, name), 'utf8').replaceAll('\r\n', '\n');
    const header = /^--.*/.exec(sql)?.[0] ?? '';
    return {
      name,
      sql,
      checksum: createHash('sha256').update(sql).digest('hex'),
      lockTimeout: /lock-timeout: *(\d+(?:ms|s|min))\b/.exec(header)?.[1] ?? '5s',
      inTransaction: !/\btx: *none\b/.test(header),
    };
  });
}

/** Compares the files with the database, reading only. */
export async function migrationStatus(
  db: Pool | PoolClient,
  migrations: readonly Migration[] = readMigrations(),
): Promise<MigrationStatus> {
  const applied = await readApplied(db);
  const files = new Map(migrations.map(({ name, checksum }) => [name, checksum]));
  const names = new Set(applied.map(({ name }) => name));
  const last = applied.at(-1)?.name ?? '';
  const pending = migrations.filter(({ name }) => !names.has(name));
  return {
    applied,
    pending,
    changed: applied.filter(({ name, checksum }) => (files.get(name) ?? checksum) !== checksum).map(({ name }) => name),
    gone: applied.filter(({ name }) => !files.has(name)).map(({ name }) => name),
    misplaced: pending.filter(({ name }) => name < last).map(({ name }) => name),
  };
}

/** What is wrong, a sentence each. Pure; empty when every applied file is as it was. */
export function describeProblems({
  changed,
  gone,
  misplaced,
}: Pick<MigrationStatus, 'changed' | 'gone' | 'misplaced'>): string[] {
  return [
    ...changed.map((name) => `${name} was changed after it was applied; restore it and write a new migration instead.`),
    ...gone.map((name) => `${name} was applied and its file is gone.`),
    ...misplaced.map((name) => `${name} comes before one that is applied; give it the next number.`),
  ];
}

/** Names of the migrations that this release needs and the database lacks; for readiness. */
export async function pendingMigrations(db: Pool): Promise<string[]> {
  return (await migrationStatus(db)).pending.map(({ name }) => name);
}

/**
 * Applies what is pending, then the schema of the job queue and the monthly partitions of the next two years. Safe to
 * call from several processes at once. Returns the names it applied. Throws MigrationError.
 */
export async function migrate(
  pool: Pool,
  { migrations = readMigrations(), lockWaitMs = 10_000 }: RunOptions = {},
): Promise<string[]> {
  return withMigrationLock(pool, lockWaitMs, async (client) => {
    const status = await migrationStatus(client, migrations);
    const { pending } = status;
    // A release older than the database has nothing pending and must still pass, for a rollback.
    const problems = describeProblems({ ...status, gone: pending.length > 0 ? status.gone : [] });
    if (problems.length > 0) throw new MigrationError(problems.join('\n'));
    await client.query(`CREATE TABLE IF NOT EXISTS schema_migrations (
      name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now(), duration_ms integer NOT NULL)`);
    for (const migration of pending) await apply(client, migration);
    await runWorkerMigrations({ pgPool: pool });
    await client.query(`SET lock_timeout = '5s'`);
    await client.query(`SELECT ensure_month_partitions((date_trunc('month', now()) - interval '3 months')::date, 24)`);
    return pending.map(({ name }) => name);
  });
}

export interface PlannedMigration {
  readonly name: string;
  readonly sql: string;
  /** False for a `tx: none` file and what comes after it: the rolled-back trial cannot run those. */
  readonly tried: boolean;
}

/** Runs what is pending in one transaction that is rolled back. Throws MigrationError when a file would fail. */
export async function planMigrations(
  pool: Pool,
  { migrations = readMigrations(), lockWaitMs = 10_000 }: RunOptions = {},
): Promise<PlannedMigration[]> {
  return withMigrationLock(pool, lockWaitMs, async (client) => {
    const status = await migrationStatus(client, migrations);
    const { pending } = status;
    const problems = describeProblems(status);
    if (problems.length > 0) throw new MigrationError(problems.join('\n'));
    const firstUntried = pending.findIndex(({ inTransaction }) => !inTransaction);
    const tried = firstUntried < 0 ? pending : pending.slice(0, firstUntried);
    await client.query('BEGIN');
    try {
      for (const migration of tried) await runFile(client, migration, 'SET LOCAL');
    } finally {
      await client.query('ROLLBACK');
    }
    return pending.map((migration) => ({ name: migration.name, sql: migration.sql, tried: tried.includes(migration) }));
  });
}

async function readApplied(db: Pool | PoolClient): Promise<AppliedMigration[]> {
  const { rows } = await db.query<{ exists: boolean }>(`SELECT to_regclass('schema_migrations') IS NOT NULL AS exists`);
  if (!rows[0]?.exists) return [];
  const result = await db.query<{
    name: string;
    checksum: string;
    applied_at: Date | Temporal.Instant;
    duration_ms: number;
  }>('SELECT name, checksum, applied_at, duration_ms FROM schema_migrations ORDER BY name');
  return result.rows.map((row) => ({
    name: row.name,
    checksum: row.checksum,
    appliedAt: row.applied_at instanceof Date ? row.applied_at.toISOString() : row.applied_at.toString(),
    durationMs: row.duration_ms,
  }));
}

async function apply(client: PoolClient, migration: Migration): Promise<void> {
  const start = performance.now();
  const record = async () =>
    client.query('INSERT INTO schema_migrations (name, checksum, duration_ms) VALUES ($1, $2, $3)', [
      migration.name,
      migration.checksum,
      Math.round(performance.now() - start),
    ]);
  if (!migration.inTransaction) {
    await runFile(client, migration, 'SET');
    await record();
    return;
  }
  await client.query('BEGIN');
  try {
    await runFile(client, migration, 'SET LOCAL');
    await record();
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

async function runFile(client: PoolClient, migration: Migration, set: 'SET' | 'SET LOCAL'): Promise<void> {
  await client.query(`${set} lock_timeout = '${migration.lockTimeout}'`);
  try {
    await client.query(migration.sql);
  } catch (error) {
    const { message, position } = error as { message: string; position?: string };
    const line = position ? migration.sql.slice(0, Number(position)).split('\n').length : undefined;
    const after = migration.inTransaction
      ? 'nothing of this file was applied.'
      : 'it runs without a transaction, so look for what it left, such as an INVALID index, before the next try.';
    throw new MigrationError(`${migration.name}${line ? `:${line}` : ''}: ${message}; ${after}`, { cause: error });
  }
}

/**
 * Runs `work` on a connection that holds the migration lock. The lock is polled, since a waiting statement would hold a
 * snapshot that CREATE INDEX CONCURRENTLY of the other runner waits for. The connection is closed at the end, and its
 * settings and lock with it. Throws MigrationError naming the holder after `waitMs`.
 */
async function withMigrationLock<T>(pool: Pool, waitMs: number, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query('SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0');
    const deadline = performance.now() + waitMs;
    while (!(await tryLock(client))) {
      if (performance.now() > deadline) throw new MigrationError(await describeHolder(client));
      await sleep(200);
    }
    return await work(client);
  } finally {
    client.release(true);
  }
}

async function tryLock(client: PoolClient): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1, $2) AS locked', LOCK_KEYS);
  return rows[0]?.locked === true;
}

async function describeHolder(client: PoolClient): Promise<string> {
  const { rows } = await client.query<{ holder: string }>(
    `SELECT format('%s of %s at %s (process %s, since %s)', coalesce(nullif(application_name, ''), 'a client'), usename, coalesce(host(client_addr), 'a local socket'), pid,
            to_char(backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) AS holder
       FROM pg_locks JOIN pg_stat_activity USING (pid)
      WHERE locktype = 'advisory' AND classid = $1 AND objid = $2 AND objsubid = 2 AND granted
        AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    LOCK_KEYS,
  );
  return `Another migration runner holds the lock: ${rows[0]?.holder ?? 'it ended just now'}; try again when it has ended.`;
}
