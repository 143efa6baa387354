import { describe, expect, test } from 'vitest';
import { type Call, COLUMNS, readCsvRow, readJsonRow } from '../../src/call-records/row.ts';
import { readHeader } from '../../src/imports/csv.ts';

const rules = { timeZone: null, latest: Temporal.Instant.from('2026-11-23T12:00:00+08:00') };
const STARTED = '2026-11-23T10:00:05+08:00';

/** What a line of CSV under these columns says: the call, or `column CODE maskedValue` of each problem. */
function read(columns: string, line: string, timeZone: string | null = null): Call | string[] {
  const header = readHeader(columns.split(','), COLUMNS);
  const result = readCsvRow(header, line.split(','), { ...rules, timeZone });
  return 'call' in result
    ? result.call
    : result.problems.map(({ column, code, maskedValue }) => `${column} ${code} ${maskedValue}`.trim());
}

test('a row has a time and a number, and says what it can beside', () => {
  const columns = 'vendor_call_id,started_at,number,duration_seconds,result,carrier,direction';
  expect(read(columns, `abc-1@pbx,${STARTED},138 0013 8000,35,无人接听,aliyun,Outbound`)).toEqual({
    startedAt: Temporal.Instant.from(STARTED),
    direction: 'outbound',
    number: '+8613800138000',
    customerId: null,
    contactPointId: null,
    durationSeconds: 35,
    result: '无人接听',
    vendorCallId: 'abc-1@pbx',
    carrier: 'aliyun',
  });
});

test('a row may name the customer instead of the number', () => {
  expect(read('started_at,customer_id,contact_point_id', `${STARTED},C1,m1`)).toMatchObject({
    number: null,
    customerId: 'C1',
    contactPointId: 'm1',
  });
});

test.each([
  ['20261123-13800138000-1.wav', null],
  ['008613800138000', null],
  ['20261123-0001', '20261123-0001'],
])('a call id that contains the number is not kept: %s', (vendorCallId, kept) => {
  expect(read('vendor_call_id,started_at,number', `${vendorCallId},${STARTED},13800138000`)).toMatchObject({
    vendorCallId: kept,
  });
});

describe('a time', () => {
  const INSTANT = Temporal.Instant.from(STARTED);
  test.each([
    [STARTED, null],
    ['2026-11-23 02:00:05Z', null],
    ['２０２６-11-23 10:00:05+0800', null],
    ['2026-11-23 10:00:05', 'Asia/Shanghai'],
    ['2026/11/23 10:00:05', 'Asia/Shanghai'],
    ['2026-11-22T21:00:05', 'America/New_York'],
  ])('%s, local in %s', (text, timeZone) => {
    expect((read('started_at,number', `${text},13800138000`, timeZone) as Call).startedAt).toEqual(INSTANT);
  });

  test.each([
    ['2026-11-23 10:00:05', null],
    ['2026-02-30 10:00:05', 'Asia/Shanghai'],
    ['23.11.2026 10:00', 'Asia/Shanghai'],
    ['1969-12-31T23:59:59Z', null],
  ])('%s is none, local in %s', (text, timeZone) => {
    expect(read('started_at,number', `${text},13800138000`, timeZone)).toEqual([
      expect.stringMatching(/^started_at INVALID_TIME/),
    ]);
  });

  test('is not in the future', () => {
    expect(read('started_at,number', '2026-11-23T12:00:01+08:00,13800138000')).toEqual([
      expect.stringMatching(/^started_at IN_THE_FUTURE/),
    ]);
  });
});

test.each([
  ['started_at,number', `${STARTED},12`, 'number PHONE_INVALID 1*'],
  ['started_at,number', `${STARTED},`, 'number REQUIRED'],
  ['started_at,number', ',13800138000', 'started_at REQUIRED'],
  ['started_at,contact_point_id', `${STARTED},m1`, 'customer_id REQUIRED'],
  ['started_at,customer_id', `${STARTED},a b`, 'customer_id INVALID_ID a *'],
  ['started_at,number,vendor_call_id', `${STARTED},13800138000,张三`, 'vendor_call_id INVALID_ID 张*'],
  ['started_at,number,duration_seconds', `${STARTED},13800138000,-1`, 'duration_seconds INVALID_NUMBER -*'],
  ['started_at,number,direction', `${STARTED},13800138000,up`, 'direction INVALID_VALUE u*'],
  ['started_at,number,result', `${STARTED},13800138000,called 13900139000`, 'result INVALID_VALUE c***** ***********'],
  ['started_at,number,result', `${STARTED},13800138000`, 'result ROW_TOO_SHORT'],
  ['started_at,number', `${STARTED},13800138000,x`, '#3 ROW_TOO_LONG x'],
])('under %s the row %s is refused: %s', (columns, line, problem) => {
  expect(read(columns, line)).toEqual([problem]);
});

test('every bad cell of a row is named', () => {
  expect(read('started_at,number,duration_seconds', 'now,12,x')).toHaveLength(3);
});

describe('a line of NDJSON', () => {
  test('says the same', () => {
    const line = JSON.stringify({ startedAt: STARTED, number: '13800138000', durationSeconds: 35, vendorCallId: null });
    expect(readJsonRow(line, rules)).toMatchObject({ call: { number: '+8613800138000', durationSeconds: 35 } });
  });

  test.each([
    ['{', '#1', 'INVALID_JSON'],
    ['["2026"]', '#1', 'INVALID_JSON'],
    [`{"startedAt":"${STARTED}","number":"13800138000","name":"张三"}`, 'name', 'UNKNOWN_FIELD'],
    [`{"startedAt":"${STARTED}","number":"13800138000","张三":1}`, '#?', 'UNKNOWN_FIELD'],
    [`{"startedAt":"${STARTED}","number":["13800138000"]}`, 'number', 'INVALID_VALUE'],
    [`{"startedAt":"${STARTED}","number":"13800138000","durationSeconds":1.5}`, 'durationSeconds', 'INVALID_VALUE'],
    [`{"startedAt":"${STARTED}","__proto__":1}`, '__proto__', 'UNKNOWN_FIELD'],
  ])('%s is refused at %s: %s', (line, column, code) => {
    expect(readJsonRow(line, rules)).toEqual({ problems: [{ column, code, maskedValue: '' }] });
  });
});
