import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildTestApp, type TestApp } from '../support/app.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { askFor, makeDebtor, reportOf } from '../support/make.ts';
import { residentIdOf } from '../support/resident-id.ts';

/**
 * Two instances of the service with pools of their own on one database, 16 clients that ask at once. The instances
 * share nothing but PostgreSQL, so what holds here holds for any number of replicas and vendors.
 */
let database: TestDatabase;
let replicas: TestApp[];

const CLIENTS = 16;
const ROUNDS = 25;

beforeAll(async () => {
  database = await createTestDatabase();
  replicas = [await buildTestApp({ database }), await buildTestApp({ database })];
});
afterAll(async () => {
  for (const replica of replicas ?? []) await replica.close();
  await database?.drop();
});

/** Grants among 16 reservations for one number, sent at once to both replicas. */
async function race(customerIds: readonly string[], round: string): Promise<number> {
  const answers = await Promise.all(
    Array.from({ length: CLIENTS }, (_, client) => {
      const customerId = customerIds[client % customerIds.length]!;
      return replicas[client % 2]!.call(
        'POST',
        '/v1/contact-permissions',
        askFor(customerId, { mode: 'reserve', requestId: `${round}-${client}` }),
      );
    }),
  );
  for (const answer of answers) expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answers.filter((answer) => answer.body.permitted).length;
}

function phone(round: number): string {
  return `138${String(10_000_000 + round).padStart(8, '0')}`;
}

describe('one slot, sixteen clients, two instances', () => {
  it('is taken exactly once, in every round', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      await makeDebtor(replicas[0]!, `R${round}`, { phone: phone(round) });
      expect(await race([`R${round}`], `slot-${round}`)).toBe(1);
    }
  });

  it('is taken exactly once when the number is shared by two customers', async () => {
    for (let round = 0; round < 8; round += 1) {
      const shared = phone(1000 + round);
      await makeDebtor(replicas[0]!, `S${round}a`, { phone: shared });
      await makeDebtor(replicas[0]!, `S${round}b`, { phone: shared });
      expect(await race([`S${round}a`, `S${round}b`], `shared-${round}`)).toBe(1);
    }
  });

  it('is taken exactly once when two customers are one person with two numbers', async () => {
    for (let round = 0; round < 8; round += 1) {
      const residentId = residentIdOf(round);
      await makeDebtor(replicas[0]!, `P${round}a`, { phone: phone(2000 + round), residentId });
      await makeDebtor(replicas[0]!, `P${round}b`, { phone: phone(3000 + round), residentId });
      expect(await race([`P${round}a`, `P${round}b`], `person-${round}`)).toBe(1);
    }
  });

  it('leaves exactly the slots that late reports have not used', async () => {
    await makeDebtor(replicas[0]!, 'L1', { phone: phone(4000) });
    const [one, two] = replicas as [TestApp, TestApp];
    const started = ['08:00', '08:01', '08:02', '08:03', '08:04'];
    await Promise.all(
      started.map((time, index) =>
        (index % 2 ? one : two).call(
          'POST',
          '/v1/contact-attempts',
          reportOf('L1', `late-${index}`, `2026-11-23T${time}:00+08:00`, 'no_answer'),
        ),
      ),
    );
    expect(await race(['L1'], 'late')).toBe(1);
  });

  it('gives concurrent twins of one requestId one decision and one slot', async () => {
    for (let round = 0; round < 10; round += 1) {
      const customerId = `T${round}`;
      await makeDebtor(replicas[0]!, customerId, { phone: phone(5000 + round) });
      const twins = await Promise.all(
        Array.from({ length: CLIENTS }, (_, client) =>
          replicas[client % 2]!.call(
            'POST',
            '/v1/contact-permissions',
            askFor(customerId, { mode: 'reserve', requestId: 'twin' }),
          ),
        ),
      );
      expect(new Set(twins.map((twin) => JSON.stringify(twin.body))).size).toBe(1);
      expect(twins[0]!.body.permitted).toBe(true);
    }
  });

  it('is shown to depend on the lock: without it the same race over-permits', async () => {
    const original = await sql<{
      body: string;
    }>`SELECT pg_get_functiondef('lock_budget_subjects'::regproc) AS body`.execute(replicas[0]!.services.db);
    await sql`CREATE OR REPLACE FUNCTION lock_budget_subjects(keys bytea[]) RETURNS void LANGUAGE plpgsql AS $$ BEGIN END $$`.execute(
      replicas[0]!.services.db,
    );
    let overPermitted = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      await makeDebtor(replicas[0]!, `N${round}`, { phone: phone(6000 + round) });
      if ((await race([`N${round}`], `unlocked-${round}`)) > 1) overPermitted += 1;
    }
    await sql.raw(original.rows[0]!.body).execute(replicas[0]!.services.db);
    expect(overPermitted).toBeGreaterThan(0);
  });
});
