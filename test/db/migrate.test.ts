import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  describeProblems,
  type Migration,
  migrate,
  migrationStatus,
  pendingMigrations,
  planMigrations,
  readMigrations,
} from '../../src/db/migrate.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let folder: string;
beforeEach(async () => {
  database = await createTestDatabase('empty');
  folder = mkdtempSync(join(tmpdir(), 'migrations-'));
});
afterEach(async () => {
  rmSync(folder, { recursive: true });
  await database.drop();
});

/** The migrations of the service and, after them, `files` of one line each. */
function withFiles(files: Record<string, string>): Migration[] {
  cpSync('migrations', folder, { recursive: true });
  for (const [name, sql] of Object.entries(files)) writeFileSync(join(folder, name), sql);
  return readMigrations(folder);
}

const own = readMigrations().map(({ name }) => name);

async function tableExists(name: string): Promise<boolean> {
  const { rows } = await database.pool.query('SELECT to_regclass($1) IS NOT NULL AS exists', [name]);
  return rows[0].exists;
}

test('an empty database is migrated, with the job queue and two years of partitions, and a second run does nothing', async () => {
  expect(await pendingMigrations(database.pool)).toEqual(own);
  expect(await migrate(database.pool)).toEqual(own);
  expect(await pendingMigrations(database.pool)).toEqual([]);
  expect(await migrate(database.pool)).toEqual([]);
  expect(await tableExists('graphile_worker.migrations')).toBe(true);
  const { rows } = await database.pool.query(
    `SELECT count(*)::int AS partitions FROM pg_inherits WHERE inhparent IN ('attempts'::regclass, 'decisions'::regclass)`,
  );
  expect(rows[0].partitions).toBe(2 * (24 + 1));
});

test('two runners at once apply each file once', async () => {
  const applied = await Promise.all([migrate(database.pool), migrate(database.pool), migrate(database.pool)]);
  expect(applied.flat()).toEqual(own);
});

test('a runner that waits in vain says who holds the lock', async () => {
  const holder = await database.pool.connect();
  try {
    const { rows } = await holder.query('SELECT pg_backend_pid() AS pid, pg_advisory_lock($1, $2)', [0x636f6c6c, 1]);
    await expect(migrate(database.pool, { lockWaitMs: 300 })).rejects.toThrow(
      `Another migration runner holds the lock: collections-rules-service of postgres`,
    );
    await expect(planMigrations(database.pool, { lockWaitMs: 300 })).rejects.toThrow(
      `(process ${rows[0].pid}, since 2`,
    );
  } finally {
    holder.release(true);
  }
});

test('a file that fails is named with its line and leaves nothing, and those before it stay', async () => {
  const migrations = withFiles({
    '9001_good.sql': 'CREATE TABLE good ();',
    '9002_bad.sql': 'CREATE TABLE half ();\nSELECT nothing;',
  });
  await expect(migrate(database.pool, { migrations })).rejects.toThrow(
    '9002_bad.sql:2: column "nothing" does not exist; nothing of this file was applied.',
  );
  expect(await tableExists('good')).toBe(true);
  expect(await tableExists('half')).toBe(false);
  expect((await migrationStatus(database.pool, migrations)).pending.map(({ name }) => name)).toEqual(['9002_bad.sql']);
});

test('a plan tries every pending file and changes nothing', async () => {
  const planned = await planMigrations(database.pool, {
    migrations: withFiles({ '9001_one.sql': 'CREATE TABLE one ();' }),
  });
  expect(planned.map(({ name, tried }) => `${name} ${tried}`)).toEqual(
    [...own, '9001_one.sql'].map((name) => `${name} true`),
  );
  const { rows } = await database.pool.query(
    `SELECT count(*)::int AS tables FROM pg_class WHERE relnamespace = 'public'::regnamespace`,
  );
  expect(rows[0].tables).toBe(0);
  await expect(
    planMigrations(database.pool, { migrations: withFiles({ '9002_bad.sql': 'SELECT nothing' }) }),
  ).rejects.toThrow('9002_bad.sql:1:');
});

test('`tx: none` runs a statement that refuses a transaction, and a plan does not try it', async () => {
  const migrations = withFiles({
    '9001_index.sql': '-- expand; tx: none\nCREATE INDEX CONCURRENTLY accounts_product ON accounts (product);',
    '9002_after.sql': 'CREATE TABLE after_index ();',
  });
  const planned = await planMigrations(database.pool, { migrations });
  expect(planned.filter(({ tried }) => !tried).map(({ name }) => name)).toEqual(['9001_index.sql', '9002_after.sql']);
  await migrate(database.pool, { migrations });
  expect(await tableExists('accounts_product')).toBe(true);
});

test('a file waits for a lock as long as its first line says, then gives up', async () => {
  await migrate(database.pool);
  const migrations = withFiles({
    '9001_wait.sql': '-- expand; lock-timeout: 100ms\nALTER TABLE customers ADD COLUMN extra text;',
  });
  const reader = await database.pool.connect();
  try {
    await reader.query('BEGIN; SELECT 1 FROM customers');
    const start = performance.now();
    await expect(migrate(database.pool, { migrations })).rejects.toThrow(
      '9001_wait.sql: canceling statement due to lock timeout',
    );
    expect(performance.now() - start).toBeLessThan(3_000);
  } finally {
    reader.release(true);
  }
});

test('a changed, a lost and a misplaced file are found, and nothing is applied over them', async () => {
  const before = withFiles({ '9002_kept.sql': 'CREATE TABLE kept ();', '9003_lost.sql': 'CREATE TABLE lost ();' });
  await migrate(database.pool, { migrations: before });
  rmSync(join(folder, '9003_lost.sql'));
  const after = withFiles({
    '9002_kept.sql': 'CREATE TABLE kept (extra text);',
    '9001_late.sql': 'CREATE TABLE late ();',
  });
  const status = await migrationStatus(database.pool, after);
  expect(describeProblems(status)).toEqual([
    '9002_kept.sql was changed after it was applied; restore it and write a new migration instead.',
    '9003_lost.sql was applied and its file is gone.',
    '9001_late.sql comes before one that is applied; give it the next number.',
  ]);
  await expect(migrate(database.pool, { migrations: after })).rejects.toThrow('9002_kept.sql was changed');
  expect(await tableExists('late')).toBe(false);
});

test('a release that is older than the database has nothing to apply and passes', async () => {
  await migrate(database.pool, { migrations: withFiles({ '9001_newer.sql': 'CREATE TABLE newer ();' }) });
  expect(await migrate(database.pool)).toEqual([]);
});

test('names and numbers of files are checked, and line ends do not change a checksum', () => {
  writeFileSync(join(folder, '0001_a.sql'), 'SELECT 1;\nSELECT 2;\n');
  const [unix] = readMigrations(folder);
  writeFileSync(join(folder, '0001_a.sql'), 'SELECT 1;\r\nSELECT 2;\r\n');
  expect(readMigrations(folder)[0]?.checksum).toBe(unix?.checksum);
  writeFileSync(join(folder, '0001_b.sql'), '');
  expect(() => readMigrations(folder)).toThrow('0001_a.sql and 0001_b.sql have the same number.');
  writeFileSync(join(folder, '2_b.sql'), '');
  rmSync(join(folder, '0001_b.sql'));
  expect(() => readMigrations(folder)).toThrow('2_b.sql is not named NNNN_name.sql.');
});

test('the command answers with text, JSON and exit codes', async () => {
  const run = async (...args: string[]) =>
    promisify(execFile)(process.execPath, ['src/migrate.ts', ...args], {
      env: { ...process.env, MIGRATION_DATABASE_URL: database.url },
    }).then(
      ({ stdout }) => ({ code: 0, stdout, stderr: '' }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
  expect(await run('status', '--json')).toMatchObject({
    code: 3,
    stdout: expect.stringContaining(`"pending": [\n    "${own[0]}"`),
  });
  expect(await run('plan')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(`-- ${own[0]}: tried and rolled back\n-- expand`),
  });
  expect(await run('up')).toMatchObject({ code: 0, stdout: own.map((name) => `applied  ${name}\n`).join('') });
  expect(await run('status')).toMatchObject({ code: 0, stdout: expect.stringContaining('Nothing is pending.') });
  expect(await run('verify')).toMatchObject({ code: 0 });
  await database.pool.query(`UPDATE schema_migrations SET checksum = '' WHERE name = $1`, [own[0]]);
  expect(await run('verify')).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/^0001_clients.sql was changed/),
  });
  expect(await run('up')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^0001_clients.sql was changed.*\n$/),
  });
  expect(await run('down')).toMatchObject({ code: 2, stderr: expect.stringMatching(/^Usage/) });
});
