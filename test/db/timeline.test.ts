import pg from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { buildTestApp, type TestApp } from '../support/app.ts';
import { storeHistory } from '../support/history.ts';
import { makeDebtor } from '../support/make.ts';

let t: TestApp;
beforeAll(async () => {
  t = await buildTestApp({ now: '2026-11-23T10:00:00+08:00' });
  await makeDebtor(t, 'short');
  await makeDebtor(t, 'long');
  await storeHistory(t, 'short', 1_000);
  await storeHistory(t, 'long', 100_000);
}, 120_000);
afterAll(() => t.close());

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly Plan[];
}

/** The plan that serves every page, as the pool has it: one for all values. */
async function explain({
  text,
  values,
}: {
  text: string;
  values: unknown[];
}): Promise<[{ 'QUERY PLAN': [{ Plan: Plan }] }]> {
  const client = await t.database.pool.connect();
  try {
    const given = values.map((value) => (value === null ? 'NULL' : client.escapeLiteral(String(value))));
    await client.query(`PREPARE page AS ${text}`);
    const { rows } = await client.query(`EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE page (${given.join(', ')})`);
    await client.query('DEALLOCATE page');
    return rows as [{ 'QUERY PLAN': [{ Plan: Plan }] }];
  } finally {
    client.release();
  }
}

/** Rows that each table gave or threw away while a page was read, as PostgreSQL counts them. */
async function rowsRead(customerId: string, query: string): Promise<Map<string, number>> {
  const spy = vi.spyOn(pg.Client.prototype, 'query');
  const { status } = await t.call('GET', `/v1/customers/${customerId}/timeline?${query}`);
  const calls = spy.mock.calls.map(([first]) => first as unknown as { text: string; values: unknown[] });
  spy.mockRestore();
  expect(status).toBe(200);
  const page = calls.find(({ text }) => String(text).includes('page AS MATERIALIZED'))!;
  const rows = await explain(page);
  const read = new Map<string, number>();
  const visit = (node: Plan) => {
    const rowsOf = (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'];
    const name = node['Relation Name'];
    if (name !== undefined) read.set(name, (read.get(name) ?? 0) + rowsOf);
    for (const inner of node.Plans ?? []) visit(inner);
  };
  visit(rows[0]['QUERY PLAN'][0].Plan);
  return read;
}

/** What a page may read of a table: two branches read some tables, and the last step reads states once more. */
const AT_MOST = 4 * 51;

async function cursorInside(customerId: string): Promise<string> {
  const from = encodeURIComponent('2026-11-01T00:00:00Z');
  const until = encodeURIComponent('2026-11-20T00:00:00Z');
  const filters = `from=${from}&until=${until}`;
  const { body } = await t.call('GET', `/v1/customers/${customerId}/timeline?${filters}&limit=100`);
  return `${filters}&cursor=${body.nextCursor}`;
}

test('a page reads a few rows of each table, at the end of 100,000 events and in their middle', async () => {
  for (const query of ['limit=50', `limit=50&${await cursorInside('long')}`]) {
    const read = await rowsRead('long', query);
    expect(read.size).toBeGreaterThan(10);
    // A partition is a table of its own, and the newest few may lie in two of them.
    expect([...read].filter(([, rows]) => rows > AT_MOST)).toEqual([]);
  }
});

test('a page of one kind deep in the history reads no more than the newest one', async () => {
  const until = encodeURIComponent('2026-03-01T00:00:00+08:00');
  for (const kind of ['contact_attempt', 'decision', 'payment', 'account_state', 'call_record', 'case_entry_ended']) {
    const read = await rowsRead('long', `limit=50&kinds=${kind}&until=${until}`);
    expect(
      [...read].filter(([, rows]) => rows > AT_MOST),
      kind,
    ).toEqual([]);
  }
});

test('the longer history costs a page no more rows than the short one', async () => {
  const total = (read: Map<string, number>) => [...read.values()].reduce((sum, rows) => sum + rows, 0);
  const short = total(await rowsRead('short', 'limit=50'));
  const long = total(await rowsRead('long', 'limit=50'));
  expect(long).toBeLessThanOrEqual(short * 1.2);
});
