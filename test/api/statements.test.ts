import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { statementRecord } from '../../src/statements/record.ts';
import { upsertStatements } from '../../src/statements/repository.ts';
import { statementInputSchema } from '../../src/statements/schemas.ts';
import { buildTestApp, type TestApp } from '../support/app.ts';
import { makeDebtor } from '../support/make.ts';

let t: TestApp;
beforeAll(async () => {
  t = await buildTestApp({ now: '2026-11-23T10:00:00+08:00' });
  for (const id of ['C1', 'C2', 'C3', 'C4']) await makeDebtor(t, id);
});
afterAll(() => t.close());

type Fields = Record<string, unknown>;
const SOUND = {
  previousBalance: '7000.00',
  paymentsTotal: '500.00',
  newCharges: '1800.00',
  adjustments: '0.00',
  interest: '110.50',
  statementBalance: '8410.50',
  minimumDue: '841.05',
  dueOn: '2026-11-25',
};
const put = (accountId: string, on: string, changes: Fields = {}, headers = {}) =>
  t.call('PUT', `/v1/accounts/${accountId}/statements/${on}`, { ...SOUND, ...changes }, headers);
const list = async (accountId: string, query = '') =>
  (await t.call('GET', `/v1/accounts/${accountId}/statements${query}`)).body;

describe('a statement', () => {
  test('is stored with its identity, and a repeat changes nothing', async () => {
    const { status, body, headers } = await put('C1-A1', '2026-11-05');
    expect([status, headers.etag]).toEqual([201, '"v1"']);
    expect(body).toMatchObject({
      accountId: 'C1-A1',
      customerId: 'C1',
      currency: 'CNY',
      statementBalance: '8410.50',
      creditLimit: null,
      identity: { holds: true, difference: '0.00' },
      continuity: null,
      version: 1,
    });
    const again = await put('C1-A1', '2026-11-05', { newCharges: '1800.0' });
    expect([again.status, again.body]).toEqual([200, body]);
    expect((await list('C1-A1')).items).toEqual([body]);
  });

  test('that does not add up is stored and marked', async () => {
    const { status, body } = await put('C2-A1', '2026-11-05', { statementBalance: '8410.49' });
    expect([status, body.identity]).toEqual([201, { holds: false, difference: '-0.01' }]);
    const refund = await put('C2-A1', '2026-10-05', { adjustments: '100.00', statementBalance: '8310.50' });
    expect(refund.body.identity.holds).toBe(true);
    const credit = await put('C2-A1', '2026-09-05', { previousBalance: '-20.00', statementBalance: '1390.50' });
    expect(credit.body.identity).toEqual({ holds: true, difference: '0.00' });
  });

  test('that is corrected has a new version; the old one is kept', async () => {
    await put('C3-A1', '2026-11-05', { interest: '110.00' });
    const corrected = await put('C3-A1', '2026-11-05');
    expect([corrected.status, corrected.body.version, corrected.headers.etag]).toEqual([200, 2, '"v2"']);
    expect((await list('C3-A1')).items).toEqual([corrected.body]);
    const { rows } = await t.database.pool.query(
      `SELECT version, interest_minor, superseded_at IS NULL AS newest FROM account_statements WHERE account_id = 'C3-A1' ORDER BY version`,
    );
    expect(rows).toEqual([
      { version: 1, interest_minor: 11000n, newest: false },
      { version: 2, interest_minor: 11050n, newest: true },
    ]);
    const stale = await put('C3-A1', '2026-11-05', { interest: '1.00' }, { 'if-match': '"v1"' });
    expect([stale.status, stale.body.code]).toEqual([412, 'PRECONDITION_FAILED']);
    expect((await put('C3-A1', '2026-11-05', {}, { 'if-match': '"v2"' })).status).toBe(200);
  });

  test('is compared with the one before, whichever came first', async () => {
    await put('C4-A1', '2026-11-05');
    expect((await list('C4-A1')).items[0].continuity).toBeNull();
    await put('C4-A1', '2026-10-05', { statementBalance: '7000.00' });
    await put('C4-A1', '2026-09-05', { statementBalance: '7010.00' });
    const { items } = await list('C4-A1');
    expect(items.map((item: Fields) => [item.statementOn, item.continuity])).toEqual([
      ['2026-11-05', { previousStatementOn: '2026-10-05', holds: true, difference: '0.00' }],
      ['2026-10-05', { previousStatementOn: '2026-09-05', holds: false, difference: '-10.00' }],
      ['2026-09-05', null],
    ]);
    const first = await list('C4-A1', '?limit=2');
    const second = await list('C4-A1', `?limit=2&cursor=${first.nextCursor}`);
    expect([...first.items, ...second.items]).toEqual(items);
    expect([first.nextCursor !== null, second.nextCursor]).toEqual([true, null]);
  });

  test.each([
    [{ interest: '1.234' }, '/interest', 'TOO_PRECISE', 422],
    [{ dueOn: '2026-11-04' }, '/dueOn', 'OUT_OF_ORDER', 422],
    [{ newCharges: '-1' }, '/newCharges', 'INVALID_FORMAT', 400],
    [{ interest: 1 }, '/interest', 'INVALID_TYPE', 400],
  ])('%j is refused', async (changes, pointer, code, status) => {
    const { status: answered, body } = await put('C1-A1', '2026-11-05', changes);
    expect([answered, body.errors[0].pointer, body.errors[0].code]).toEqual([status, pointer, code]);
  });

  test('of a day to come, and of nobody’s account, is refused', async () => {
    expect((await put('C1-A1', '2026-11-25')).body.errors[0].code).toBe('IN_THE_FUTURE');
    expect((await put('C1-A1', '2026-11-24', { dueOn: '2026-12-14' })).status).toBe(201);
    expect((await put('nobody', '2026-11-05')).status).toBe(404);
    expect((await t.call('GET', '/v1/accounts/nobody/statements')).status).toBe(404);
  });
});

test('an import writes many statements in two SQL statements, whoever else writes them at the same time', async () => {
  await makeDebtor(t, 'C5');
  await makeDebtor(t, 'C6');
  const by = { clientId: 'import', importId: 'imp_1', now: Temporal.Instant.from('2026-11-23T02:00:00Z') };
  const recordOf = (customerId: string, month: number, interest = '110.50') => {
    const of = { customerId, accountId: `${customerId}-A1`, statementOn: `2026-${month}-05`, currency: 'CNY' };
    const input = statementInputSchema.parse({ ...SOUND, interest, dueOn: `2026-${month}-25` });
    return statementRecord(of, input, by).record;
  };
  const write = (records: ReturnType<typeof recordOf>[]) =>
    t.database.db.transaction().execute((trx) => upsertStatements(trx, records));
  const first = await write([recordOf('C5', 10), recordOf('C6', 10)]);
  expect(Object.fromEntries(first)).toEqual({ 'C5-A1/2026-10-05': 'created', 'C6-A1/2026-10-05': 'created' });
  const second = await write([recordOf('C6', 11), recordOf('C5', 10), recordOf('C6', 10, '1.00')]);
  expect(Object.fromEntries(second)).toEqual({
    'C6-A1/2026-11-05': 'created',
    'C5-A1/2026-10-05': 'unchanged',
    'C6-A1/2026-10-05': 'corrected',
  });
  await Promise.all(Array.from({ length: 8 }, (_, index) => write([recordOf('C5', 11, `${index}.00`)])));
  const { rows } = await t.database.pool.query(
    `SELECT count(*)::int AS versions, count(*) FILTER (WHERE superseded_at IS NULL)::int AS newest FROM account_statements
      WHERE account_id = 'C5-A1' AND statement_on = '2026-11-05'`,
  );
  expect(rows).toEqual([{ versions: 8, newest: 1 }]);
});
