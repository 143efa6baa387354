import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { customerRecord } from '../../src/customers/record.ts';
import { upsertCustomers } from '../../src/customers/upsert.ts';
import { refreshContactProfiles } from '../../src/db/database.ts';
import { newCustomer } from '../../src/imports/merge.ts';
import { buildTestApp, type TestApp } from '../support/app.ts';
import { defaultFile, upload, workOff } from '../support/imports.ts';

const NOW = '2026-11-23T10:00:00+08:00';

let t: TestApp;
beforeAll(async () => {
  t = await buildTestApp({ now: NOW });
});
afterAll(() => t.close());

const NEWCOMER = {
  customerId: 'T2',
  name: '王五',
  residentId: null,
  birthDate: null,
  phones: [],
  address: null,
};

/** Waits until some statement waits for another transaction. */
async function untilSomebodyWaits(): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const { rows } = await t.database.pool.query(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    if (rows.length > 0) return;
    await sleep(25);
  }
  throw new Error('nobody waits');
}

describe('an import whose newcomer is written by somebody else at this moment', () => {
  test('waits, and then finds the customer on file', async () => {
    const { db, vault } = t.services;
    const now = Temporal.Instant.from(NOW);
    const { done } = await db.transaction().execute(async (trx) => {
      await upsertCustomers(trx, [customerRecord(vault, 'T2', newCustomer(NEWCOMER), now)], new Set());
      const rows = ['T1', 'T2', 'T3'].map((id) => ({ customer_id: id, account_id: `A-${id}` }));
      const { body } = await upload(t, defaultFile(rows));
      const work = workOff(t, body.importId);
      await untilSomebodyWaits();
      // Last, as everybody does; an import that had begun with the profiles would wait for us, and we for it.
      await sql`SET LOCAL lock_timeout = '500ms'`.execute(trx);
      await refreshContactProfiles(trx, ['T2'], NOW);
      return { done: work };
    });
    expect(await done).toMatchObject({ status: 'completed', accepted: 3, quarantined: 0 });
    const { rows } = await t.database.pool.query(
      `SELECT customer_id, version, (SELECT count(*)::int FROM accounts a WHERE a.customer_id = c.customer_id) AS accounts,
              (SELECT count(*)::int FROM contact_profiles p WHERE p.customer_id = c.customer_id) AS profiles
         FROM customers c WHERE customer_id LIKE 'T_' ORDER BY customer_id`,
    );
    expect(rows).toEqual([
      { customer_id: 'T1', version: 1, accounts: 1, profiles: 1 },
      { customer_id: 'T2', version: 2, accounts: 1, profiles: 1 },
      { customer_id: 'T3', version: 1, accounts: 1, profiles: 1 },
    ]);
  });
});
