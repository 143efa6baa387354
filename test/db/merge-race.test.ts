import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildTestApp, type TestApp } from '../support/app.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { defaultFile, upload, workOff } from '../support/imports.ts';
import { askFor, makeDebtor } from '../support/make.ts';
import { residentIdOf } from '../support/resident-id.ts';

/** Two instances of the service on one database: merges, writes and reservations at the same moment. */
let database: TestDatabase;
let replicas: TestApp[];

beforeAll(async () => {
  database = await createTestDatabase();
  replicas = [await buildTestApp({ database }), await buildTestApp({ database })];
});
afterAll(async () => {
  for (const replica of replicas ?? []) await replica.close();
  await database?.drop();
});

const ROUNDS = 20;
const CLIENTS = 12;

async function twoDebtors(name: string, round: number, residentIds: readonly (string | null)[] = [null, null]) {
  const ids = [`${name}${round}a`, `${name}${round}b`] as const;
  for (const [no, id] of ids.entries())
    await makeDebtor(replicas[0]!, id, {
      phone: `13${no}${name.charCodeAt(0)}${String(100_000 + round)}`,
      residentId: residentIds[no]!,
    });
  return ids;
}

/** Twelve reservations for the two at once, and in the midst of them `change`. */
async function race(ids: readonly string[], change: () => Promise<{ status: number; body: unknown }>) {
  const reserve = (client: number) =>
    replicas[client % 2]!.call(
      'POST',
      '/v1/contact-permissions',
      askFor(ids[client % 3 === 0 ? 0 : 1]!, { mode: 'reserve', requestId: `${ids[0]}-${client}` }),
    );
  const sent = Array.from({ length: CLIENTS / 2 }, (_, client) => reserve(client));
  const changing = change();
  sent.push(...Array.from({ length: CLIENTS / 2 }, (_, client) => reserve(client + CLIENTS / 2)));
  const answers = await Promise.all(sent);
  for (const answer of answers) expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  const changed = await changing;
  expect(changed.status, JSON.stringify(changed.body)).toBeLessThan(300);
  return answers.map(({ body }) => body);
}

/**
 * Every decision is what its place in the ledger allows: before the change one slot for each of the two, after it none
 * while one is taken; and taken again as it was known then, each of them is the same.
 */
async function expectNothingExceeded(
  ids: readonly string[],
  answers: readonly { decisionId: string }[],
): Promise<number> {
  const { rows } = await sql<{ permitted: boolean; customer_id: string; after: boolean }>`
    SELECT d.permitted, d.customer_id, d.position > (SELECT max(position) FROM moved_counts WHERE customer_id = ANY(${ids}::text[])) AS after
      FROM decisions d WHERE d.customer_id = ANY(${ids}::text[]) ORDER BY d.position`.execute(database.db);
  expect(rows).toHaveLength(CLIENTS);
  const taken = (after: boolean) => rows.filter((row) => row.permitted && row.after === after);
  expect(new Set(taken(false).map((row) => row.customer_id)).size).toBe(taken(false).length);
  expect(taken(true).length).toBeLessThanOrEqual(taken(false).length > 0 ? 0 : 1);
  for (const { decisionId } of answers) {
    const path = `/v1/contact-permissions/${decisionId}/replay`;
    expect((await replicas[0]!.call('POST', path, { as: 'as_known_then' })).body).toMatchObject({ differences: [] });
  }
  const keys = await sql<{ key: string }>`
    SELECT DISTINCT encode(person_key, 'hex') AS key FROM reservations WHERE customer_id = ANY(${ids}::text[])
    UNION SELECT DISTINCT encode(debtor_key, 'hex') FROM customers WHERE customer_id = ANY(${ids}::text[])
    UNION SELECT DISTINCT encode(debtor_key, 'hex') FROM contact_profiles WHERE customer_id = ANY(${ids}::text[])`.execute(
    database.db,
  );
  expect(keys.rows).toHaveLength(1);
  return rows.filter((row) => row.after).length;
}

describe('a merge at the moment of reservations', () => {
  it('lets no cap be exceeded', async () => {
    let after = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const ids = await twoDebtors('M', round);
      const body = { survivorId: ids[0], mergedId: ids[1], reason: 'race' };
      const answers = await race(ids, () => replicas[1]!.call('POST', '/v1/customer-merges', body));
      after += await expectNothingExceeded(ids, answers);
    }
    // Else nothing was raced.
    expect(after).toBeGreaterThan(0);
    expect(after).toBeLessThan(ROUNDS * CLIENTS);
  }, 120_000);

  it('by the rule, of a resident id that becomes known, lets none be exceeded either', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const residentId = residentIdOf(round, '1955-01-01');
      const ids = await twoDebtors('R', round, [residentId, null]);
      const { body } = await replicas[0]!.call('GET', `/v1/customers/${ids[1]}`);
      const parties = [
        {
          partyId: 'self',
          role: 'debtor',
          name: '张三',
          contactPoints: [{ contactPointId: 'm1', kind: 'phone', value: body.parties[0].contactPoints[0].value }],
        },
      ];
      const answers = await race(ids, () =>
        replicas[1]!.call('PUT', `/v1/customers/${ids[1]}`, { name: '张三', residentId, parties }),
      );
      await expectNothingExceeded(ids, answers);
    }
  }, 120_000);
});

describe('at the same moment', () => {
  const sameAs = async (id: string): Promise<string[]> =>
    (await replicas[0]!.call('GET', `/v1/customers/${id}`)).body.sameAs;
  const put = (id: string, residentId: string | null, replica: number) =>
    replicas[replica]!.call('PUT', `/v1/customers/${id}`, {
      name: id,
      residentId,
      parties: [{ partyId: 'self', role: 'debtor', name: id }],
    });

  it('two new customers with one resident id are on record as one person', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const residentId = residentIdOf(round, '1956-01-01');
      const ids = [`N${round}a`, `N${round}b`];
      await Promise.all(ids.map((id, no) => put(id, residentId, no)));
      expect(await sameAs(ids[0]!)).toEqual([ids[1]]);
      const { body } = await replicas[0]!.call('GET', `/v1/customer-merges?customerId=${ids[0]}`);
      expect(body.items).toHaveLength(1);
      // Whoever was second also tells the first of it.
      const profile = await database.db
        .selectFrom('contact_profiles')
        .select('debtor_key')
        .where('customer_id', 'in', ids)
        .execute();
      expect(new Set(profile.map((row) => row.debtor_key.toString('hex'))).size).toBe(1);
    }
  });

  it('a new customer and the merge of whom it is the same as end as one person of three', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const residentId = residentIdOf(round, '1957-01-01');
      const [a, b, c] = [`T${round}a`, `T${round}b`, `T${round}c`] as const;
      await put(a, null, 0);
      await put(b, residentId, 0);
      const [merged] = await Promise.all([
        replicas[0]!.call('POST', '/v1/customer-merges', { survivorId: a, mergedId: b, reason: 'race' }),
        put(c, residentId, 1),
      ]);
      expect(merged.status).toBe(201);
      expect([await sameAs(a), await sameAs(c)]).toEqual([
        [b, c],
        [a, b],
      ]);
    }
  });

  it('a directive for one and the merge with the other leave nobody without it', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const ids = await twoDebtors('D', round);
      await Promise.all([
        replicas[0]!.call('POST', '/v1/customer-merges', {
          survivorId: ids[round % 2],
          mergedId: ids[1 - (round % 2)],
          reason: 'race',
        }),
        replicas[1]!.call('POST', `/v1/customers/${ids[1]}/directives`, { directiveId: 'stop', kind: 'cease' }),
      ]);
      const asked = await replicas[0]!.call('POST', '/v1/contact-permissions', askFor(ids[0]));
      expect(asked.body.reasonCode).toBe('CEASED');
    }
  });

  it('a file, writes of its customers and a merge of one of them wait for each other, and nothing is lost', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const residentId = residentIdOf(round, '1959-01-01');
      const [a, b, c] = [`F${round}a`, `F${round}b`, `F${round}c`] as const;
      await put(a, residentId, 0);
      await put(b, residentId, 0);
      await put(c, null, 0);
      const file = defaultFile([
        { customer_id: a, account_id: `A-${a}`, name: '王五', resident_id: residentId },
        { customer_id: b, account_id: `A-${b}`, name: '王五', resident_id: residentId },
        { customer_id: c, account_id: `A-${c}`, name: '王五' },
      ]);
      const { body } = await upload(replicas[0]!, file);
      const read = await replicas[1]!.call('GET', `/v1/customers/${a}`);
      const [imported, ...answers] = await Promise.all([
        workOff(replicas[0]!, body.importId),
        replicas[1]!.call('POST', '/v1/customer-merges', { survivorId: c, mergedId: b, reason: 'race' }),
        put(b, residentId, 1),
        replicas[1]!.call(
          'PUT',
          `/v1/customers/${a}`,
          { name: a, residentId, parties: [{ partyId: 'self', role: 'debtor', name: a }] },
          {
            'if-match': `${read.headers.etag}`,
          },
        ),
      ]);
      for (const { status, body: said } of answers) expect([200, 201, 412], JSON.stringify(said)).toContain(status);
      expect(imported).toMatchObject({ status: 'completed', accepted: 3, quarantined: 0 });
      expect(await sameAs(a)).toEqual([b, c]);
    }
  }, 120_000);

  it('merges, their end and writes of the same people wait for each other and end as the merges say', async () => {
    const ids = ['W0', 'W1', 'W2', 'W3'];
    for (const id of ids) await put(id, null, 0);
    const merges: string[] = [];
    const busy = new Set([200, 201, 409]);
    for (let round = 0; round < 15; round += 1) {
      const answers = await Promise.all([
        ...ids.map((id, no) =>
          put(id, round % 3 === 0 ? null : residentIdOf(no === 3 ? round : no, '1958-01-01'), no % 2),
        ),
        replicas[0]!.call('POST', '/v1/customer-merges', {
          survivorId: ids[round % 4],
          mergedId: ids[(round + 1) % 4],
          reason: 'race',
        }),
        replicas[1]!.call('POST', '/v1/customer-merges', {
          survivorId: ids[(round + 2) % 4],
          mergedId: ids[round % 4],
          reason: 'race',
        }),
        ...(merges.length === 0
          ? []
          : [
              replicas[1]!.call('POST', `/v1/customer-merges/${merges[round % merges.length]}/undo`, {
                reason: 'race',
              }),
            ]),
      ]);
      // Transactions that would wait for each other in a circle are told to come again.
      for (const { status, body } of answers) if (status !== 503) expect(busy, JSON.stringify(body)).toContain(status);
      merges.push(
        ...answers.filter(({ status, body }) => status === 201 && body.mergeId).map(({ body }) => body.mergeId),
      );
    }
    const { body } = await replicas[0]!.call('GET', '/v1/customer-merges?status=standing');
    for (const { mergeId, survivorId } of body.items)
      if (survivorId.startsWith('W'))
        await replicas[0]!.call('POST', `/v1/customer-merges/${mergeId}/undo`, { reason: 'all' });
    for (const id of ids) expect(await sameAs(id)).toEqual([]);
  }, 60_000);
});
