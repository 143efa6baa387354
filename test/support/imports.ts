import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { runImport } from '../../src/imports/run.ts';
import type { Import, Rejection } from '../../src/imports/schemas.ts';
import type { TestAnswer, TestApp, TestHeaders } from './app.ts';

/** 195 rows of the UCI card data, with a pair that is equal in everything but the ID (19 and 13107). */
export const UCI_SAMPLE = readFileSync(new URL('./uci-sample.csv', import.meta.url), 'utf8');
export const UCI_ROWS = 195;

/** A UCI file of `copies` × 195 rows, every one with an ID of its own. */
export function largeUciFile(copies: number): string {
  const [header, ...rows] = UCI_SAMPLE.trimEnd().split('\r\n');
  const copied = Array.from({ length: copies }, () => rows).flat();
  return [header, ...copied.map((row, index) => row.replace(/^\d+/, String(index + 1)))].join('\n');
}

const DEFAULTS = {
  customer_id: 'C1',
  name: '张三',
  resident_id: '',
  phone: '13800138000',
  account_id: 'A1',
  currency: 'CNY',
  as_of: '2026-11-20',
  past_due_since: '2026-08-20',
  principal: '8000.00',
  interest: '600.00',
  penalty: '100.00',
  fees: '0.00',
  minimum_due: '1200.00',
  credit_limit: '50000.00',
  annual_rate: '0.1825',
  status: 'open',
};
export type Cells = Partial<Record<keyof typeof DEFAULTS, string>>;

/** A file in the service's own layout; rows differ from an ordinary one in the cells given, and `lines` follow as they are. */
export function defaultFile(rows: readonly Cells[], lines: readonly string[] = []): string {
  const text = rows.map((row) => Object.values({ ...DEFAULTS, ...row }).join(','));
  return [Object.keys(DEFAULTS).join(','), ...text, ...lines].join('\r\n');
}

/** How a bank's core system might write its extract: Chinese names, compact dates, fen, debts with a minus, codes for words. */
export const CORE_SOURCE = {
  title: 'Core system, nightly',
  columns: [
    { name: '客户号', aliases: ['客户编号'], field: 'customer.customerId' },
    { name: '姓名', field: 'customer.name' },
    { name: '证件号', field: 'customer.residentId' },
    { name: '出生日期', field: 'customer.birthDate', required: false },
    { name: '手机', field: 'customer.phones.mobile' },
    { name: '家庭电话', field: 'customer.phones.home', required: false },
    { name: '单位电话', field: 'customer.phones.work', required: false },
    { name: '地址', field: 'customer.address', required: false },
    { name: '账号', field: 'account.accountId' },
    { name: '数据日期', field: 'account.asOf' },
    { name: '逾期天数', field: 'account.daysPastDue' },
    { name: '本金', field: 'account.balances.principal' },
    { name: '卡号', field: 'account.cardNumber', required: false },
    {
      name: '状态',
      field: 'account.status',
      values: [
        { from: '0', to: 'open' },
        { from: '9', to: 'legal' },
      ],
    },
  ],
  defaults: [
    { field: 'account.currency', value: 'CNY' },
    { field: 'account.balances.interest', value: '0' },
    { field: 'account.balances.penalty', value: '0' },
    { field: 'account.balances.fees', value: '0' },
  ],
  ignoredColumns: ['备注'],
  separator: '|',
  dateForms: ['compact', 'dashes'],
  unit: 'minor',
  sign: 'reversed',
};

export function upload(
  t: TestApp,
  file: string | Buffer,
  { query = '', ...headers }: { query?: string } & TestHeaders = {},
): Promise<TestAnswer> {
  return t.call('POST', `/v1/imports?${query}`, file, { 'content-type': 'text/csv; charset=utf-8', ...headers });
}

export async function importOf(t: TestApp, importId: string): Promise<Import> {
  return (await t.call('GET', `/v1/imports/${importId}`)).body as Import;
}

/** Asks until the answer will do, as a client would. */
export async function until(t: TestApp, importId: string, done: (state: Import) => boolean): Promise<Import> {
  for (;;) {
    const state = await importOf(t, importId);
    if (done(state)) return state;
    await sleep(10);
  }
}

export const ended = ({ status }: Import) => status !== 'queued' && status !== 'running';

/** Does the work on an import here and now, as a worker would. */
export async function workOff(t: TestApp, importId: string): Promise<Import> {
  await runImport(t.services, importId, new AbortController().signal);
  return importOf(t, importId);
}

/** Uploads a file and waits for what becomes of it. */
export async function importFile(t: TestApp, file: string | Buffer, query = ''): Promise<Import> {
  const answer = await upload(t, file, { query });
  if (answer.status !== 202) throw new Error(JSON.stringify(answer.body));
  return until(t, answer.body.importId as string, ended);
}

export async function rejectionsOf(t: TestApp, importId: string): Promise<Rejection[]> {
  return (await t.call('GET', `/v1/imports/${importId}/rejections`)).body as Rejection[];
}

/** The bytes of a text in GB18030, by asking the decoder for every pair of bytes. */
export function gb18030(text: string): Buffer {
  const decoder = new TextDecoder('gb18030');
  const bytesOf = new Map<string, number[]>();
  for (let first = 0x81; first <= 0xfe; first += 1) {
    for (let second = 0x40; second <= 0xfe; second += 1) {
      if (second !== 0x7f) bytesOf.set(decoder.decode(Uint8Array.of(first, second)), [first, second]);
    }
  }
  return Buffer.from([...text].flatMap((character) => bytesOf.get(character) ?? [character.charCodeAt(0)]));
}

/** Rows of a table of the test database. */
export async function countOf(t: TestApp, table: string): Promise<number> {
  const { rows } = await t.database.pool.query<{ count: bigint }>(`SELECT count(*) FROM ${table}`);
  return Number(rows[0]!.count);
}
