import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ImportRowAnswer, Rejection } from '../../src/imports/schemas.ts';
import { buildTestApp, type TestApp } from '../support/app.ts';
import { type Cells, defaultFile, importOf, upload, workOff } from '../support/imports.ts';

let t: TestApp;
beforeAll(async () => {
  t = await buildTestApp({ now: '2026-11-23T10:00:00+08:00' });
});
afterAll(() => t.close());

const account = (id: string, rest: Cells = {}) => ({ customer_id: id, account_id: id, ...rest });

async function run(file: string): Promise<string> {
  const answer = await upload(t, file);
  const { importId } = await workOff(t, answer.body.importId);
  return importId;
}
const rowsOf = async (importId: string, query = '') =>
  (await t.call('GET', `/v1/imports/${importId}/rows?${query}`)).body as ImportRowAnswer[];
const rejectionsOf = async (importId: string) =>
  (await t.call('GET', `/v1/imports/${importId}/rejections`)).body as Rejection[];
const resubmit = (importId: string, row: number, cells: Record<string, string>, headers = {}) =>
  t.call('POST', `/v1/imports/${importId}/rows/${row}/resubmission`, { cells }, headers);
const totalsOf = async (importId: string) => {
  const { rowsRead, accepted, corrected, duplicates, quarantined, resubmitted } = await importOf(t, importId);
  expect(accepted + duplicates + quarantined).toBe(rowsRead);
  return { accepted, corrected, duplicates, quarantined, resubmitted };
};

describe('what became of the rows', () => {
  let importId: string;
  beforeAll(async () => {
    importId = await run(
      defaultFile(
        [
          account('R1'),
          account('R2', { principal: '"1,234.50-"', past_due_since: '20260820', status: 'OPEN' }),
          account('R1'),
          account('R3', { resident_id: '110105194912310021' }),
          account('R4', { name: '=cmd()', phone: '张三', resident_id: '13800138000' }),
        ],
        ['R5,王小明'],
      ),
    );
  });

  test('is told row by row, with what was done to which cell, and never what was in it', async () => {
    const nothing = { corrections: [], warnings: [], duplicateOf: null, problems: [], resubmissions: [] };
    expect(await rowsOf(importId)).toEqual([
      {
        ...nothing,
        row: 2,
        outcome: 'corrected',
        corrections: expect.arrayContaining([
          { column: 'past_due_since', kinds: ['date_form'] },
          { column: 'principal', kinds: ['trailing_minus', 'separators'] },
          { column: 'status', kinds: ['case'] },
        ]),
      },
      { ...nothing, row: 3, outcome: 'duplicate', duplicateOf: { row: 1, asOf: null, importId: null } },
      {
        ...nothing,
        row: 4,
        outcome: 'quarantined',
        problems: [{ column: 'resident_id', code: 'RESIDENT_ID_INVALID', maskedValue: '1*****************' }],
      },
      {
        ...nothing,
        row: 5,
        outcome: 'quarantined',
        problems: expect.arrayContaining([
          { column: 'phone', code: 'COLUMN_SWAPPED', maskedValue: '张*' },
          { column: 'resident_id', code: 'COLUMN_SWAPPED', maskedValue: '1**********' },
        ]),
      },
      {
        ...nothing,
        row: 6,
        outcome: 'quarantined',
        problems: [{ column: 'resident_id', code: 'ROW_TOO_SHORT', maskedValue: '' }],
      },
    ]);
    expect((await rowsOf(importId, 'outcome=duplicate')).map(({ row }) => row)).toEqual([3]);
    expect((await t.call('GET', `/v1/imports/${importId}/rows?outcome=odd`)).status).toBe(400);
  });

  test('comes as a table too, in which nothing computes', async () => {
    const asked = await t.call('GET', `/v1/imports/${importId}/rows`, undefined, { accept: 'text/csv' });
    const chosen = await t.call('GET', `/v1/imports/${importId}/rows?format=csv`);
    expect(chosen.headers['content-type']).toBe('text/csv; charset=utf-8');
    expect(asked.body).toBe(chosen.body);
    const lines = (asked.body as string).trimEnd().split('\r\n');
    expect(lines[0]).toBe('row,outcome,column,code,value,duplicateOfRow,duplicateOfAsOf,duplicateOfImportId');
    expect(lines).toContain('2,corrected,principal,CORRECTED,trailing_minus separators,,,');
    expect(lines).toContain('3,duplicate,,DUPLICATE,,1,,');
    const bad = await run(defaultFile([account('RB', { principal: '=1+1' })]));
    const table = (await t.call('GET', `/v1/imports/${bad}/rejections?format=csv`)).body as string;
    expect(table).toBe("row,column,code,maskedValue\r\n1,principal,INVALID_NUMBER,'=***\r\n");
  });

  test('names the state and the import that a repeated row was known from', async () => {
    const again = await run(`${defaultFile([account('R1')])}\r\n`);
    expect(await rowsOf(again)).toMatchObject([
      { row: 1, outcome: 'duplicate', duplicateOf: { row: null, asOf: '2026-11-19T16:00:00Z', importId } },
    ]);
  });
});

describe('a quarantined row', () => {
  test('is corrected and applied, and the totals stay true', async () => {
    const importId = await run(
      defaultFile([
        account('Q1'),
        account('Q2', { phone: 'none', status: 'gone' }),
        account('Q3', { principal: 'x' }),
        account('Q1', { phone: '1' }),
      ]),
    );
    expect(await totalsOf(importId)).toEqual({
      accepted: 1,
      corrected: 0,
      duplicates: 0,
      quarantined: 3,
      resubmitted: 0,
    });
    const half = await resubmit(importId, 2, { phone: '13800138000' });
    expect(half.body).toMatchObject({
      row: 2,
      outcome: 'quarantined',
      problems: [{ column: 'status', code: 'UNKNOWN_STATUS' }],
      resubmissions: [{ columns: ['phone'], outcome: 'quarantined' }],
    });
    expect(await totalsOf(importId)).toMatchObject({ quarantined: 3, resubmitted: 0 });
    const whole = await resubmit(importId, 2, { STATUS: 'open' });
    expect(whole.body).toMatchObject({
      outcome: 'accepted',
      problems: [],
      resubmissions: [
        { columns: ['phone'], outcome: 'quarantined', clientId: expect.any(String), at: '2026-11-23T10:00:00+08:00' },
        { columns: ['status'], outcome: 'accepted' },
      ],
    });
    expect((await t.call('GET', '/v1/accounts/Q2')).body).toMatchObject({ customerId: 'Q2', status: 'open' });
    expect(await totalsOf(importId)).toEqual({
      accepted: 2,
      corrected: 0,
      duplicates: 0,
      quarantined: 2,
      resubmitted: 1,
    });
    expect((await resubmit(importId, 3, { principal: '"8,000.00"'.replaceAll('"', '') })).body).toMatchObject({
      outcome: 'corrected',
      corrections: [{ column: 'principal', kinds: ['separators'] }],
    });
    expect((await resubmit(importId, 4, { phone: '13800138000' })).body).toMatchObject({
      outcome: 'duplicate',
      duplicateOf: { importId },
    });
    expect(await totalsOf(importId)).toEqual({
      accepted: 3,
      corrected: 1,
      duplicates: 1,
      quarantined: 0,
      resubmitted: 3,
    });
    expect(await rejectionsOf(importId)).toEqual([]);
    // What is applied needs no copy of its cells any more.
    const { rows } = await t.database.pool.query(
      'SELECT count(cells_sealed) AS kept FROM import_rows WHERE import_id = $1',
      [importId],
    );
    expect(rows).toEqual([{ kept: 0n }]);
  });

  test('whose account is another customer’s stays quarantined until that is corrected', async () => {
    await run(defaultFile([account('O1')]));
    const importId = await run(defaultFile([{ customer_id: 'O2', account_id: 'O1' }]));
    expect((await resubmit(importId, 1, { name: '李四' })).body).toMatchObject({
      outcome: 'quarantined',
      problems: [{ column: 'account_id', code: 'ACCOUNT_OF_OTHER_CUSTOMER', maskedValue: 'O*' }],
    });
    expect((await resubmit(importId, 1, { account_id: 'O2' })).body.outcome).toBe('accepted');
    expect((await t.call('GET', '/v1/customers/O2')).body.name).toBe('李四');
  });

  test('is sent again once per Idempotency-Key, and not when it is none any more', async () => {
    const importId = await run(defaultFile([account('I1', { phone: 'none' })]));
    const headers = { 'idempotency-key': 'row-1' };
    const first = await resubmit(importId, 1, { phone: '13800138000' }, headers);
    const again = await resubmit(importId, 1, { phone: '13800138000' }, headers);
    expect(again.body).toEqual(first.body);
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect((await resubmit(importId, 1, { phone: '13900139000' }, headers)).status).toBe(422);
    expect((await resubmit(importId, 1, { phone: '13800138000' })).body.code).toBe('IMPORT_STATE');
  });

  test('is refused with a column that is none, an unknown row, and a dry run', async () => {
    const importId = await run(defaultFile([account('U1', { phone: 'none' })]));
    expect((await resubmit(importId, 1, { colour: 'red' })).body).toMatchObject({
      status: 422,
      errors: [{ pointer: '/cells/colour', code: 'UNKNOWN_FIELD' }],
    });
    expect((await resubmit(importId, 2, { phone: 'x' })).status).toBe(404);
    expect((await resubmit('imp_none', 1, { phone: 'x' })).status).toBe(404);
    expect((await resubmit(importId, 1, {})).body).toMatchObject({ outcome: 'quarantined' });
    const answer = await upload(t, defaultFile([account('U2', { phone: 'none' })]), { query: 'dryRun=true' });
    await workOff(t, answer.body.importId);
    expect((await resubmit(answer.body.importId, 1, { phone: '13800138000' })).body.code).toBe('IMPORT_STATE');
    expect((await t.call('GET', '/v1/customers/U2')).status).toBe(404);
  });

  test('shows nothing of a person in what is logged, listed or stored in the clear', async () => {
    const importId = await run(defaultFile([account('S1', { name: '王小明', phone: '13800138077777' })]));
    await resubmit(importId, 1, { phone: '1390013900999' });
    const { rows } = await t.database.pool.query(`SELECT details, history FROM import_rows WHERE import_id = $1`, [
      importId,
    ]);
    const told = JSON.stringify([rows, await rowsOf(importId), t.logged]);
    for (const secret of ['王小明', '13800138077777', '1390013900999']) expect(told).not.toContain(secret);
  });

  test('keeps no card number that is sent again in a wrong cell', async () => {
    const importId = await run(defaultFile([account('S2', { phone: 'none', name: '4111111111111111' })]));
    const cells = async () => {
      const { rows } = await t.database.pool.query<{ cells_sealed: Buffer }>(
        'SELECT cells_sealed FROM import_rows WHERE import_id = $1',
        [importId],
      );
      const at = { table: 'import_rows', column: 'cells_sealed', rowId: `${importId}/1` };
      return JSON.parse(t.services.vault.open(at, rows[0]!.cells_sealed)) as Record<string, string>;
    };
    expect(await cells()).not.toHaveProperty('name');
    await resubmit(importId, 1, { name: '张三', phone: '4111 1111 1111 1111' });
    expect(await cells()).toMatchObject({ name: '张三' });
    expect(await cells()).not.toHaveProperty('phone');
    expect((await resubmit(importId, 1, { phone: '13800138000' })).body).toMatchObject({ outcome: 'accepted' });
  });

  test('many at once: one line for each line, and a problem keeps none of the others', async () => {
    const importId = await run(defaultFile([1, 2, 3].map((no) => account(`B${no}`, { phone: 'none' }))));
    const lines = [
      JSON.stringify({ row: 1, cells: { phone: '13800138000' } }),
      '{"row":',
      JSON.stringify({ row: 1, cells: { phone: '13800138000' } }),
      '',
      JSON.stringify({ row: 9, cells: { phone: '13800138000' } }),
      JSON.stringify({ row: 2, cells: { colour: 'red' } }),
      JSON.stringify({ row: 3, cells: { phone: 'no' } }),
    ];
    const path = `/v1/imports/${importId}/resubmissions`;
    const answer = await t.call('POST', path, lines.join('\n'), { 'content-type': 'application/x-ndjson' });
    const said = (answer.body as { line: number; status: number; outcome?: string; problem?: { code: string } }[]).map(
      ({ line, status, outcome, problem }) => [line, status, outcome ?? problem?.code],
    );
    expect(said).toEqual([
      [1, 200, 'accepted'],
      [2, 400, 'MALFORMED_JSON'],
      [3, 409, 'IMPORT_STATE'],
      [5, 404, 'NOT_FOUND'],
      [6, 422, 'UNPROCESSABLE'],
      [7, 200, 'quarantined'],
    ]);
    expect(await totalsOf(importId)).toEqual({
      accepted: 1,
      corrected: 0,
      duplicates: 0,
      quarantined: 2,
      resubmitted: 1,
    });
  });

  test('sent by many at the same moment is applied once', async () => {
    const importId = await run(defaultFile([account('M1', { phone: 'none' })]));
    const answers = await Promise.all([1, 2, 3, 4].map(() => resubmit(importId, 1, { phone: '13800138000' })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409]);
    expect(await totalsOf(importId)).toMatchObject({ accepted: 1, quarantined: 0, resubmitted: 1 });
  });
});
