import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Import, ImportRowAnswer } from '../../src/imports/schemas.ts';
import { buildTestApp, type TestApp } from '../support/app.ts';
import {
  CORE_SOURCE,
  countOf,
  defaultFile,
  gb18030,
  importOf,
  rejectionsOf,
  upload,
  workOff,
} from '../support/imports.ts';
import { makeDebtor } from '../support/make.ts';

/** Files of payments and of statements. */

let t: TestApp;
beforeAll(async () => {
  t = await buildTestApp({ now: '2026-11-23T10:00:00+08:00' });
});
afterAll(() => t.close());

async function run(file: string | Buffer, query: string, contentType = 'text/csv; charset=utf-8'): Promise<Import> {
  const answer = await upload(t, file, { query, 'content-type': contentType });
  expect(answer.status, JSON.stringify(answer.body)).toBe(202);
  return workOff(t, answer.body.importId as string);
}
const get = async (path: string) => (await t.call('GET', path)).body;
const rowsOf = async ({ importId }: Import) => (await get(`/v1/imports/${importId}/rows`)) as ImportRowAnswer[];
const counts = ({ status, rowsRead, accepted, corrected, duplicates, quarantined }: Import) => ({
  status,
  rowsRead,
  accepted,
  corrected,
  duplicates,
  quarantined,
});
const all = (accepted: number) => ({
  status: 'completed',
  rowsRead: accepted,
  accepted,
  corrected: 0,
  duplicates: 0,
  quarantined: 0,
});
const resubmit = (importId: string, row: number, cells: Record<string, string>) =>
  t.call('POST', `/v1/imports/${importId}/rows/${row}/resubmission`, { cells });
const eventsSince = async (seq: bigint) =>
  (await t.database.pool.query('SELECT type, subject_key, data FROM outbox_events WHERE seq > $1 ORDER BY seq', [seq]))
    .rows as { type: string; subject_key: string; data: Record<string, unknown> }[];
const lastEvent = async () =>
  (await t.database.pool.query<{ last: bigint }>('SELECT coalesce(max(seq), 0) AS last FROM outbox_events')).rows[0]!
    .last;
const without = (rows: ImportRowAnswer[]) => rows.map(({ duplicateOf: _, ...row }) => row);

describe('a file of payments', () => {
  const paymentFile = (rows: readonly string[]) => ['payment_id,account_id,amount,posted_on', ...rows].join('\r\n');
  const runPayments = (rows: readonly string[], query = '') => run(paymentFile(rows), `source=payments&${query}`);
  const standing = async (accountId: string) => {
    const { balances, minimumPaymentDue, pastDueSince } = await get(`/v1/accounts/${accountId}`);
    return { balances, minimumPaymentDue, pastDueSince };
  };

  test('does what REST does with each of them, payment by payment', async () => {
    await makeDebtor(t, 'PF');
    await makeDebtor(t, 'PR');
    const payments = [
      ['P1', '700.00', '2026-11-22'],
      ['P2', '300.50', '2026-11-20'],
      ['P3', '500.00', '2026-11-10'],
    ] as const;
    for (const [paymentId, amount, postedOn] of payments)
      await t.call('POST', '/v1/accounts/PR-A1/payments', { paymentId, amount, postedOn });
    const done = await runPayments(payments.map(([id, amount, on]) => `${id},PF-A1,${amount},${on}`));
    expect(counts(done)).toEqual(all(3));
    expect(await standing('PF-A1')).toEqual(await standing('PR-A1'));
    // From 91 days past due the principal comes first; P3 is in the state already.
    expect(await standing('PF-A1')).toMatchObject({ balances: { principal: '6999.50' } });
    const listed = async (accountId: string) =>
      (await get(`/v1/accounts/${accountId}/payments`)).items.map(
        ({ accountId: _, customerId: __, ...payment }: Record<string, unknown>) => payment,
      );
    expect(await listed('PF-A1')).toEqual(await listed('PR-A1'));
  });

  test('is told of accounts that it cures and of its end, not of every payment', async () => {
    await makeDebtor(t, 'PE');
    const profileOf = async (id: string) =>
      (await t.database.pool.query('SELECT profile::text FROM contact_profiles WHERE customer_id = $1', [id])).rows[0]
        .profile as string;
    expect(await profileOf('PE')).toContain('2026-08-20');
    const since = await lastEvent();
    const { importId } = await runPayments(['P1,PE-A1,200.00,2026-11-21', 'P2,PE-A1,8500.00,2026-11-22']);
    const told = await eventsSince(since);
    expect(told.map(({ type }) => type)).toEqual(['import.started', 'account.cured', 'import.completed']);
    expect(told[1]).toMatchObject({ data: { accountId: 'PE-A1', customerId: 'PE', pastDueSince: '2026-08-20' } });
    expect(told[2]!.data).toMatchObject({ importId, accepted: 2 });
    expect(await importOf(t, importId)).toMatchObject({ records: 'payments' });
    // It brings nobody who may be somebody else.
    expect(await countOf(t, 'duplicate_searches')).toBe(0);
    // Decisions see it at once.
    expect(await profileOf('PE')).not.toContain('2026-08-20');
  });

  test('repeats nothing: the same file, the same row, and what REST has recorded', async () => {
    await makeDebtor(t, 'PD');
    await t.call('POST', '/v1/accounts/PD-A1/payments', { paymentId: 'R1', amount: '10.00', postedOn: '2026-11-21' });
    const rows = ['R1,PD-A1,10.00,2026-11-21', 'P1,PD-A1,20.00,2026-11-21', 'P1,PD-A1,20.00,2026-11-21'];
    const first = await runPayments(rows);
    expect(counts(first)).toEqual({ ...all(3), accepted: 1, duplicates: 2 });
    expect((await rowsOf(first)).map(({ row, duplicateOf }) => [row, duplicateOf])).toEqual([
      [1, { row: null, asOf: null, importId: null }],
      [3, { row: 2, asOf: null, importId: null }],
    ]);
    const before = await standing('PD-A1');
    const again = await runPayments(rows);
    expect(counts(again)).toEqual({ ...all(3), accepted: 0, duplicates: 3 });
    expect((await rowsOf(again))[1]!.duplicateOf).toEqual({ row: null, asOf: null, importId: first.importId });
    expect(await standing('PD-A1')).toEqual(before);
  });

  test('quarantines an id with another content, also within the file', async () => {
    await makeDebtor(t, 'PC');
    const done = await runPayments([
      'P1,PC-A1,20.00,2026-11-21',
      'P1,PC-A1,21.00,2026-11-21',
      'P1,PC-A1,20.00,2026-11-21',
    ]);
    expect(counts(done)).toEqual({ ...all(3), accepted: 1, duplicates: 1, quarantined: 1 });
    expect(await rejectionsOf(t, done.importId)).toEqual([
      { row: 2, column: 'payment_id', code: 'PAYMENT_CONFLICT', maskedValue: 'P*' },
    ]);
    expect((await resubmit(done.importId, 2, { payment_id: 'P2' })).body.outcome).toBe('accepted');
    expect((await get('/v1/accounts/PC-A1/payments')).items).toHaveLength(2);
    expect((await runPayments(['P1,PC-A1,20.00,2026-11-20'])).quarantined).toBe(1);
  });

  test('keeps a payment of an unknown account until the account is there', async () => {
    const done = await runPayments(['P1,PU-A1,20.00,2026-11-21']);
    expect(await rejectionsOf(t, done.importId)).toEqual([
      { row: 1, column: 'account_id', code: 'ACCOUNT_UNKNOWN', maskedValue: 'P*-**' },
    ]);
    expect((await resubmit(done.importId, 1, {})).body).toMatchObject({
      outcome: 'quarantined',
      problems: [{ code: 'ACCOUNT_UNKNOWN' }],
    });
    await makeDebtor(t, 'PU');
    expect((await resubmit(done.importId, 1, {})).body).toMatchObject({ outcome: 'accepted', problems: [] });
    expect((await get('/v1/accounts/PU-A1/payments')).items).toMatchObject([{ paymentId: 'P1', amount: '20.00' }]);
    expect(await importOf(t, done.importId)).toMatchObject({ accepted: 1, quarantined: 0, resubmitted: 1 });
  });

  test('is of the past: what a state includes changes no balance, unless the row says otherwise', async () => {
    await makeDebtor(t, 'PH');
    const before = await standing('PH-A1');
    expect((await runPayments(['P1,PH-A1,20.00,2026-11-19', 'P2,PH-A1,30.00,2025-01-31'])).accepted).toBe(2);
    expect(await standing('PH-A1')).toEqual(before);
    const file = 'payment_id,account_id,amount,posted_on,included_in_state\nP3,PH-A1,100.00,2026-11-19,false';
    expect((await run(file, 'source=payments')).accepted).toBe(1);
    expect((await standing('PH-A1')).balances).toMatchObject({ principal: '7900.00' });
  });

  test('has amounts in the currency of the account, never rounded', async () => {
    await makeDebtor(t, 'PJ');
    const state = {
      customerId: 'PJ',
      currency: 'JPY',
      asOf: '2026-11-20T00:00:00+08:00',
      balances: { principal: '1000', interest: '0', penalty: '0', fees: '0' },
    };
    await t.call('PUT', '/v1/accounts/PJ-Y', state);
    const done = await runPayments(['P1,PJ-Y,100,2026-11-21', 'P2,PJ-Y,0.5,2026-11-21', 'P3,PJ-A1,0.5,2026-11-21']);
    expect(await rejectionsOf(t, done.importId)).toEqual([
      { row: 2, column: 'amount', code: 'TOO_PRECISE', maskedValue: '0.*' },
    ]);
    expect((await standing('PJ-Y')).balances.principal).toBe('900');
  });

  test('is held when its totals line does not sum the amounts', async () => {
    await makeDebtor(t, 'PT');
    const rows = ['P1,PT-A1,"1,020.00",2026-11-21', 'P2,PT-A1,0.50,2026-11-22'];
    const held = await runPayments([...rows, '合计,2,1020.51,']);
    expect(held).toMatchObject({
      status: 'held',
      rowsRead: 0,
      problem: { code: 'CONTROL_TOTALS', detail: 'The sum of amount in the totals line is not that of the rows.' },
    });
    expect((await get('/v1/accounts/PT-A1/payments')).items).toEqual([]);
    expect(counts(await runPayments([...rows, '合计,2,1020.50,']))).toEqual({ ...all(2), corrected: 1 });
  });

  test('of a bank’s own layout: pipes in GB18030, fen with a minus', async () => {
    await makeDebtor(t, 'PB');
    const columns = [
      { name: '流水号', field: 'payment.paymentId' },
      { name: '账号', field: 'payment.accountId' },
      { name: '金额', field: 'payment.amount' },
      { name: '入账日', field: 'payment.postedOn' },
    ];
    const document = { records: 'payments', columns, unit: 'minor', sign: 'reversed', ignoredColumns: ['摘要'] };
    expect((await t.call('PUT', '/v1/import-sources/bank-payments', document)).status).toBe(201);
    const file = '流水号|账号|金额|入账日|摘要\n1|PB-A1|-12345|20261122|还款\n合计|1|-12345||';
    expect(counts(await run(gb18030(file), 'source=bank-payments', 'text/csv'))).toEqual({ ...all(1), corrected: 1 });
    expect((await get('/v1/accounts/PB-A1/payments')).items).toMatchObject([{ amount: '123.45' }]);
  });

  test('tried in a dry run says row for row what comes of it, over several batches, and changes nothing', async () => {
    for (const id of ['PX', 'PY']) await makeDebtor(t, id);
    const many = Array.from({ length: 1100 }, (_, no) => `M${no},PX-A1,0.01,2026-11-2${no % 3}`);
    const rows = [
      'P1,PY-A1,1.00,2026-11-21',
      'P2,PZ-A1,1.00,2026-11-21',
      'P1,PY-A1,2.00,2026-11-21',
      'P3,PY-A1,0.00,2026-11-21',
      ...many,
      'P1,PY-A1,1.00,2026-11-21',
      'M7,PX-A1,0.02,2026-11-21',
      'M7,PX-A1,0.01,2026-11-21',
    ];
    const before = [await countOf(t, 'payments'), await standing('PX-A1')];
    const dry = await runPayments(rows, 'dryRun=true');
    expect([await countOf(t, 'payments'), await standing('PX-A1')]).toEqual(before);
    expect(await countOf(t, 'import_dry_run_keys')).toBe(0);
    const real = await runPayments(rows);
    expect(counts(real)).toEqual(counts(dry));
    expect(counts(dry)).toMatchObject({ accepted: 1101, duplicates: 2, quarantined: 4 });
    expect(without(await rowsOf(real))).toEqual(without(await rowsOf(dry)));
    expect((await rowsOf(dry)).filter(({ outcome }) => outcome === 'duplicate')).toMatchObject([
      { row: 1105, duplicateOf: { row: 1 } },
      { row: 1107, duplicateOf: { row: 12 } },
    ]);
    const dryAgain = await runPayments(rows, 'dryRun=true');
    expect(counts(dryAgain)).toMatchObject({ accepted: 0, duplicates: 1103, quarantined: 4 });
  });

  test('that is paused at work goes on where it was, and every payment counts once', async () => {
    // So many that none is the last when the pause is heard, however busy the machine.
    const ROWS = 12_000;
    const debtors = Array.from({ length: 20 }, (_, no) => `PP${no}`);
    for (const id of debtors) await makeDebtor(t, id);
    const rows = Array.from({ length: ROWS }, (_, no) => `P${no},PP${no % 20}-A1,0.01,2026-11-22`);
    const { importId } = (await upload(t, paymentFile(rows), { query: 'source=payments' })).body;
    const work = workOff(t, importId);
    await expect.poll(async () => (await importOf(t, importId)).rowsRead, { interval: 5 }).toBeGreaterThan(0);
    await t.call('POST', `/v1/imports/${importId}/pause`);
    const left = await work;
    expect(left.status).toBe('paused');
    expect(left.rowsRead).toBeLessThan(ROWS);
    await t.call('POST', `/v1/imports/${importId}/resume`);
    expect(counts(await workOff(t, importId))).toEqual(all(ROWS));
    for (const id of debtors) {
      const { balances } = await standing(`${id}-A1`);
      const owed = Object.values(balances as Record<string, string>).reduce((sum, text) => sum + Number(text), 0);
      expect(owed).toBeCloseTo(8700 - ROWS / 20 / 100, 6);
    }
  });
});

describe('a file of statements', () => {
  const HEADER =
    'account_id,statement_on,previous_balance,payments_total,new_charges,adjustments,interest,statement_balance,minimum_due,due_on,credit_limit';
  const runStatements = (rows: readonly string[], query = '') =>
    run([HEADER, ...rows].join('\r\n'), `source=statements&${query}`);
  const SOUND = '7000.00,500.00,1800.00,0.00,110.50,8410.50,841.05';
  const october = (id: string) => `${id}-A1,2026-10-05,${SOUND},2026-10-25,50000.00`;
  const november = (id: string, more = '8410.50,500.00,100.00,0.00,0.00,8010.50,801.05') =>
    `${id}-A1,2026-11-05,${more},2026-11-25,`;
  const listed = async (accountId: string) => (await get(`/v1/accounts/${accountId}/statements`)).items;

  test('gives what REST gives', async () => {
    await makeDebtor(t, 'SF');
    await makeDebtor(t, 'SR');
    const names = HEADER.split(',').slice(2);
    const camel = (name: string) => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
    for (const row of [october('SR'), november('SR')]) {
      const [, on, ...cells] = row.split(',');
      const body = Object.fromEntries(names.map((name, at) => [camel(name), cells[at] === '' ? null : cells[at]]));
      expect((await t.call('PUT', `/v1/accounts/SR-A1/statements/${on}`, body)).status).toBe(201);
    }
    expect(counts(await runStatements([october('SF'), november('SF')]))).toEqual(all(2));
    const same = (items: Record<string, unknown>[]) => items.map(({ accountId: _, customerId: __, ...rest }) => rest);
    expect(same(await listed('SF-A1'))).toEqual(same(await listed('SR-A1')));
  });

  test('is kept in versions: what is said last of a day counts, and a repeat is a duplicate', async () => {
    await makeDebtor(t, 'SV');
    const first = await runStatements([october('SV')]);
    const again = await runStatements([october('SV')]);
    expect(counts(again)).toEqual({ ...all(1), accepted: 0, duplicates: 1 });
    expect((await rowsOf(again))[0]!.duplicateOf).toEqual({ row: null, asOf: null, importId: first.importId });
    const other = october('SV').replace('841.05', '800.00');
    expect(counts(await runStatements([other, october('SV'), other, other]))).toEqual({
      ...all(4),
      accepted: 3,
      duplicates: 1,
    });
    expect(await listed('SV-A1')).toMatchObject([{ version: 4, minimumDue: '800.00' }]);
  });

  test('marks what does not add up, and what does not go on from the statement before', async () => {
    await makeDebtor(t, 'SW');
    const done = await runStatements([
      october('SW').replace('8410.50', '8410.51'),
      november('SW'),
      november('SW').replace('11-05', '11-06').replace('8410.50', '8010.50').replace('8010.50,801', '7610.50,801'),
    ]);
    expect(counts(done)).toEqual(all(3));
    expect((await rowsOf(done)).map(({ row, outcome, warnings }) => [row, outcome, warnings])).toEqual([
      [1, 'accepted', [{ column: 'statement_balance', code: 'STATEMENT_IDENTITY' }]],
      [2, 'accepted', [{ column: 'previous_balance', code: 'STATEMENT_CONTINUITY' }]],
    ]);
    expect(await listed('SW-A1')).toMatchObject([
      { identity: { holds: true }, continuity: { holds: true } },
      { identity: { holds: true }, continuity: { holds: false, difference: '-0.01' } },
      { identity: { holds: false, difference: '0.01' }, continuity: null },
    ]);
  });

  test('quarantines what REST refuses, and keeps what has no account yet', async () => {
    await makeDebtor(t, 'SQ');
    const done = await runStatements([
      october('SQ').replace('2026-10-25', '2026-10-04').replace('110.50', '110.505'),
      october('SN'),
      october('SQ').replace('2026-10-05', '2026-11-25').replace('2026-10-25', '2026-12-25'),
    ]);
    expect(await rejectionsOf(t, done.importId)).toEqual([
      { row: 1, column: 'due_on', code: 'OUT_OF_ORDER', maskedValue: '2***-**-**' },
      { row: 1, column: 'interest', code: 'TOO_PRECISE', maskedValue: '1**.***' },
      { row: 2, column: 'account_id', code: 'ACCOUNT_UNKNOWN', maskedValue: 'S*-**' },
      { row: 3, column: 'statement_on', code: 'IN_THE_FUTURE', maskedValue: '2***-**-**' },
    ]);
    await makeDebtor(t, 'SN');
    expect((await resubmit(done.importId, 2, {})).body).toMatchObject({ outcome: 'accepted' });
    const fixed = await resubmit(done.importId, 1, { due_on: '2026-10-25', interest: '110.50' });
    expect(fixed.body).toMatchObject({ outcome: 'accepted', resubmissions: [{ columns: ['due_on', 'interest'] }] });
    expect(await listed('SQ-A1')).toMatchObject([{ statementBalance: '8410.50', version: 1 }]);
  });

  test('tried in a dry run says row for row what comes of it, over several batches, and changes nothing', async () => {
    for (const id of ['SX', 'SY']) await makeDebtor(t, id);
    const day = (no: number) => Temporal.PlainDate.from('2020-01-01').add({ days: no }).toString();
    // Each begins with the balance of the one before, but for every hundredth.
    const many = Array.from({ length: 1300 }, (_, no) => {
      const previous = no % 100 === 0 ? 5000 : no;
      return `SX-A1,${day(no)},${previous}.00,0.00,1.00,0.00,0.00,${no + 1}.00,0.00,${day(no)},`;
    });
    await runStatements([october('SY')]);
    const other = october('SY').replace('841.05', '800.00');
    const rows = [other, 'SZ-A1,2026-10-05,x', ...many, october('SY'), other, november('SY')];
    const dry = await runStatements(rows, 'dryRun=true');
    expect(await listed('SX-A1')).toEqual([]);
    expect(await countOf(t, 'import_dry_run_keys')).toBe(0);
    const real = await runStatements(rows);
    expect(counts(dry)).toEqual({ ...all(1305), accepted: 1304, quarantined: 1 });
    expect(counts(real)).toEqual(counts(dry));
    expect(without(await rowsOf(real))).toEqual(without(await rowsOf(dry)));
    expect((await rowsOf(dry)).filter(({ warnings }) => warnings.length > 0)).toHaveLength(13);
    expect((await listed('SY-A1')).at(-1)).toMatchObject({ version: 4, minimumDue: '800.00' });
  });
});

describe('a file of accounts whose layout has no minimum payment', () => {
  beforeAll(async () => {
    await t.call('PUT', '/v1/import-sources/core', CORE_SOURCE);
  });
  const runState = (customerId: string) =>
    run(
      [
        '客户号|姓名|证件号|手机|账号|数据日期|逾期天数|本金|状态',
        `${customerId}|张三||13800138000|${customerId}-A1|20261123|95|-900000|0`,
      ].join('\n'),
      'source=core',
    );

  test('keeps the one that was sent last, of which a payment takes its part once; the same file again is a repeat', async () => {
    await makeDebtor(t, 'MN');
    const payment = { paymentId: 'P1', amount: '500.00', postedOn: '2026-11-23' };
    await t.call('POST', '/v1/accounts/MN-A1/payments', payment);
    const account = () => get('/v1/accounts/MN-A1');
    expect(await account()).toMatchObject({ minimumPaymentDue: '700.00' });
    expect(counts(await runState('MN'))).toEqual(all(1));
    const after = await account();
    expect(after).toMatchObject({ balances: { principal: '8500.00' }, minimumPaymentDue: '700.00' });
    expect(counts(await runState('MN'))).toEqual({ ...all(1), accepted: 0, duplicates: 1 });
    expect(await account()).toEqual(after);
  });
});

test('a state in another currency than the payments of its account is quarantined, and the other rows are applied', async () => {
  for (const id of ['CU', 'CV']) await makeDebtor(t, id);
  const payment = { paymentId: 'P1', amount: '100.00', postedOn: '2026-11-21' };
  expect((await t.call('POST', '/v1/accounts/CU-A1/payments', payment)).status).toBe(201);
  const before = await get('/v1/accounts/CU-A1');
  const file = defaultFile(
    ['CU', 'CV'].map((id) => ({
      customer_id: id,
      account_id: `${id}-A1`,
      currency: 'JPY',
      as_of: '2026-11-22',
      principal: '9000',
      interest: '0',
      penalty: '0',
      fees: '0',
      minimum_due: '',
      credit_limit: '',
    })),
  );
  const expected = { ...all(2), accepted: 1, quarantined: 1 };
  expect(counts(await run(file, 'dryRun=true'))).toEqual(expected);
  const done = await run(file, '');
  expect(counts(done)).toEqual(expected);
  expect(await rejectionsOf(t, done.importId)).toEqual([
    { row: 1, column: 'currency', code: 'CURRENCY_DIFFERS', maskedValue: 'J**' },
  ]);
  expect(await get('/v1/accounts/CU-A1')).toEqual(before);
  expect(await get('/v1/accounts/CV-A1')).toMatchObject({ currency: 'JPY', balances: { principal: '9000' } });
});
