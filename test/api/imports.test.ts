import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import type { Import } from '../../src/imports/schemas.ts';
import { startWorker, type Worker } from '../../src/jobs/worker.ts';
import { background } from '../../src/tasks.ts';
import { buildTestApp, type TestApp } from '../support/app.ts';
import {
  countOf,
  defaultFile,
  gb18030,
  importFile,
  rejectionsOf,
  UCI_ROWS,
  UCI_SAMPLE,
  upload,
} from '../support/imports.ts';

let t: TestApp;
let worker: Worker;
beforeAll(async () => {
  t = await buildTestApp({ now: '2026-11-23T10:00:00+08:00' });
  worker = await startWorker(t.services, background, t.app.log);
});
afterAll(async () => {
  await worker.stop();
  await t.close();
});

const get = (path: string) => t.call('GET', path);
const totals = ({ status, rowsRead, accepted, corrected, duplicates, quarantined }: Import) => ({
  status,
  rowsRead,
  accepted,
  corrected,
  duplicates,
  quarantined,
});
const completed = (some: Partial<ReturnType<typeof totals>>) => ({
  status: 'completed',
  accepted: 0,
  corrected: 0,
  duplicates: 0,
  quarantined: 0,
  ...some,
});

describe('the UCI file', () => {
  test('becomes customers and accounts; the same file again changes nothing', async () => {
    const first = await importFile(t, UCI_SAMPLE, 'source=uci');
    expect(totals(first)).toEqual(completed({ rowsRead: UCI_ROWS, accepted: UCI_ROWS }));
    expect(first).toMatchObject({ asOf: '2026-11-23', rowsTotal: UCI_ROWS, problem: null });
    const again = await importFile(t, UCI_SAMPLE, 'source=uci');
    expect(totals(again)).toEqual(completed({ rowsRead: UCI_ROWS, duplicates: UCI_ROWS }));
    expect(await countOf(t, 'account_snapshots')).toBe(UCI_ROWS);
    await expect.poll(() => countOf(t, 'import_chunks')).toBe(0);
  });

  test('gives accounts with their balances, and people who can be asked about but never dialled', async () => {
    const account = (await get('/v1/accounts/uci-1')).body;
    expect(account).toMatchObject({
      customerId: 'uci-1',
      balances: { principal: '860.86' },
      creditLimit: '4400.00',
      bucket: 'M3',
    });
    const customer = (await get('/v1/customers/uci-1')).body;
    expect(customer.parties).toMatchObject([
      { partyId: 'self', role: 'debtor', contactPoints: [{ contactPointId: 'm1', line: 'mobile' }] },
    ]);
    expect(customer.parties[0].contactPoints[0].value).toMatch(/^\+86154\d{8}$/);
    const answer = await t.call('POST', '/v1/contact-permissions', {
      customerId: 'uci-1',
      contactPointId: 'm1',
      channel: 'voice',
      callerNumber: '95588',
      collector: { kind: 'creditor', id: 'bank' },
    });
    expect(answer.body).toMatchObject({ permitted: true });
  });

  test('keeps equal rows as two debtors', async () => {
    const { rows } = await t.database.pool.query<{ debtor_key: Buffer }>(
      "SELECT debtor_key FROM customers WHERE customer_id IN ('uci-19', 'uci-13107')",
    );
    expect(rows).toHaveLength(2);
    expect(rows[0]!.debtor_key.equals(rows[1]!.debtor_key)).toBe(false);
  });

  test('is a new state on another statement date, and an older one is history', async () => {
    const newer = await importFile(t, UCI_SAMPLE, 'source=uci&asOf=2026-11-22');
    expect(totals(newer)).toEqual(completed({ rowsRead: UCI_ROWS, accepted: UCI_ROWS }));
    expect((await get('/v1/accounts/uci-1')).body.asOf).toBe('2026-11-23T00:00:00+08:00');
    expect(await countOf(t, 'account_snapshots')).toBe(2 * UCI_ROWS);
    const again = await importFile(t, UCI_SAMPLE, 'source=uci&asOf=2026-11-22');
    expect(totals(again)).toEqual(completed({ rowsRead: UCI_ROWS, duplicates: UCI_ROWS }));
  });
});

describe('a file in the default layout', () => {
  test('is the template: its example row is accepted', async () => {
    const template = await get('/v1/imports/template?source=default');
    expect(template.headers['content-type']).toBe('text/csv; charset=utf-8');
    expect(totals(await importFile(t, template.body))).toEqual(completed({ rowsRead: 1, accepted: 1 }));
    expect((await get('/v1/accounts/A1')).body).toMatchObject({ customerId: 'C1', pastDueSince: '2025-08-20' });
    expect((await get('/v1/imports/template?source=uci')).body).toBe(
      `${UCI_SAMPLE.split('\r\n').slice(0, 2).join('\r\n')}\r\n`,
    );
  });

  it.each([
    ['commas in UTF-8 with a mark', ',', (text: string) => Buffer.from(`\ufeff${text}`), 'utf-8'],
    ['tabs in GB18030', '\t', gb18030, 'GB18030'],
    ['pipes in GB18030, whose characters hold that byte', '|', gb18030, '"gb18030"'],
  ])('is read with %s', async (_, separator, encode, charset) => {
    const id = `sep-${charset.length}-${separator.charCodeAt(0)}`;
    // The second byte of 亅 is a pipe in GB18030.
    const text = defaultFile([{ customer_id: id, account_id: id, name: '亅亅丰' }]).replaceAll(',', separator);
    const answer = await upload(t, encode(text), { 'content-type': `text/csv; charset=${charset}` });
    expect(answer.status).toBe(202);
    await expect.poll(async () => (await get(`/v1/imports/${answer.body.importId}`)).body.accepted).toBe(1);
    expect((await get(`/v1/customers/${id}`)).body.name).toBe('亅亅丰');
  });

  test('counts what it corrected, and knows a row that comes twice', async () => {
    const rows = [
      { customer_id: 'K1', account_id: 'K1', principal: '"1,234.50"' },
      { customer_id: 'K2', account_id: 'K2', phone: '１３８００１３８００１' },
      { customer_id: 'K3', account_id: 'K3' },
      { customer_id: 'K3', account_id: 'K3' },
      { customer_id: 'K3', account_id: 'K3-2' },
    ];
    expect(totals(await importFile(t, defaultFile(rows)))).toEqual(
      completed({ rowsRead: 5, accepted: 4, corrected: 2, duplicates: 1 }),
    );
    expect((await get('/v1/accounts/K1')).body.balances.principal).toBe('1234.50');
    expect((await get('/v1/customers/K3/accounts')).body.items).toHaveLength(2);
    expect(totals(await importFile(t, defaultFile(rows)))).toEqual(completed({ rowsRead: 5, duplicates: 5 }));
  });

  test('may have several states of an account: the newest is current, all are kept', async () => {
    const state = (as_of: string, principal: string) => ({ customer_id: 'S1', account_id: 'S1', as_of, principal });
    const file = defaultFile([
      state('2026-11-02', '200.00'),
      state('2026-11-03', '300.00'),
      state('2026-11-01', '100.00'),
    ]);
    expect(totals(await importFile(t, file))).toEqual(completed({ rowsRead: 3, accepted: 3 }));
    expect((await get('/v1/accounts/S1')).body.balances.principal).toBe('300.00');
    expect(await countOf(t, "account_snapshots WHERE account_id = 'S1'")).toBe(3);
    expect(totals(await importFile(t, file))).toEqual(completed({ rowsRead: 3, duplicates: 3 }));
    expect((await get('/v1/accounts/S1')).body.balances.principal).toBe('300.00');
  });

  test('leaves alone what it does not know of a customer and an account, and an older file all of it', async () => {
    const path = '/v1/customers/M1';
    const debtor = {
      partyId: 'self',
      role: 'debtor',
      name: '张三',
      contactPoints: [{ contactPointId: 'home', kind: 'phone', value: '01088886666' }],
    };
    const friend = { partyId: 'friend', role: 'contact', name: '李四' };
    await t.call('PUT', path, { name: '张三', residentId: '11010519491231002X', parties: [debtor, friend] });
    await t.call('PUT', '/v1/accounts/M1', {
      customerId: 'M1',
      currency: 'CNY',
      asOf: '2026-11-10T00:00:00+08:00',
      graceDays: 5,
      debtGroupId: 'G1',
      balances: { principal: '1.00', interest: '0', penalty: '0', fees: '0' },
    });
    const row = { customer_id: 'M1', account_id: 'M1', name: '张三丰', phone: '13800138009' };
    expect(totals(await importFile(t, defaultFile([row])))).toEqual(completed({ rowsRead: 1, accepted: 1 }));
    const customer = (await get(path)).body;
    expect(customer).toMatchObject({
      name: '张三丰',
      residentId: '11010519491231002X',
      parties: [{ name: '张三丰' }, { name: '李四' }],
    });
    expect(customer.parties[0].contactPoints).toMatchObject([
      { contactPointId: 'home' },
      { contactPointId: 'm1', value: '+8613800138009' },
    ]);
    expect((await get('/v1/accounts/M1')).body).toMatchObject({
      graceDays: 5,
      debtGroupId: 'G1',
      balances: { principal: '8000.00' },
    });
    const older = { ...row, name: '旧名', as_of: '2026-11-01' };
    expect(totals(await importFile(t, defaultFile([older])))).toEqual(completed({ rowsRead: 1, accepted: 1 }));
    expect((await get(path)).body).toEqual(customer);
  });

  test('may have two numbers in a cell: two ways to reach a person, and neither is lost to a file with one', async () => {
    const rowOf = (phone: string) => defaultFile([{ customer_id: 'N1', account_id: 'N1', phone }]);
    expect(totals(await importFile(t, rowOf('13800138011/13900139011')))).toMatchObject({ accepted: 1, corrected: 1 });
    const points = async () => (await get('/v1/customers/N1')).body.parties[0].contactPoints;
    const [first, second, ...others] = await points();
    expect(others).toEqual([]);
    expect([first.contactPointId, first.value]).toEqual(['m1', '+8613800138011']);
    expect(second).toEqual({ ...first, contactPointId: 'm2', value: '+8613900139011' });
    await importFile(t, rowOf('13900139011'));
    expect(await points()).toEqual([first, second]);
  });

  test('quarantines bad rows only, and shows no personal value', async () => {
    const secrets = ['13800138077777', '王小明', '110105199001011234567'];
    const done = await importFile(
      t,
      defaultFile(
        [
          { customer_id: 'Q1', account_id: 'Q1' },
          { customer_id: 'Q2', account_id: 'Q2', phone: secrets[0]!, resident_id: secrets[2]! },
          { customer_id: secrets[1]!, account_id: 'Q3', status: 'gone' },
          { customer_id: 'Q4', account_id: 'A1', name: secrets[1]! },
          { customer_id: 'Q4', account_id: 'A1', name: secrets[1]! },
        ],
        [`Q5,${secrets[1]}`],
      ),
    );
    expect(totals(done)).toEqual(completed({ rowsRead: 6, accepted: 1, quarantined: 5 }));
    const rejections = await rejectionsOf(t, done.importId);
    expect(rejections).toEqual([
      { row: 2, column: 'phone', code: 'PHONE_INVALID', maskedValue: '1*************' },
      { row: 2, column: 'resident_id', code: 'RESIDENT_ID_INVALID', maskedValue: '1********************' },
      { row: 3, column: 'customer_id', code: 'INVALID_ID', maskedValue: '王**' },
      { row: 3, column: 'status', code: 'UNKNOWN_STATUS', maskedValue: 'g***' },
      { row: 4, column: 'account_id', code: 'ACCOUNT_OF_OTHER_CUSTOMER', maskedValue: 'A*' },
      { row: 5, column: 'account_id', code: 'ACCOUNT_OF_OTHER_CUSTOMER', maskedValue: 'A*' },
      { row: 6, column: 'resident_id', code: 'ROW_TOO_SHORT', maskedValue: '' },
    ]);
    for (const secret of secrets) expect(t.logged.join('\n')).not.toContain(secret);
    expect((await get('/v1/customers/Q4')).status).toBe(404);
  });
});

describe('a totals line', () => {
  const rows = [
    { customer_id: 'T1', account_id: 'T1', principal: '"1,000.10"' },
    { customer_id: 'T2', account_id: 'T2', principal: '-0.30' },
  ];

  it.each([
    ['another number of rows', 'TOTAL,3,999.80'],
    ['another sum', '合计,2,999.81'],
    ['no sum', 'TOTAL,2'],
  ])('with %s holds the file, and nothing is applied', async (_, line) => {
    const held = await importFile(t, defaultFile(rows, [line]));
    expect(held).toMatchObject({ status: 'held', rowsRead: 0, accepted: 0, problem: { code: 'CONTROL_TOTALS' } });
    expect((await get('/v1/customers/T1')).status).toBe(404);
    const cancelled = await t.call('POST', `/v1/imports/${held.importId}/cancel`);
    expect(cancelled.body).toMatchObject({ status: 'cancelled' });
    expect(await countOf(t, `import_chunks WHERE import_id = '${held.importId}'`)).toBe(0);
  });

  it.each(['TOTAL,2,999.80', '合计,2,,,,,,,999.80'])('that matches is no row: %s', async (line) => {
    const done = await importFile(t, defaultFile(rows, [line]));
    expect(done).toMatchObject({ status: 'completed', rowsTotal: 2, rowsRead: 2, quarantined: 0 });
  });
});

it.each([
  ['a record that does not end', 'RECORD_TOO_LARGE', `"${'x\n'.repeat(35_000)}`],
  ['a quote that does not end', 'MALFORMED_CSV', '"x'],
])('%s fails the whole file, with nothing applied', async (_, code, line) => {
  const rows = Array.from({ length: 600 }, (_row, index) => ({ customer_id: `F${index}`, account_id: `F${index}` }));
  const failed = await importFile(t, defaultFile(rows, [line]));
  expect(failed).toMatchObject({ status: 'failed', rowsRead: 0, problem: { code } });
  expect((await get('/v1/customers/F0')).status).toBe(404);
  const cancel = await t.call('POST', `/v1/imports/${failed.importId}/cancel`);
  expect(cancel.body).toMatchObject({ status: 409, code: 'IMPORT_NOT_CANCELLABLE' });
});

describe('who may', () => {
  test('send, read and cancel: a key with imports:write, through either door', async () => {
    const { importId } = await importFile(t, defaultFile([{}]));
    const others = `Bearer ${await t.keyWith(['accounts:write', 'customers:write', 'admin'])}`;
    const calls = [
      ['POST', '/v1/imports', 'x'],
      ['GET', '/v1/imports', undefined],
      ['GET', '/v1/imports/template', undefined],
      ['GET', `/v1/imports/${importId}`, undefined],
      ['GET', `/v1/imports/${importId}/rejections`, undefined],
      ['POST', `/v1/imports/${importId}/cancel`, undefined],
    ] as const;
    for (const [method, path, body] of calls) {
      const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'text/csv' };
      expect((await t.call(method, path, body, { ...type, authorization: '' })).status, path).toBe(401);
      expect((await t.call(method, path, body, { ...type, authorization: others })).status, path).toBe(403);
    }
    for (const query of [
      '{ imports { items { importId } } }',
      `{ import(importId: "${importId}") { status } }`,
      `mutation { cancelImport(importId: "${importId}") { status } }`,
    ]) {
      const { body } = await t.graphql(query, {}, { authorization: others });
      expect(body.errors[0].extensions.code).toBe('FORBIDDEN');
    }
  });

  test('an import that does not exist is not found', async () => {
    for (const path of ['', '/rejections']) expect((await get(`/v1/imports/imp_none${path}`)).status).toBe(404);
    expect((await t.call('POST', '/v1/imports/imp_none/cancel')).status).toBe(404);
  });
});

test('GraphQL says the same', async () => {
  t.setNow('2026-11-23T10:02:00+08:00');
  const { importId } = await importFile(t, defaultFile([{ customer_id: 'GQL', account_id: 'GQL', phone: 'x' }]));
  const fields =
    'importId source sourceVersion records dryRun charset asOf status bytesTotal rowsTotal rowsRead rowsPerSecond secondsLeft accepted corrected duplicates quarantined resubmitted problem { code detail } release { at clientId reason } createdAt startedAt finishedAt';
  const { data } = (
    await t.graphql(`{ import(importId: "${importId}") { ${fields} } imports(limit: 1) { items { ${fields} } } }`)
  ).body;
  expect(data.import).toEqual((await get(`/v1/imports/${importId}`)).body);
  expect(data.imports.items).toEqual([data.import]);
  const { body } = await t.graphql(`mutation { cancelImport(importId: "${importId}") { status } }`);
  expect(body.errors[0].extensions.code).toBe('IMPORT_NOT_CANCELLABLE');
  expect((await t.graphql('{ imports(limit: 201) { nextCursor } }')).body.errors[0].extensions.code).toBe(
    'VALIDATION_FAILED',
  );
});

test('the same content sent on another day keeps the statement date that it had', async () => {
  t.setNow('2026-11-25T10:00:00+08:00');
  const again = await importFile(t, UCI_SAMPLE, 'source=uci');
  expect(again).toMatchObject({ asOf: '2026-11-23', createdAt: '2026-11-25T10:00:00+08:00' });
  expect(totals(again)).toEqual(completed({ rowsRead: UCI_ROWS, duplicates: UCI_ROWS }));
});

test('a dry run gives the import that follows it no date', async () => {
  const file = UCI_SAMPLE.replace(/\n/g, '\n\n');
  t.setNow('2026-11-24T10:00:00+08:00');
  expect((await importFile(t, file, 'source=uci&dryRun=true')).asOf).toBe('2026-11-24');
  t.setNow('2026-11-25T10:00:00+08:00');
  expect((await importFile(t, file, 'source=uci')).asOf).toBe('2026-11-25');
});

test('the beginning and the end of an import are told as events, in their transactions', async () => {
  const { rows } = await t.database.pool.query<{ last: bigint | null }>('SELECT max(seq) AS last FROM outbox_events');
  const good = await importFile(t, defaultFile([{ account_id: 'told-1' }, { account_id: 'told-2', principal: 'x' }]));
  const held = await importFile(t, defaultFile([{ account_id: 'told-3' }], ['TOTAL,2,8000.00']));
  const told = await t.database.pool.query(
    'SELECT type, subject_key, data FROM outbox_events WHERE seq > $1 ORDER BY seq',
    [rows[0]!.last ?? 0n],
  );
  const begun = { source: 'default', sourceVersion: 1, dryRun: false };
  const counts = { dryRun: false, accepted: 1, duplicates: 0, quarantined: 1 };
  const eventsOf = ({ importId }: Import, ...list: (readonly [string, object])[]) =>
    list.map(([type, data]) => ({ type, subject_key: importId, data: { importId, ...data } }));
  expect(told.rows).toEqual([
    ...eventsOf(good, ['import.started', begun], ['import.completed', counts]),
    ...eventsOf(held, ['import.started', begun], ['import.held', { code: 'CONTROL_TOTALS' }]),
  ]);
});
