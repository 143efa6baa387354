import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { createDb, createPool, type Db } from '../../src/db/database.ts';
import { urlOf } from './postgres.ts';

export interface TestDatabase {
  readonly url: string;
  readonly pool: pg.Pool;
  readonly db: Db;
  /** Closes the pool and drops the database. */
  readonly drop: () => Promise<void>;
}

/** A migrated database of its own, a copy of the template, or an empty one: once per test file, in `beforeAll`. */
export async function createTestDatabase(content: 'migrated' | 'empty' = 'migrated'): Promise<TestDatabase> {
  const server = inject('postgres');
  const name = `${server.template}_${randomBytes(4).toString('hex')}`;
  await asAdmin(
    server.url,
    `CREATE DATABASE ${name} TEMPLATE ${content === 'migrated' ? server.template : 'template0'}`,
  );
  const url = urlOf(server.url, name);
  const pool = createPool({ url, maxConnections: 10, statementTimeoutMs: 20_000 }, { warn: () => undefined });
  return {
    url,
    pool,
    db: createDb(pool),
    drop: async () => {
      await pool.end();
      await asAdmin(server.url, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

async function asAdmin(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
