import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { createPool } from '../../src/db/database.ts';
import { startEmbedded } from '../../src/db/embedded.ts';
import { migrate } from '../../src/db/migrate.ts';

/** Midday in China: inside the calling hours, whatever the time of the run. The services get it as Test-Clock. */
export const NOON = '2026-11-23T12:00:00+08:00';
export const CUSTOMERS = 10_000;
/** Attempts of twelve months: 500 for each customer. */
export const ATTEMPTS_A_YEAR = 5_000_000;

export interface BenchServer {
  /** A migrated database with customers of one account and one mobile each, and the last so many attempts of a year. */
  readonly createDatabase: (name: string, attempts: number) => Promise<string>;
  readonly stop: () => Promise<void>;
}

/** PostgreSQL as the service brings it, with fsync, in a folder that is gone afterwards. */
export async function startDatabase(): Promise<BenchServer> {
  const dataDir = mkdtempSync(join(tmpdir(), 'collections-rules-bench-'));
  // As root the server is another OS user, who must be able to pass through.
  chmodSync(dataDir, 0o711);
  const say = (sentence: string) => process.stderr.write(`${sentence}\n`);
  const { url, stop } = await startEmbedded({ dataDir, log: { info: say, warn: say } });
  return {
    createDatabase: async (name, attempts) => {
      await run(url, [`CREATE DATABASE ${name}`]);
      const own = new URL(url);
      own.pathname = `/${name}`;
      const pool = createPool({ url: own.href, maxConnections: 2, statementTimeoutMs: 600_000 }, { warn: say });
      await migrate(pool);
      await pool.end();
      await run(own.href, [PARTITIONS, ...customers(), ...BASELINE]);
      await loadAttempts(own.href, attempts);
      return own.href;
    },
    stop: async () => {
      await stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function run(url: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

const PARTITIONS = `SELECT ensure_month_partitions('2025-11-01', 14)`;

// Keys are what the vault would give: sixteen bytes that say nothing.
const PERSON = `decode(md5('person ' || i), 'hex')`;
const MOBILE = `decode(md5('mobile ' || i), 'hex')`;

function customers(): string[] {
  const all = `FROM generate_series(1, ${CUSTOMERS}) i`;
  const then = `timestamptz '2025-11-01T00:00:00+08:00'`;
  return [
    `INSERT INTO customers (customer_id, debtor_key, name_sealed, language, jurisdictions, time_zones, content_key, version, created_at, updated_at)
     SELECT 'C' || i, ${PERSON}, '\\x00', 'zh-CN', '{CN}', '{Asia/Shanghai}', '\\x00', 1, ${then}, ${then} ${all}`,
    `INSERT INTO parties (customer_id, party_id, role, person_key, name_sealed, position)
     SELECT 'C' || i, 'self', 'debtor', ${PERSON}, '\\x00', 0 ${all}`,
    `INSERT INTO contact_points (customer_id, contact_point_id, party_id, kind, value_sealed, address_key, line, status, time_zones, position)
     SELECT 'C' || i, 'm1', 'self', 'phone', '\\x00', ${MOBILE}, 'mobile', 'active', '{}', 0 ${all}`,
    `INSERT INTO accounts (customer_id, account_id, product, currency, as_of, past_due_since, status, principal_minor, interest_minor,
       penalty_minor, fees_minor, minimum_due_minor, optional_facts, version, created_at, updated_at)
     SELECT 'C' || i, 'A' || i, 'credit_card', 'CNY', ${then}, '2026-09-20', 'open', 1000000, 20000, 5000, 0, 50000, '{}', 1, ${then}, ${then} ${all}`,
    // One customer in twenty disputes the debt.
    `INSERT INTO directives (customer_id, directive_id, kind, valid_from, details, fingerprint, client_id, recorded_at)
     SELECT 'C' || i, 'd1', 'dispute', ${then}, '{}', '\\x00', 'bench', ${then} ${all} WHERE i % 20 = 0`,
    `SELECT refresh_contact_profiles(array_agg(customer_id), ${then}) FROM customers`,
    'VACUUM ANALYZE',
  ];
}

/** What the baseline's bare route updates and inserts into. */
const BASELINE = [
  'CREATE TABLE baseline_slots (customer_id text PRIMARY KEY, taken integer NOT NULL)',
  `INSERT INTO baseline_slots SELECT customer_id, 0 FROM customers`,
  `CREATE TABLE baseline_reservations (reservation_id text PRIMARY KEY, customer_id text NOT NULL, reserved_at timestamptz NOT NULL)`,
];

/**
 * The last `count` attempts of the twelve months before NOON, in the order of time, each customer's evenly spread: what
 * happened lately is the same however long the history is. The primary keys are made after the rows, and the two big
 * tables are filled side by side, which halves the time.
 */
async function loadAttempts(url: string, count: number): Promise<void> {
  const attempt = `
    SELECT 'C' || i AS customer_id, 'a' || n AS attempt_id, ${PERSON} AS person_key, ${MOBILE} AS address_key, 'A' || i AS account_id,
      timestamptz '${NOON}' - interval '40 minutes' - n * (interval '365 days' / ${ATTEMPTS_A_YEAR}) AS started_at, o AS o
    FROM (SELECT n, 1 + (n::bigint * 7919) % ${CUSTOMERS} AS i, (n + n / ${CUSTOMERS}) % 10 AS o FROM generate_series(${count - 1}, 0, -1) n) numbered`;
  const channel = `CASE WHEN o > 7 THEN 'sms' ELSE 'voice' END`;
  const outcome = `(ARRAY['no_answer', 'no_answer', 'no_answer', 'no_answer', 'busy', 'voicemail', 'answered', 'conversation', 'delivered', 'delivered'])[o + 1]`;
  const settings = [`SET maintenance_work_mem = '1GB'`, 'SET synchronous_commit = off'];
  await Promise.all([
    run(url, [
      ...settings,
      'ALTER TABLE attempts DROP CONSTRAINT attempts_pkey',
      'ALTER TABLE attempt_directory DROP CONSTRAINT attempt_directory_pkey',
      `INSERT INTO attempts (customer_id, attempt_id, started_at, client_id, party_id, contact_point_id, person_key, address_key, account_ids,
         channel, direction, purpose, outcome, automated, collector_kind, collector_id, details, late, fingerprint, recorded_at)
       SELECT customer_id, attempt_id, started_at, 'bench', 'self', 'm1', person_key, address_key, ARRAY[account_id],
         ${channel}, 'outbound', 'collect', ${outcome}, false, 'creditor', 'bank', '{}', false, person_key, started_at FROM (${attempt}) one`,
      `INSERT INTO attempt_directory (attempt_id, customer_id, started_at) SELECT attempt_id, customer_id, started_at FROM (${attempt}) one`,
      'ALTER TABLE attempts ADD PRIMARY KEY (customer_id, started_at, attempt_id)',
      'ALTER TABLE attempt_directory ADD PRIMARY KEY (attempt_id)',
      'VACUUM ANALYZE attempts, attempt_directory',
    ]),
    run(url, [
      ...settings,
      'ALTER TABLE budget_entries DROP CONSTRAINT budget_entries_pkey',
      `INSERT INTO budget_entries (subject_key, started_at, contact_id, customer_id, account_ids, channel, direction, purpose, outcome, collector_id)
       SELECT subject_key, started_at, attempt_id, customer_id, ARRAY[account_id], ${channel}, 'outbound', 'collect', ${outcome}, 'bank'
       FROM (${attempt}) one CROSS JOIN LATERAL unnest(ARRAY[person_key, address_key]) subject_key`,
      'ALTER TABLE budget_entries ADD PRIMARY KEY (subject_key, started_at, contact_id)',
      'VACUUM ANALYZE budget_entries',
    ]),
  ]);
  await run(url, ['CHECKPOINT']);
}
