import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import type { Import, ImportRowAnswer } from '../../src/imports/schemas.ts';
import { buildTestApp, type TestApp } from '../support/app.ts';
import {
  type Cells,
  CORE_SOURCE,
  countOf,
  defaultFile,
  importOf,
  largeUciFile,
  upload,
  workOff,
} from '../support/imports.ts';

let t: TestApp;
beforeAll(async () => {
  t = await buildTestApp({ now: '2026-11-23T10:00:00+08:00' });
});
afterAll(() => t.close());

async function send(file: string | Buffer, query = ''): Promise<string> {
  const answer = await upload(t, file, { query });
  expect(answer.status, JSON.stringify(answer.body)).toBe(202);
  return answer.body.importId as string;
}
const run = async (file: string | Buffer, query = '') => workOff(t, await send(file, query));
const post = async (importId: string, step: string, body?: unknown) =>
  t.call('POST', `/v1/imports/${importId}/${step}`, body);
const rowsOf = async (importId: string, outcome = '') =>
  (await t.call('GET', `/v1/imports/${importId}/rows${outcome && `?outcome=${outcome}`}`)).body as ImportRowAnswer[];
const eventsOf = async (importId: string) =>
  (
    await t.database.pool.query<{ type: string; data: object }>(
      'SELECT type, data FROM outbox_events WHERE subject_key = $1 ORDER BY seq',
      [importId],
    )
  ).rows;
const counts = ({ rowsRead, accepted, corrected, duplicates, quarantined }: Import) => ({
  rowsRead,
  accepted,
  corrected,
  duplicates,
  quarantined,
});
const account = (id: string, rest: Cells = {}) => ({ customer_id: id, account_id: id, ...rest });

describe('a dry run', () => {
  const rows = [
    account('D1'),
    account('D2', { principal: '"1,234.50"' }),
    account('D2', { principal: '"1,234.50"' }),
    account('D3', { phone: 'none' }),
    { customer_id: 'D4', account_id: 'D1' },
    { customer_id: 'D2', account_id: 'D2-2', principal: '7.00' },
    account('D1', { as_of: '2026-11-01' }),
  ];
  // More than one batch, so that what repeats does so across them.
  const many = Array.from({ length: 1200 }, (_, index) => account(`DX${index % 1100}`));
  const file = defaultFile([...rows, ...many, account('D2', { principal: '"1,234.50"' }), account('D1')]);

  test('says what would become of a file, row for row, and changes nothing', async () => {
    const before = await Promise.all(['customers', 'accounts', 'account_snapshots'].map((table) => countOf(t, table)));
    const dry = await run(file, 'dryRun=true');
    expect(dry).toMatchObject({ status: 'completed', dryRun: true, rowsTotal: 1209 });
    const after = await Promise.all(['customers', 'accounts', 'account_snapshots'].map((table) => countOf(t, table)));
    expect(after).toEqual(before);
    expect(await countOf(t, 'import_dry_run_keys')).toBe(0);
    expect(await countOf(t, 'import_chunks')).toBe(0);
    const said = await rowsOf(dry.importId);
    const real = await run(file);
    expect(counts(real)).toEqual(counts(dry));
    const without = (list: ImportRowAnswer[]) => list.map(({ duplicateOf: _, ...row }) => row);
    expect(without(await rowsOf(real.importId))).toEqual(without(said));
    expect(said.filter(({ outcome }) => outcome === 'duplicate').slice(-2)).toMatchObject([
      { row: 1208, duplicateOf: { row: 2, importId: null } },
      { row: 1209, duplicateOf: { row: 1, importId: null } },
    ]);
  });

  test('after the file was applied says that all of it is known, and by which import', async () => {
    const real = await run(file);
    const dry = await run(file, 'dryRun=true');
    expect(counts(dry)).toEqual({ ...counts(real), accepted: 0, corrected: 0, duplicates: 1207 });
    const [first] = await rowsOf(dry.importId, 'duplicate');
    expect(first).toMatchObject({ row: 1, duplicateOf: { row: null, asOf: '2026-11-19T16:00:00Z' } });
    expect(first!.duplicateOf!.importId).toMatch(/^imp_/);
  });
});

describe('control sums', () => {
  const rows = [account('H1', { principal: '10.00' }), account('H2', { principal: '20.50' })];
  it.each([
    ['expectedRows=2&expectedSum=30.50', 'completed'],
    ['expectedRows=3', 'held'],
    ['expectedSum=30.51', 'held'],
  ])('that come with the upload are kept: %s gives %s', async (query, status) => {
    expect(await run(defaultFile(rows), query)).toMatchObject({ status });
  });

  test('that do not match hold the whole file until somebody releases it with a reason, which is kept', async () => {
    const held = await run(defaultFile([account('H3')], ['TOTAL,7,0']));
    expect(held).toMatchObject({ status: 'held', rowsRead: 0, release: null, problem: { code: 'CONTROL_TOTALS' } });
    expect(await workOff(t, held.importId)).toEqual(held);
    const clerk = { authorization: `Bearer ${await t.keyWith(['imports:write'])}` };
    const path = `/v1/imports/${held.importId}/release`;
    const reason = '张三 has counted by hand';
    expect((await t.call('POST', path, { reason }, clerk)).status).toBe(403);
    const released = await post(held.importId, 'release', { reason });
    expect(released.body).toMatchObject({ status: 'queued', problem: null, release: { reason } });
    const done = await workOff(t, held.importId);
    expect(done).toMatchObject({ status: 'completed', accepted: 1, release: { reason } });
    // People write reasons, and people write names.
    expect((await t.call('GET', `/v1/imports/${held.importId}`, undefined, clerk)).body.release.reason).toBeNull();
    expect((await post(held.importId, 'release', { reason })).body).toEqual(done);
    expect((await eventsOf(held.importId)).map(({ type }) => type)).toEqual([
      'import.started',
      'import.held',
      'import.completed',
    ]);
    expect((await post((await run(defaultFile(rows))).importId, 'release', { reason })).body.code).toBe('IMPORT_STATE');
  });
});

test('a paused import is left alone until it is resumed; a repeat of either step changes nothing', async () => {
  const importId = await send(defaultFile([account('P1')]));
  const paused = await post(importId, 'pause');
  expect(paused.body).toMatchObject({ status: 'paused' });
  expect((await post(importId, 'pause')).body).toEqual(paused.body);
  expect(await workOff(t, importId)).toMatchObject({ status: 'paused', rowsRead: 0, startedAt: null });
  expect((await post(importId, 'resume')).body).toMatchObject({ status: 'queued' });
  expect(await workOff(t, importId)).toMatchObject({ status: 'completed', accepted: 1 });
  expect((await post(importId, 'resume')).body.code).toBe('IMPORT_STATE');
  expect((await post(importId, 'pause')).body.code).toBe('IMPORT_STATE');
  expect((await eventsOf(importId)).map(({ type }) => type)).toEqual([
    'import.paused',
    'import.started',
    'import.completed',
  ]);
});

test('an import that is paused at work rests after the batch in hand, and ends with every row once', async () => {
  const importId = await send(largeUciFile(20), 'source=uci');
  const work = workOff(t, importId);
  await expect.poll(async () => (await importOf(t, importId)).rowsRead).toBeGreaterThan(0);
  const { body: paused } = await post(importId, 'pause');
  const left = await work;
  expect(left).toEqual(paused);
  expect(left.rowsRead).toBeLessThan(3900);
  await post(importId, 'resume');
  expect(await workOff(t, importId)).toMatchObject({ status: 'completed', rowsRead: 3900, accepted: 3900 });
  expect(await countOf(t, `account_snapshots WHERE import_id = '${importId}'`)).toBe(3900);
});

test('a held or paused import can be cancelled, which is told', async () => {
  const held = await run(defaultFile([account('C9')], ['TOTAL,7,0']));
  expect((await post(held.importId, 'cancel')).body).toMatchObject({ status: 'cancelled' });
  expect((await eventsOf(held.importId)).at(-1)).toMatchObject({ type: 'import.cancelled', data: { rowsRead: 0 } });
  expect((await post(held.importId, 'resume')).body.code).toBe('IMPORT_STATE');
});

test('an import that is cancelled has duplicates looked for among those whom its rows have changed', async () => {
  const searches = () => countOf(t, 'duplicate_searches');
  const importId = await send(largeUciFile(20), 'source=uci&asOf=2026-10-01');
  const work = workOff(t, importId);
  await expect.poll(async () => (await importOf(t, importId)).rowsRead).toBeGreaterThan(0);
  await post(importId, 'pause');
  expect((await work).accepted).toBeGreaterThan(0);
  const before = await searches();
  for (let time = 0; time < 2; time += 1)
    expect((await post(importId, 'cancel')).body).toMatchObject({ status: 'cancelled' });
  expect(await searches()).toBe(before + 1);
  await post(await send(defaultFile([account('C8')])), 'cancel');
  expect(await searches()).toBe(before + 1);
});

test('progress is told in tenths as time goes by', async () => {
  const importId = await send(largeUciFile(20), 'source=uci&asOf=2026-11-01');
  const start = Temporal.Instant.from('2026-11-23T10:00:00+08:00');
  let ticks = 0;
  const timer = setInterval(() => {
    ticks += 1;
    t.setNow(start.add({ seconds: ticks * 20 }).toString());
  }, 20);
  await workOff(t, importId);
  clearInterval(timer);
  t.setNow('2026-11-23T10:00:00+08:00');
  const told = (await eventsOf(importId)).filter(({ type }) => type === 'import.progress');
  expect(told.length).toBeGreaterThan(0);
  expect(told.length).toBeLessThan(8);
  for (const { data } of told as unknown as { data: Record<string, number> }[]) {
    expect(data.percent).toBe(Math.floor((data.rowsRead! * 100) / 3900));
    expect(data.accepted! + data.duplicates! + data.quarantined!).toBe(data.rowsRead);
  }
});

test('imports are listed by state and source, page by page', async () => {
  const ids = [];
  for (let no = 0; no < 5; no += 1) {
    t.setNow(`2026-11-23T10:0${no}:00+08:00`);
    ids.push(await send(`${largeUciFile(1)}${'\n'.repeat(no)}`, 'source=uci'));
  }
  t.setNow('2026-11-23T10:00:00+08:00');
  const listed: string[] = [];
  for (let cursor = ''; ; ) {
    const path = `/v1/imports?source=uci&status=queued&limit=2${cursor && `&cursor=${cursor}`}`;
    const { body } = await t.call('GET', path);
    listed.push(...(body.items as Import[]).map(({ importId }) => importId));
    if (body.nextCursor === null) break;
    cursor = body.nextCursor;
    expect((await t.call('GET', `/v1/imports?source=uci&limit=2&cursor=${cursor}`)).status).toBe(400);
  }
  expect(listed).toEqual(ids.toReversed());
  for (const importId of ids) await post(importId, 'cancel');
});

test('the files of an account’s days give the same states and the same history in whatever order they come', async () => {
  const days = ['2026-11-18', '2026-11-19', '2026-11-20'];
  const order = fc.shuffledSubarray([0, 1, 2], { minLength: 3, maxLength: 3 });
  const states = fc.array(
    fc.record({ principal: fc.nat(99), phone: fc.nat(9), name: fc.constantFrom('张三', '李四', '王五') }),
    {
      minLength: 6,
      maxLength: 6,
    },
  );
  let run_ = 0;
  await fc.assert(
    fc.asyncProperty(states, order, async (facts, sequence) => {
      run_ += 1;
      const results = [];
      for (const [name, turns] of [
        ['a', [0, 1, 2]],
        ['b', sequence],
      ] as const) {
        const id = `${name}${run_}`;
        // Two accounts of one customer, whose files disagree about the person.
        const files = days.map((as_of, day) =>
          defaultFile(
            [0, 1].map((no) => {
              const { principal, phone } = facts[day * 2 + no]!;
              const person = { name: facts[day * 2]!.name, phone: `1380013800${phone % 2 === no ? 1 : 1}` };
              return { customer_id: id, account_id: `${id}-${no}`, as_of, principal: `${principal}.00`, ...person };
            }),
          ),
        );
        for (const turn of turns) expect((await run(files[turn]!)).quarantined).toBe(0);
        const text = async (query: string) =>
          JSON.stringify((await t.database.pool.query(query.replaceAll('?', `'${id}'`))).rows, (_, value) =>
            typeof value === 'bigint' ? String(value) : value,
          ).replaceAll(id, 'id');
        const customer = (await t.call('GET', `/v1/customers/${id}`)).body;
        results.push([
          await text(
            'SELECT account_id, as_of, principal_minor, status FROM accounts WHERE customer_id = ? ORDER BY account_id',
          ),
          await text(
            `SELECT account_id, as_of, content -> 'balances' AS balances FROM account_snapshots WHERE customer_id = ? ORDER BY account_id, as_of`,
          ),
          JSON.stringify([
            customer.name,
            customer.parties[0].name,
            // The other order's customers have the number too.
            customer.parties[0].contactPoints.map(({ sharedPhone: _, ...point }: { sharedPhone: boolean }) => point),
          ]),
        ]);
      }
      expect(results[1]).toEqual(results[0]);
    }),
    { numRuns: 12, seed: 20261123 },
  );
});

describe('a source of the bank’s own', () => {
  const path = '/v1/import-sources/core';
  const file = (rows: readonly string[][]) =>
    ['客户号|姓名|证件号|手机|账号|数据日期|逾期天数|本金|卡号|状态', ...rows.map((row) => row.join('|'))].join('\n');
  const good = [
    'K1',
    '张三',
    '11010519491231002X',
    '13800138000',
    'KA1',
    '20261120',
    '92',
    '-800000',
    '4111111111111111',
    '0',
  ];

  test('is put as versions, and a file is read by the one that it was sent under', async () => {
    const made = await t.call('PUT', path, CORE_SOURCE, { 'if-match': '*' });
    expect([made.status, made.headers.etag, made.body.version]).toEqual([201, '"v1"', 1]);
    const importId = await send(file([good]), 'source=core');
    const changed = { ...CORE_SOURCE, sign: 'as_is' };
    expect((await t.call('PUT', path, changed, { 'if-match': '"v2"' })).status).toBe(412);
    expect((await t.call('PUT', path, CORE_SOURCE)).body).toEqual(made.body);
    const next = await t.call('PUT', path, changed, { 'if-match': '"v1"' });
    expect([next.status, next.headers.etag]).toEqual([200, '"v2"']);
    expect((await t.call('GET', path)).body).toMatchObject({ version: 2, builtIn: false, document: { sign: 'as_is' } });
    expect(await workOff(t, importId)).toMatchObject({
      status: 'completed',
      source: 'core',
      sourceVersion: 1,
      accepted: 1,
    });
    expect((await t.call('GET', '/v1/accounts/KA1')).body).toMatchObject({
      pastDueSince: '2026-08-20',
      balances: { principal: '8000.00' },
      cardToken: expect.stringMatching(/^card_[0-9a-f]{32}$/),
      cardLast4: '1111',
    });
    const { rows } = await t.database.pool.query(
      'SELECT t::text FROM account_snapshots t UNION ALL SELECT t::text FROM accounts t',
    );
    expect(JSON.stringify(rows)).not.toContain('4111111111111111');
    const second = await run(file([good.with(0, 'K2').with(4, 'KA2')]), 'source=core');
    expect(second).toMatchObject({ sourceVersion: 2 });
    expect((await t.call('GET', '/v1/accounts/KA2')).body.balances.principal).toBe('-8000.00');
  });

  test('has a template that can be imported, like every other one', async () => {
    const { items } = (await t.call('GET', '/v1/import-sources')).body as {
      items: { source: string; builtIn: boolean }[];
    };
    // Payments and statements are of the account of the template before them.
    expect(items.map(({ source }) => source)).toEqual(['default', 'payments', 'statements', 'uci', 'core']);
    for (const { source } of items) {
      const template = await t.call('GET', `/v1/imports/template?source=${source}`);
      expect(await run(template.body, `source=${source}`), source).toMatchObject({
        status: 'completed',
        quarantined: 0,
      });
    }
  });

  test('is refused that says nothing clear, is built in, or cannot read its own template', async () => {
    const put = async (source: string, document: object) => {
      const { status, body } = await t.call('PUT', `/v1/import-sources/${source}`, document);
      return [status, body.errors[0].pointer];
    };
    expect(await put('default', CORE_SOURCE)).toEqual([422, '/source']);
    expect(await put('other', { ...CORE_SOURCE, columns: [] })).toEqual([400, '/columns']);
    const columns = CORE_SOURCE.columns.with(1, { name: '姓名', field: 'customer.name', example: '***' } as never);
    expect(await put('other', { ...CORE_SOURCE, columns })).toEqual([422, '/columns/1']);
    expect((await upload(t, file([good]), { query: 'source=other' })).body).toMatchObject({
      status: 422,
      errors: [{ pointer: '/source', code: 'UNKNOWN_REFERENCE' }],
    });
    expect((await t.call('GET', '/v1/imports/template?source=other')).status).toBe(422);
  });

  test('keeps no card number anywhere', async () => {
    const done = await run(file([good.with(3, 'none')]), 'source=core');
    expect(done).toMatchObject({ quarantined: 1 });
    const { rows } = await t.database.pool.query<{ cells_sealed: Buffer }>(
      'SELECT cells_sealed FROM import_rows WHERE import_id = $1',
      [done.importId],
    );
    const at = { table: 'import_rows', column: 'cells_sealed', rowId: `${done.importId}/1` };
    expect(Object.keys(JSON.parse(t.services.vault.open(at, rows[0]!.cells_sealed)))).not.toContain('卡号');
  });
});
