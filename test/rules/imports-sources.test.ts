import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { DATE_FORMS } from '../../src/imports/cells.ts';
import { columnKey, readHeader } from '../../src/imports/csv.ts';
import { csvCell } from '../../src/imports/csv-out.ts';
import { foreignFormat, likelyCharset } from '../../src/imports/formats.ts';
import { keptCells, readKept } from '../../src/imports/kept-cells.ts';
import { type ImportedRow, type ImportedStatement, readRow, statementAt } from '../../src/imports/mapping.ts';
import { createPace } from '../../src/imports/pace.ts';
import { mappingOf } from '../../src/imports/sources/document-mapping.ts';
import { looksLike } from '../../src/imports/sources/facts.ts';
import {
  FIELD_NAMES,
  FIELDS,
  type FieldName,
  RECORDS,
  type Records,
  recordsOf,
} from '../../src/imports/sources/fields.ts';
import { importSourceInputSchema } from '../../src/imports/sources/schemas.ts';
import { BUILT_IN } from '../../src/imports/sources/sources.ts';
import { CORE_SOURCE, gb18030 } from '../support/imports.ts';

const NOW = Temporal.Instant.from('2026-11-23T02:00:00Z');
const statement = statementAt('2026-11-23', 'Asia/Shanghai', NOW);
const core = mappingOf(importSourceInputSchema.parse(CORE_SOURCE));
const COLUMNS =
  '客户编号|姓名|证件号|手机|家庭电话|单位电话|地址|账号|数据日期|逾期天数|本金|卡号|状态|备注|出生日期'.split('|');
const header = readHeader(COLUMNS, core.columns);
const CELLS = {
  客户编号: 'K1',
  姓名: '张三',
  证件号: '11010519491231002X',
  手机: '13800138000',
  家庭电话: '010-88886666',
  单位电话: '',
  地址: '长安街1号',
  账号: 'B1',
  数据日期: '20261120',
  逾期天数: '92',
  本金: '-800000',
  卡号: '4111 1111 1111 1111',
  状态: '9',
  备注: 'VIP',
  出生日期: '19491231',
};

function cellsOf(changes: Readonly<Record<string, string>> = {}): string[] {
  return COLUMNS.map((column) => ({ ...CELLS, ...changes })[column as keyof typeof CELLS] ?? '');
}
const read = (changes: Readonly<Record<string, string>> = {}) => readRow(core, header, cellsOf(changes), statement);

describe('a source of a bank’s own', () => {
  test('is read as its document says: aliases, fen, debts with a minus, days for a date, codes for words', () => {
    expect(read()).toMatchObject({
      imported: {
        customer: {
          customerId: 'K1',
          name: '张三',
          residentId: '11010519491231002X',
          phones: [
            { contactPointId: 'm1', value: '+8613800138000', line: 'mobile', place: null },
            { contactPointId: 'home', value: '+861088886666', line: 'landline', place: 'home' },
          ],
          address: '长安街1号',
        },
        account: {
          accountId: 'B1',
          currency: 'CNY',
          asOf: '2026-11-19T16:00:00Z',
          pastDueSince: '2026-08-20',
          balances: { principal: '8000.00' },
          status: 'legal',
          card: { digits: '4111111111111111', last4: '1111' },
        },
      },
      warnings: [],
    });
  });

  test('has a second number of a column beside the first', () => {
    const result = read({ 家庭电话: '010-88886666，13900139000', 单位电话: '010-66668888/010-66669999' });
    expect(result).toMatchObject({
      imported: {
        customer: {
          phones: [
            { contactPointId: 'm1' },
            { contactPointId: 'home', line: 'landline', place: 'home' },
            { contactPointId: 'home-2', value: '+8613900139000', line: 'mobile', place: null },
            { contactPointId: 'work', line: 'work', place: 'work' },
            { contactPointId: 'work-2', value: '+861066669999', line: 'work', place: 'work' },
          ],
        },
      },
    });
  });

  test('leaves alone what it has no column for', () => {
    const result = read();
    const { account } = 'imported' in result ? (result.imported as ImportedRow) : { account: {} };
    for (const fact of ['annualRate', 'creditLimit', 'graceDays', 'minimumPaymentDue'])
      expect(Object.keys(account)).not.toContain(fact);
    expect(account).toMatchObject({ balances: { principal: '8000.00' } });
  });

  it.each([
    ['本金', '-8,000.00', 'INVALID_NUMBER', undefined],
    ['数据日期', '2026/11/20', 'INVALID_DATE', undefined],
    ['数据日期', '2026-11-20', undefined, ['date_form']],
    ['状态', '5', 'UNKNOWN_STATUS', undefined],
    ['状态', '０', undefined, undefined],
    ['逾期天数', '0', undefined, undefined],
    ['逾期天数', '-1', 'INVALID_NUMBER', undefined],
    ['出生日期', '19491230', 'BIRTH_DATE_DIFFERS', undefined],
    ['证件号', '110105194912310021', 'RESIDENT_ID_INVALID', undefined],
    ['卡号', '4111111111111112', 'CARD_NUMBER_INVALID', undefined],
    ['姓名', '13800138000', 'COLUMN_SWAPPED', undefined],
    ['手机', '李四', 'COLUMN_SWAPPED', undefined],
  ])('reads %s %s: %s', (column, text, code, kinds) => {
    const result = read({ [column]: text, ...(column === '证件号' && { 出生日期: '' }) });
    const problems = 'problems' in result ? result.problems : [];
    expect(problems.map((problem) => [problem.column, problem.code])).toEqual(
      code === undefined ? [] : [[column, code]],
    );
    const corrections = 'problems' in result ? [] : result.corrections.filter((one) => one.column === column);
    expect(corrections).toEqual(kinds === undefined ? [] : [{ column, kinds }]);
  });

  test('marks a resident id that is no real one where it is told to', () => {
    const marking = mappingOf(importSourceInputSchema.parse({ ...CORE_SOURCE, invalidResidentId: 'mark' }));
    const cells = cellsOf({ 证件号: '110105194912310021' });
    expect(readRow(marking, header, cells, statement)).toMatchObject({
      imported: { customer: { residentId: '110105194912310021' } },
      warnings: [{ column: '证件号', code: 'RESIDENT_ID_INVALID' }],
    });
  });

  test('keeps no card number of a shifted row, whatever column it stands in', () => {
    const cells = [...cellsOf({ 姓名: '4111 1111 1111 1111', 账号: '5500005555555559' }), '6011000990139424'];
    const kept = keptCells(core, header, cells);
    expect(kept).toMatchObject({ 客户号: 'K1' });
    expect(Object.keys(kept).filter((column) => ['姓名', '账号', `#${cells.length}`].includes(column))).toEqual([]);
    expect(readKept(core, kept, statement)).toMatchObject({ problems: [{ column: '姓名', code: 'ROW_TOO_SHORT' }] });
    expect(readKept(core, { ...kept, 姓名: '张三', 账号: 'KA1' }, statement)).toHaveProperty('imported');
  });

  test('passes over a column that it ignores, and refuses another one', () => {
    expect(header.indexes.has('备注')).toBe(false);
    expect(() => readHeader([...COLUMNS, '颜色'], core.columns)).toThrow('none of this source');
    const open = mappingOf(importSourceInputSchema.parse({ ...CORE_SOURCE, unknownColumns: 'ignore' }));
    expect(readHeader([...COLUMNS, '颜色'], open.columns).extent).toBe(COLUMNS.length + 1);
    expect(() => readHeader([...COLUMNS, '客户号'], core.columns)).toThrow('twice');
  });

  test('keeps of a refused row what may be kept, and reads it again with other cells', () => {
    const cells = cellsOf({ 手机: 'none' });
    const kept = keptCells(core, header, cells);
    expect(Object.keys(kept)).not.toContain('卡号');
    expect(Object.keys(kept)).not.toContain('备注');
    expect(readKept(core, kept, statement)).toMatchObject({ problems: [{ column: '手机', code: 'PHONE_INVALID' }] });
    expect(readKept(core, { ...kept, 手机: '13800138000' }, statement)).toMatchObject({
      imported: { customer: { customerId: 'K1' }, account: { card: null } },
    });
    const short = keptCells(core, header, cells.slice(0, 5));
    expect(readKept(core, short, statement)).toMatchObject({ problems: [{ code: 'ROW_TOO_SHORT' }] });
    const long = keptCells(core, header, [...cells, 'x']);
    expect(readKept(core, long, statement)).toMatchObject({ problems: [{ column: '#16', code: 'ROW_TOO_LONG' }] });
    expect(readKept(core, { ...long, '#16': '', 手机: '' }, statement)).toMatchObject({ imported: {} });
  });
});

describe('a document is refused that', () => {
  const without = (field: string) => CORE_SOURCE.columns.filter((column) => column.field !== field);
  it.each([
    ['has two columns of one name', { columns: [...CORE_SOURCE.columns, { name: '姓名 ', field: 'account.product' }] }],
    [
      'has an alias that is a name',
      { columns: [...CORE_SOURCE.columns, { name: 'x', aliases: ['备注'], field: 'account.product' }] },
    ],
    ['has two columns of one field', { columns: [...CORE_SOURCE.columns, { name: 'x', field: 'customer.name' }] }],
    ['has no customer', { columns: without('customer.customerId') }],
    ['has no currency', { defaults: [] }],
    [
      'gives every row one customer',
      { defaults: [...CORE_SOURCE.defaults, { field: 'customer.customerId', value: 'C1' }] },
    ],
    [
      'has two ways to say the same',
      { columns: [...CORE_SOURCE.columns, { name: 'x', field: 'account.pastDueSince' }] },
    ],
    [
      'has date forms for a name',
      { columns: [...without('customer.name'), { name: 'x', field: 'customer.name', dateForms: ['dots'] }] },
    ],
    ['sums a column that is not there', { controlSum: '余额' }],
    ['has an unknown word', { colour: 'red' }],
    ['has a field of payments', { columns: [...CORE_SOURCE.columns, { name: 'x', field: 'payment.amount' }] }],
    ['is of payments, with columns of accounts', { records: 'payments' }],
    [
      'has a default of statements',
      { defaults: [...CORE_SOURCE.defaults, { field: 'statement.interest', value: '0' }] },
    ],
  ])('%s', (_, change) => {
    expect(importSourceInputSchema.safeParse({ ...CORE_SOURCE, ...change }).success).toBe(false);
    expect(importSourceInputSchema.safeParse(CORE_SOURCE).success).toBe(true);
  });
});

describe('a source of payments', () => {
  const columns = [
    { name: '流水号', field: 'payment.paymentId' },
    { name: '账号', field: 'payment.accountId' },
    { name: '金额', field: 'payment.amount' },
    { name: '入账日', field: 'payment.postedOn' },
    { name: '已含', field: 'payment.includedInState', required: false },
  ];
  const document = { records: 'payments', columns, unit: 'minor', sign: 'reversed', dateForms: ['compact', 'dashes'] };
  const mapping = mappingOf(importSourceInputSchema.parse(document));
  const named = readHeader(
    columns.map(({ name }) => name),
    mapping.columns,
  );
  const readPayment = (...cells: string[]) => readRow(mapping, named, cells, statement);

  test('is read in fen, with a minus, in its own form of dates', () => {
    expect(readPayment('P1', 'A1', '-100000', '20261123', '是')).toEqual({
      imported: {
        paymentId: 'P1',
        accountId: 'A1',
        amount: { value: '100000', unit: 'minor' },
        postedOn: '2026-11-23',
        includedInState: true,
      },
      corrections: [],
      warnings: [],
    });
    expect(mapping.sumColumn).toBe('金额');
  });

  it.each([
    ['流水号', ['', 'A1', '-1', '20261123', ''], 'REQUIRED'],
    ['流水号', ['P 1', 'A1', '-1', '20261123', ''], 'INVALID_ID'],
    ['账号', ['P1', ' ', '-1', '20261123', ''], 'REQUIRED'],
    ['金额', ['P1', 'A1', '1', '20261123', ''], 'INVALID_NUMBER'],
    ['金额', ['P1', 'A1', '-1.5', '20261123', ''], 'INVALID_NUMBER'],
    ['金额', ['P1', 'A1', '0', '20261123', ''], 'TOO_SMALL'],
    ['入账日', ['P1', 'A1', '-1', '20261124', ''], 'IN_THE_FUTURE'],
    ['入账日', ['P1', 'A1', '-1', '20260230', ''], 'INVALID_DATE'],
    ['已含', ['P1', 'A1', '-1', '20261123', 'x'], 'UNKNOWN_VALUE'],
  ])('quarantines a row for %s of %j: %s', (column, cells, code) => {
    expect(readPayment(...cells)).toMatchObject({ problems: [{ column, code }] });
  });
});

describe('the layout of statements', () => {
  const { mapping } = BUILT_IN.get('statements')!;
  const named = readHeader(mapping.columns.required, mapping.columns);
  const at = (column: string, text: string) =>
    readRow(mapping, named, mapping.example.with(mapping.columns.required.indexOf(column), text), statement);

  it.each([
    // A day of grace: the core system may be ahead.
    ['statement_on', '2026-11-24', undefined],
    ['statement_on', '2026-11-25', 'IN_THE_FUTURE'],
    ['previous_balance', '-7000.00', undefined],
    ['previous_balance', '7,000.00-', undefined],
    ['payments_total', '-500.00', 'INVALID_NUMBER'],
    ['payments_total', '-0.00', undefined],
    ['adjustments', '-1', undefined],
    ['interest', '', 'REQUIRED'],
    ['credit_limit', '', undefined],
    ['due_on', '2027-01-31', undefined],
  ])('reads %s %j: %s', (column, text, code) => {
    const result = at(column, text);
    expect('problems' in result ? result.problems.map((one) => [one.column, one.code]) : []).toEqual(
      code === undefined ? [] : [[column, code]],
    );
  });

  test('has one form for one amount, and sums the balances', () => {
    const previous = (text: string) => {
      const result = at('previous_balance', text);
      return 'imported' in result && (result.imported as ImportedStatement).amounts.previousBalance.value;
    };
    expect(['7000', '7,000.0', '7000.00', '-0.00', '-12.50', '10', '0.05'].map(previous)).toEqual([
      '7000',
      '7000',
      '7000',
      '0',
      '-12.5',
      '10',
      '0.05',
    ]);
    expect(mapping.sumColumn).toBe('statement_balance');
  });
});

const STATED: readonly FieldName[] = [
  'account.pastDueSince',
  'account.balances.interest',
  'account.balances.penalty',
  'account.balances.fees',
];
const NEEDED: readonly FieldName[] = [
  'customer.customerId',
  'customer.name',
  'account.accountId',
  'account.currency',
  'account.balances.principal',
  ...STATED,
];
const EXCLUDED: readonly FieldName[] = ['account.daysPastDue', 'account.dailyRate', 'customer.phones.any'];
const neededBy = (records: Records) =>
  records === 'accounts'
    ? NEEDED
    : FIELD_NAMES.filter((field) => recordsOf(field) === records && 'needed' in FIELDS[field]);

test.each(RECORDS)('the template of whatever source of %s can be imported', (records) => {
  const needed = neededBy(records);
  const optional = FIELD_NAMES.filter(
    (field) => recordsOf(field) === records && !needed.includes(field) && !EXCLUDED.includes(field),
  );
  const documents = fc.record({
    records: fc.constant(records),
    columns: fc.subarray(optional).chain((fields) =>
      fc.tuple(
        ...[...needed, ...fields].map((field, index) =>
          fc.record({
            name: fc.constant(`c${index}`),
            field: fc.constant(field),
            required: STATED.includes(field) ? fc.constant(true) : fc.boolean(),
          }),
        ),
      ),
    ),
    unit: fc.constantFrom('major', 'minor'),
    sign: fc.constantFrom('as_is', 'reversed'),
    dateForms: fc.shuffledSubarray([...DATE_FORMS], { minLength: 1 }),
    separator: fc.constantFrom(null, ',', '\t', '|'),
  });
  fc.assert(
    fc.property(documents, (written) => {
      const mapping = mappingOf(importSourceInputSchema.parse(written));
      const { required, optional } = mapping.columns;
      const named = readHeader([...required, ...optional], mapping.columns);
      expect(readRow(mapping, named, mapping.example, statement)).toMatchObject({ imported: {}, warnings: [] });
    }),
  );
});

it.each([
  ['account.balances.interest', { defaults: CORE_SOURCE.defaults.filter(({ field }) => !field.endsWith('.interest')) }],
  ['account.daysPastDue', { columns: CORE_SOURCE.columns.filter(({ field }) => field !== 'account.daysPastDue') }],
])('a source must state %s, or a payment would count twice', (field, change) => {
  const { error } = importSourceInputSchema.safeParse({ ...CORE_SOURCE, ...change });
  expect(error?.issues.map(({ message }) => message)).toEqual([expect.stringContaining(field)]);
});

test.each([
  ['张三', 'name'],
  ['欧阳 娜娜', 'name'],
  ['买买提•艾力', 'name'],
  ['买买提．艾力', 'name'],
  ['张', null],
  ['not known', null],
  ['北京市朝阳区建国路88号', null],
  ['１３８-0013 8000', 'phone'],
  ['+86 13800138000', 'phone'],
  ['0086-13800138000', 'phone'],
  ['010-88886666', null],
  ['11010519491231002x', 'residentId'],
  ['110105491231002', 'residentId'],
  ['C1', null],
  ['', null],
] as const)('%j is, whatever its column: %s', (text, kind) => {
  expect(looksLike(text)).toBe(kind);
});

test('names of columns are compared without case, width and outer blanks', () => {
  expect(columnKey(' Ｃust_ID ')).toBe('cust_id');
});

describe('a file that is no text is called by its name', () => {
  it.each([
    ['a gzip file', Buffer.from('1f8b0800', 'hex')],
    ['a zip archive', Buffer.from('PK\x03\x04\x14\0data.csv', 'latin1')],
    ['an Excel workbook (.xlsx)', Buffer.from('PK\x03\x04\x14\0[Content_Types].xml', 'latin1')],
    ['an Excel workbook of the old format (.xls)', Buffer.from('d0cf11e0a1b11ae1', 'hex')],
    ['a PDF document', Buffer.from('%PDF-1.7')],
    ['UTF-16 text', Buffer.from('\ufeffcustomer_id', 'utf16le')],
    ['UTF-16 text', Buffer.from('customer_id', 'utf16le')],
    ['a binary file', Buffer.concat([Buffer.alloc(1, 0), Buffer.alloc(100, 0x61)])],
  ])('%s', (name, head) => {
    expect(foreignFormat(head)).toBe(name);
  });

  it.each([[''], ['customer_id,name'], ['\ufeff客户号|姓名'], ['PK,name']])('text is not: %j', (text) => {
    expect(foreignFormat(Buffer.from(text))).toBeNull();
    expect(foreignFormat(gb18030(text.replace('\ufeff', '')))).toBeNull();
  });
});

test('the charset of a text is told from its beginning, also where that ends inside a character', () => {
  const text = '客户号,姓名\r\nC1,张三';
  for (let length = 0; length <= Buffer.from(text).length; length += 1)
    expect(likelyCharset(Buffer.from(text).subarray(0, length))).toBe('utf-8');
  expect(likelyCharset(gb18030(text))).toBe('gb18030');
});

it.each([
  ['=1+1', "'=1+1"],
  ['+861', "'+861"],
  ['-1', "'-1"],
  ['@x', "'@x"],
  ['\tx', "'\tx"],
  ['a,b', '"a,b"'],
  ['=a"b', '"\'=a""b"'],
  ['张*', '张*'],
  [17, '17'],
  [null, ''],
])('a cell %j is written as %s, which no spreadsheet computes', (value, written) => {
  expect(csvCell(value)).toBe(written);
});

describe('the pace of an import', () => {
  test('is that of late, and a tenth is told at most every ten seconds and never at the end', () => {
    let now = NOW;
    const pace = createPace(1_000, 0, () => now);
    const after = (seconds: number, rows: number) => {
      now = now.add({ seconds });
      return pace(rows);
    };
    expect(after(0, 50)).toEqual({ rowsPerSecond: null, percent: null });
    expect(after(5, 150)).toEqual({ rowsPerSecond: 30, percent: null });
    expect(after(5, 160)).toEqual({ rowsPerSecond: 16, percent: 16 });
    expect(after(1, 300)).toMatchObject({ percent: null });
    expect(after(9, 310)).toEqual({ rowsPerSecond: 13, percent: 31 });
    expect(after(100, 311)).toMatchObject({ percent: null });
    expect(after(10, 911)).toEqual({ rowsPerSecond: 5, percent: 91 });
    expect(after(100, 1_000)).toMatchObject({ percent: null });
  });
});
