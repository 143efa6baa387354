import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readHeader } from '../../src/imports/csv.ts';
import { type ImportedRow, readRow, statementAt } from '../../src/imports/mapping.ts';
import { BUILT_IN } from '../../src/imports/sources/sources.ts';
import { applyWave } from '../../src/imports/wave.ts';
import { buildTestApp, type TestApp } from '../support/app.ts';
import { type Cells, defaultFile, upload, workOff } from '../support/imports.ts';

const NOW = '2026-11-23T10:00:00+08:00';

let fast: TestApp;
let slow: TestApp;
beforeAll(async () => {
  fast = await buildTestApp({ now: NOW });
  slow = await buildTestApp({ now: NOW });
});
afterAll(() => Promise.all([fast.close(), slow.close()]));

/** Uploads a file and applies it here and now. */
async function importFile(t: TestApp, file: string) {
  const { status, body } = await upload(t, file);
  expect(status, JSON.stringify(body)).toBe(202);
  return workOff(t, body.importId);
}

/** What no two runs have alike: what is sealed anew, made ids, the order of writing. */
const VOLATILE = /(_sealed|^import_id|^position|^row_version)$/;
const TABLES = [
  'customers',
  'parties',
  'contact_points',
  'accounts',
  'account_directory',
  'account_snapshots',
  'contact_profiles',
  'contact_profile_versions',
];

/** Rows of these customers without what is volatile, each table in one order. */
async function written(t: TestApp, prefix: string): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  for (const table of TABLES) {
    const sql = `SELECT to_jsonb(t) AS row FROM ${table} t WHERE customer_id LIKE $1`;
    const { rows } = await t.database.pool.query<{ row: object }>(sql, [`${prefix}%`]);
    found[table] = rows
      .map(({ row }) => JSON.stringify(Object.entries(row).filter(([name]) => !VOLATILE.test(name))))
      .sort();
  }
  return found;
}

/** The same rows, each looked up first as if it could be on file. */
async function applyTheLongWay(t: TestApp, rows: readonly Cells[]): Promise<void> {
  const { mapping } = BUILT_IN.get('default')!;
  const lines = defaultFile(rows)
    .split('\r\n')
    .map((line) => line.split(','));
  const header = readHeader(lines[0]!, mapping.columns);
  const now = Temporal.Instant.from(NOW);
  const statement = statementAt('2026-11-23', 'Asia/Shanghai', now);
  const imported = lines.slice(1).map((cells) => {
    const read = readRow(mapping, header, cells, statement);
    if (!('imported' in read)) throw new Error(JSON.stringify(read));
    return read.imported as ImportedRow;
  });
  const context = { ...t.services, policy: t.services.policy.current(), importId: 'imp_x', clientId: 'admin', now };
  await t.services.db.transaction().execute((trx) => applyWave(trx, context, imported));
}

/** New customers of every kind that a file has. */
const newcomers: Cells[] = [
  { customer_id: 'N1', account_id: 'NA1' },
  { customer_id: 'N2', account_id: 'NA2', resident_id: '11010519491231002X' },
  { customer_id: 'N3', account_id: 'NA3', name: '买买提·艾力', past_due_since: '', minimum_due: '' },
  { customer_id: 'N4', account_id: 'NA4b', principal: '-12.34', status: 'settled' },
  { customer_id: 'N4', account_id: 'NA4a' },
  { customer_id: 'N5', account_id: 'NA5', phone: '13800138001/13800138002' },
  // One person under two numbers, in one file.
  { customer_id: 'N6', account_id: 'NA6', resident_id: '440308199901010012' },
  { customer_id: 'N7', account_id: 'NA7', resident_id: '440308199901010012' },
  { customer_id: 'N8', account_id: 'NA8', currency: 'JPY', principal: '8000', interest: '0', penalty: '0', fees: '0' },
];

describe('customers of whom nothing is on file', () => {
  test('are written by the short way exactly as by the long one', async () => {
    expect(await importFile(fast, defaultFile(newcomers))).toMatchObject({ quarantined: 0 });
    await applyTheLongWay(slow, newcomers);
    const short = await written(fast, 'N');
    expect(short.accounts!.length).toBeGreaterThan(6);
    expect(short).toEqual(await written(slow, 'N'));
  });

  test('are found, not doubled, where somebody has put one of them before', async () => {
    const known = await fast.call('PUT', '/v1/customers/K1', {
      name: '李四',
      parties: [{ partyId: 'self', role: 'debtor', name: '李四', contactPoints: [] }],
    });
    expect(known.status).toBeLessThan(300);
    const file = defaultFile([
      { customer_id: 'K1', account_id: 'KA1' },
      { customer_id: 'K2', account_id: 'NA1' },
    ]);
    expect(await importFile(fast, file)).toMatchObject({ accepted: 1, quarantined: 1 });
    const names = await fast.call('GET', '/v1/customers/K1');
    expect(names.body).toMatchObject({ name: '张三' });
  });
});
