import pg from 'pg';
import { ConfigError, readMigrationConfig } from './config.ts';
import { EmbeddedError, startEmbedded } from './db/embedded.ts';
import {
  describeProblems,
  MigrationError,
  type MigrationStatus,
  migrate,
  migrationStatus,
  planMigrations,
} from './db/migrate.ts';

/**
 * `npm run migrate -- status | plan | up | verify [--json]`: exit code 0 done, 3 something is pending, 1 failed, 2 misuse.
 * The lock is a session's: behind a pooler of transactions, give MIGRATION_DATABASE_URL a direct address.
 */
const USAGE = `Usage: npm run migrate -- <command> [--json]
  status   what is applied and what is pending; exit code 3 when something is pending
  plan     the SQL that is pending, tried in a transaction that is rolled back
  up       apply what is pending
  verify   compare the applied migrations with their files; exit code 1 when they differ`;

interface Outcome {
  readonly json: unknown;
  readonly text: string;
  readonly exitCode: number;
}

const COMMANDS: Record<string, (pool: pg.Pool) => Promise<Outcome>> = {
  status: async (pool) => {
    const status = await migrationStatus(pool);
    const applied = status.applied.map(
      ({ name, appliedAt, durationMs }) => `applied  ${name}  ${appliedAt}  ${durationMs} ms`,
    );
    const pending = status.pending.map(({ name }) => `pending  ${name}`);
    const summary =
      pending.length === 0 ? 'Nothing is pending.' : `${pending.length} pending; apply with: npm run migrate -- up`;
    return {
      json: summaryOf(status),
      text: [...applied, ...pending, ...describeProblems(status), summary].join('\n'),
      exitCode: pending.length > 0 ? 3 : 0,
    };
  },
  plan: async (pool) => {
    const planned = await planMigrations(pool);
    const blocks = planned.map(
      ({ name, sql, tried }) => `-- ${name}: ${tried ? 'tried and rolled back' : 'not tried'}\n${sql.trimEnd()}\n`,
    );
    return { json: { planned }, text: blocks.join('\n') || 'Nothing is pending.', exitCode: 0 };
  },
  up: async (pool) => {
    const applied = await migrate(pool);
    return {
      json: { applied },
      text: applied.map((name) => `applied  ${name}`).join('\n') || 'Nothing was pending.',
      exitCode: 0,
    };
  },
  verify: async (pool) => {
    const status = await migrationStatus(pool);
    const problems = describeProblems(status);
    const text = problems.join('\n') || `${status.applied.length} applied migrations equal their files.`;
    return { json: summaryOf(status), text, exitCode: problems.length > 0 ? 1 : 0 };
  },
};

function summaryOf({ applied, pending, changed, gone, misplaced }: MigrationStatus) {
  return { applied, pending: pending.map(({ name }) => name), changed, gone, misplaced };
}

async function main(args: readonly string[]): Promise<number> {
  const words = args.filter((arg) => arg !== '--json');
  const run = COMMANDS[words[0] ?? ''];
  if (!run || words.length > 1) {
    process.stderr.write(`${USAGE}\n`);
    return 2;
  }
  const { migrationDatabaseUrl, dataDir } = readMigrationConfig();
  const say = (text: string) => process.stderr.write(`${text}\n`);
  const embedded =
    migrationDatabaseUrl === null ? await startEmbedded({ dataDir, log: { info: () => undefined, warn: say } }) : null;
  const pool = new pg.Pool({
    connectionString: migrationDatabaseUrl ?? embedded?.url,
    max: 3,
    application_name: 'npm run migrate',
    connectionTimeoutMillis: 5_000,
  });
  pool.on('error', (error) => say(error.message));
  pool.on('connect', (client) => client.on('error', (error) => say(error.message)));
  try {
    const outcome = await run(pool);
    process.stdout.write(`${args.includes('--json') ? JSON.stringify(outcome.json, null, 2) : outcome.text}\n`);
    return outcome.exitCode;
  } finally {
    await pool.end();
    await embedded?.stop();
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const { message, code } = error as NodeJS.ErrnoException;
  const expected = error instanceof ConfigError || error instanceof EmbeddedError || error instanceof MigrationError;
  process.stderr.write(`${expected ? message : `The migration failed: ${message || code}`}\n`);
  process.exitCode = 1;
}
