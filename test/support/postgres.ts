import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { createPool } from '../../src/db/database.ts';
import { startEmbedded } from '../../src/db/embedded.ts';
import { migrate } from '../../src/db/migrate.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The server for tests: who may create databases there, and the migrated one to copy. */
    readonly postgres: { readonly url: string; readonly template: string };
  }
}

interface Server {
  readonly choice: string;
  readonly url: string;
  readonly stop: () => Promise<unknown>;
}

/**
 * Chooses the PostgreSQL of the test run once: TEST_DATABASE_URL, else a container where an engine answers, else the
 * embedded one. After the choice every error fails the run; nothing is skipped.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = (await given()) ?? (await container()) ?? (await embedded());
  const admin = createPool(
    { url: server.url, maxConnections: 2, statementTimeoutMs: 60_000 },
    { warn: () => undefined },
  );
  const template = `crs_test_${randomBytes(6).toString('hex')}`;
  const tearDown = async () => {
    const made = await admin.query<{ datname: string }>(
      'SELECT datname FROM pg_database WHERE starts_with(datname, $1)',
      [template],
    );
    for (const { datname } of made.rows) await admin.query(`DROP DATABASE IF EXISTS ${datname} WITH (FORCE)`);
    await admin.end();
    await server.stop();
  };
  try {
    const { rows } = await admin.query<{ server_version: string }>('SHOW server_version');
    process.stdout.write(`Tests use ${server.choice}, PostgreSQL ${rows[0]?.server_version}.\n`);
    await admin.query(`CREATE DATABASE ${template}`);
    await migrateDatabase(urlOf(server.url, template));
  } catch (error) {
    await tearDown().catch(() => undefined);
    throw error;
  }
  project.provide('postgres', { url: server.url, template });
  return tearDown;
}

export function urlOf(server: string, database: string): string {
  const url = new URL(server);
  url.pathname = `/${database}`;
  return url.href;
}

async function migrateDatabase(url: string): Promise<void> {
  const pool = createPool({ url, maxConnections: 2, statementTimeoutMs: 60_000 }, { warn: () => undefined });
  try {
    await migrate(pool);
  } finally {
    await pool.end();
  }
}

async function given(): Promise<Server | null> {
  const url = process.env.TEST_DATABASE_URL;
  return url ? { choice: 'the server of TEST_DATABASE_URL', url, stop: async () => undefined } : null;
}

async function container(): Promise<Server | null> {
  const { getContainerRuntimeClient } = await import('testcontainers');
  try {
    await getContainerRuntimeClient();
  } catch {
    return null;
  }
  const { PostgreSqlContainer } = await import('@testcontainers/postgresql');
  const started = await new PostgreSqlContainer('postgres:18').start();
  return { choice: 'a container', url: started.getConnectionUri(), stop: () => started.stop() };
}

const PREFIX = 'collections-rules-test-';

async function embedded(): Promise<Server> {
  await removeAbandoned();
  const dataDir = mkdtempSync(join(tmpdir(), PREFIX));
  // As root the server is another OS user, who must be able to pass through.
  chmodSync(dataDir, 0o711);
  const say = (sentence: string) => process.stdout.write(`${sentence}\n`);
  const database = await startEmbedded({ dataDir, log: { info: say, warn: say } });
  const stop = async () => {
    await database.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
  return { choice: 'the embedded server', url: database.url, stop };
}

/** Ends the servers of test runs that were killed, and removes their folders. */
async function removeAbandoned(): Promise<void> {
  const quiet = { info: () => undefined, warn: () => undefined };
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(PREFIX))) {
    const dataDir = join(tmpdir(), name);
    if (!existsSync(join(dataDir, 'service.lock'))) continue;
    try {
      await (await startEmbedded({ dataDir, log: quiet })).stop();
      rmSync(dataDir, { recursive: true, force: true });
    } catch {
      // It is in use, or another user's.
    }
  }
}
