import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildTestApp, type TestApp } from '../support/app.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { upload, workOff } from '../support/imports.ts';
import { makeDebtor } from '../support/make.ts';

/** Two instances of the service on one database; what they share is PostgreSQL alone. */
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

const replica = (no: number) => replicas[no % 2]!;
const pay = (no: number, accountId: string, paymentId: string, amount: string) =>
  replica(no).call('POST', `/v1/accounts/${accountId}/payments`, { paymentId, amount, postedOn: '2026-11-21' });
const owed = async (accountId: string) => {
  const { balances } = (await replica(0).call('GET', `/v1/accounts/${accountId}`)).body;
  return Object.values(balances as Record<string, string>).reduce((total, text) => total + Number(text), 0);
};

describe('at once', () => {
  it('sixteen payments to one account all count', async () => {
    await makeDebtor(replica(0), 'R1');
    const answers = await Promise.all(Array.from({ length: 16 }, (_, no) => pay(no, 'R1-A1', `P${no}`, '100.01')));
    expect(answers.map(({ status }) => status)).toEqual(Array(16).fill(201));
    expect(await owed('R1-A1')).toBeCloseTo(8700 - 16 * 100.01, 6);
  });

  it('a payment that comes by REST and in two files counts once, and a file waits for nobody for ever', async () => {
    const ids = Array.from({ length: 5 }, (_, no) => `F${no}`);
    for (const id of ids) await makeDebtor(replica(0), id);
    const rows = Array.from({ length: 300 }, (_, no) => `P${no},${ids[no % 5]}-A1,1.00,2026-11-21`);
    const files = [rows, rows.toReversed()].map((list) =>
      ['payment_id,account_id,amount,posted_on', ...list].join('\n'),
    );
    const uploads = await Promise.all(files.map((file, no) => upload(replica(no), file, { query: 'source=payments' })));
    const work = uploads.map(({ body }, no) => workOff(replica(no), body.importId));
    const sent = rows.slice(0, 60).map((row, no) => {
      const [paymentId, accountId] = row.split(',') as [string, string];
      return pay(no, accountId, paymentId, '1.00');
    });
    const [imports, answers] = await Promise.all([Promise.all(work), Promise.all(sent)]);
    const created = answers.filter(({ status }) => status === 201).length;
    expect(new Set(answers.map(({ status }) => status)).difference(new Set([200, 201])).size).toBe(0);
    for (const done of imports) expect(done).toMatchObject({ status: 'completed', rowsRead: 300, quarantined: 0 });
    expect(imports[0]!.accepted + imports[1]!.accepted + created).toBe(300);
    for (const id of ids) expect(await owed(`${id}-A1`)).toBeCloseTo(8700 - 60, 6);
  });

  it('one payment that is sent eight times counts once', async () => {
    await makeDebtor(replica(0), 'R2');
    const answers = await Promise.all(Array.from({ length: 8 }, (_, no) => pay(no, 'R2-A1', 'P1', '100.00')));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 200, 200, 201]);
    expect(await owed('R2-A1')).toBe(8600);
  });

  it('a payment and a new state give what both say, whoever is first', async () => {
    for (let round = 0; round < 12; round += 1) {
      const customerId = `S${round}`;
      await makeDebtor(replica(0), customerId);
      const accountId = `${customerId}-A1`;
      const state = {
        customerId,
        currency: 'CNY',
        asOf: '2026-11-21T00:00:00+08:00',
        pastDueSince: '2026-08-20',
        balances: { principal: '5000.00', interest: '0.00', penalty: '0.00', fees: '0.00' },
      };
      await Promise.all([
        pay(round, accountId, 'P1', '1000.00'),
        replica(round + 1).call('PUT', `/v1/accounts/${accountId}`, state),
        replica(round).call('POST', `/v1/accounts/${accountId}/charges`, {
          chargeId: 'K1',
          kind: 'purchase',
          amount: '10.00',
          postedOn: '2026-11-22',
        }),
      ]);
      expect(await owed(accountId), `round ${round}`).toBe(4010);
    }
  });

  it('payments for all accounts of a customer and for one of them do not wait for each other in a circle', async () => {
    await makeDebtor(replica(0), 'W1');
    const state = {
      customerId: 'W1',
      currency: 'CNY',
      asOf: '2026-11-20T00:00:00+08:00',
      pastDueSince: '2026-09-20',
      balances: { principal: '1000.00', interest: '0.00', penalty: '0.00', fees: '0.00' },
    };
    await replica(0).call('PUT', '/v1/accounts/W1-A0', state);
    const whole = { amount: '20.00', currency: 'CNY', postedOn: '2026-11-21' };
    const answers = await Promise.all(
      Array.from({ length: 24 }, (_, no) =>
        no % 3 === 0
          ? replica(no).call('POST', '/v1/customers/W1/payments', { ...whole, paymentId: `W${no}` })
          : pay(no, no % 3 === 1 ? 'W1-A1' : 'W1-A0', `P${no}`, '10.00'),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(24).fill(201));
    expect((await owed('W1-A1')) + (await owed('W1-A0'))).toBe(9700 - 8 * 20 - 16 * 10);
  });
});
