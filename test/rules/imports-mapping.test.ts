import { readFileSync } from 'node:fs';
import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { describe, expect, it, test } from 'vitest';
import { readHeader } from '../../src/imports/csv.ts';
import { identityOf, MAX_IDENTITY_ROW } from '../../src/imports/identities.ts';
import { type ImportedRow, readRow, statementAt } from '../../src/imports/mapping.ts';
import { uciMapping } from '../../src/imports/mapping-uci.ts';
import { mergedAccount, mergedCustomer, newCustomer } from '../../src/imports/merge.ts';
import { BUILT_IN } from '../../src/imports/sources/sources.ts';

const NOW = Temporal.Instant.from('2026-11-23T00:00:00Z');
const statement = statementAt('2026-11-23', 'Asia/Shanghai', NOW);
const defaultMapping = BUILT_IN.get('default')!.mapping;
const names = defaultMapping.columns.required;
const header = readHeader(names, defaultMapping.columns);

function read(changes: Readonly<Record<string, string>> = {}) {
  const cells = names.map((name, index) => changes[name] ?? defaultMapping.example[index]!);
  return readRow(defaultMapping, header, cells, statement);
}

function imported(changes: Readonly<Record<string, string>> = {}): ImportedRow {
  const result = read(changes);
  if ('problems' in result) throw new Error(JSON.stringify(result.problems));
  return result.imported as ImportedRow;
}

describe('the default mapping', () => {
  test('reads the example row of its template', () => {
    expect(read()).toEqual({
      corrections: [],
      warnings: [],
      imported: {
        customer: {
          customerId: 'C1',
          name: '张三',
          residentId: '11010519491231002X',
          phones: [{ contactPointId: 'm1', value: '+8613800138000', line: 'mobile', place: null }],
          address: null,
          birthDate: null,
        },
        account: {
          customerId: 'C1',
          accountId: 'A1',
          currency: 'CNY',
          asOf: '2025-11-19T16:00:00Z',
          pastDueSince: '2025-08-20',
          annualRate: '0.1825',
          status: 'open',
          balances: { principal: '8000.00', interest: '600.00', penalty: '100.00', fees: '0.00' },
          minimumPaymentDue: '1200.00',
          creditLimit: '50000.00',
        },
      },
    });
  });

  test('takes empty cells for unknown facts, zero components and the statement date', () => {
    const empty = [
      'resident_id',
      'phone',
      'as_of',
      'past_due_since',
      'interest',
      'penalty',
      'fees',
      'minimum_due',
      'credit_limit',
      'annual_rate',
      'status',
    ];
    const { customer, account } = imported(Object.fromEntries(empty.map((name) => [name, ' '])));
    expect(customer).toMatchObject({ residentId: null, phones: [] });
    expect(account).toMatchObject({
      asOf: '2026-11-22T16:00:00Z',
      pastDueSince: null,
      annualRate: null,
      status: 'open',
      balances: { principal: '8000.00', interest: '0.00', penalty: '0.00', fees: '0.00' },
      minimumPaymentDue: null,
      creditLimit: null,
    });
  });

  it.each([
    ['phone', '０１３８-0013 8000', ['width', 'blanks', 'separators', 'prefix']],
    ['resident_id', '11010519491231002x', ['case']],
    ['principal', '8,000.00', ['separators']],
    ['principal', '８,０００.00', ['width', 'separators']],
    ['principal', '8.00E+03', ['exponent']],
    ['as_of', '2025/11/20', ['date_form']],
    ['past_due_since', '20250820', ['date_form']],
    ['currency', 'cny', ['case']],
    ['status', 'OPEN', ['case']],
    ['customer_id', 'Ｃ１', ['width']],
  ])('corrects %s %s to the same row, and says what was done', (column, text, kinds) => {
    expect(read({ [column]: text })).toEqual({ ...read(), corrections: [{ column, kinds }] });
  });

  it.each([
    ['customer_id', '', 'REQUIRED', ''],
    ['customer_id', 'C 1', 'INVALID_ID', 'C *'],
    ['name', '', 'REQUIRED', ''],
    ['name', '张*', 'INVALID_NAME', '张*'],
    ['resident_id', '1101051949', 'RESIDENT_ID_INVALID', '1*********'],
    ['name', '11010519491231002X', 'COLUMN_SWAPPED', '1*****************'],
    ['phone', '张三', 'COLUMN_SWAPPED', '张*'],
    ['resident_id', '13800138000', 'COLUMN_SWAPPED', '1**********'],
    ['phone', '110119', 'PHONE_INVALID', '1*****'],
    ['account_id', '账户1', 'INVALID_ID', '账**'],
    ['currency', 'XYZ', 'INVALID_CURRENCY', 'X**'],
    ['as_of', '2026-12-31', 'IN_THE_FUTURE', '2***-**-**'],
    ['as_of', 'gestern', 'INVALID_DATE', 'g******'],
    ['as_of', '1950-01-01', 'INVALID_DATE', '1***-**-**'],
    ['past_due_since', '2025-11-21', 'OUT_OF_ORDER', '2***-**-**'],
    ['past_due_since', '2025-02-29', 'INVALID_DATE', '2***-**-**'],
    ['principal', '', 'REQUIRED', ''],
    ['principal', '8000.001', 'TOO_PRECISE', '8***.***'],
    ['interest', '-1', 'INVALID_NUMBER', '-*'],
    ['annual_rate', '18.25', 'INVALID_NUMBER', '1*.**'],
    ['status', 'gone', 'UNKNOWN_STATUS', 'g***'],
  ])('quarantines a row whose %s is %j as %s', (column, text, code, maskedValue) => {
    expect(read({ [column]: text })).toEqual({ problems: [{ column, code, maskedValue }] });
  });

  test('names every bad cell of a row', () => {
    const result = read({ name: '', principal: 'x', status: 'gone' });
    expect('problems' in result && result.problems.map(({ column }) => column)).toEqual([
      'name',
      'principal',
      'status',
    ]);
  });

  test('accepts a card in credit', () => {
    expect(imported({ principal: '-12.50' }).account.balances.principal).toBe('-12.50');
  });

  test('quarantines rows that are too short or too long; blanks at the end do not count', () => {
    const { example } = defaultMapping;
    const problems = (cells: readonly string[]) => readRow(defaultMapping, header, cells, statement);
    expect(problems(example.slice(0, 14))).toEqual({
      problems: [{ column: 'annual_rate', code: 'ROW_TOO_SHORT', maskedValue: '' }],
    });
    expect(problems([...example, '13800138000'])).toEqual({
      problems: [{ column: '#17', code: 'ROW_TOO_LONG', maskedValue: '1**********' }],
    });
    expect(problems([...example, '', ' '])).toEqual(read());
  });
});

const sample = readFileSync(new URL('../support/uci-sample.csv', import.meta.url), 'utf8')
  .trimEnd()
  .split('\r\n')
  .map((line) => line.split(','));
const uciHeader = readHeader(sample[0]!, uciMapping.columns);
const uciRows = sample.slice(1);

function uci(id: number, asOf = '2026-11-23'): ImportedRow {
  const cells = uciRows.find((row) => row[0] === String(id))!;
  const result = readRow(uciMapping, uciHeader, cells, statementAt(asOf, 'Asia/Shanghai', NOW));
  if ('problems' in result) throw new Error(JSON.stringify(result.problems));
  expect(result.corrections).toEqual([]);
  return result.imported as ImportedRow;
}

describe('the uci mapping', () => {
  test('makes a customer and an account of a row, 22 fen for a dollar', () => {
    const { customer, account } = uci(1);
    expect(customer.customerId).toBe('uci-1');
    expect(account).toEqual({
      customerId: 'uci-1',
      accountId: 'uci-1',
      currency: 'CNY',
      asOf: '2026-11-22T16:00:00Z',
      pastDueSince: '2026-09-12',
      annualRate: '0.1825',
      status: 'open',
      balances: { principal: '860.86', interest: '0.00', penalty: '0.00', fees: '0.00' },
      minimumPaymentDue: '86.09',
      creditLimit: '4400.00',
    });
  });

  test('reads scientific form, and keeps a negative bill', () => {
    expect(uci(7).account.creditLimit).toBe('110000.00');
    expect(uci(27).account.balances.principal).toBe('-23.98');
  });

  test('an account is past due by its months late, at least, and by less than a month more', () => {
    for (const cells of uciRows) {
      for (const asOf of ['2026-11-23', '2026-02-28', '2028-02-29', '2026-05-31']) {
        const months = Number(cells[6]);
        const { pastDueSince, minimumPaymentDue } = uci(Number(cells[0]), asOf).account;
        if (months < 1) {
          expect([pastDueSince, minimumPaymentDue]).toEqual([null, null]);
          continue;
        }
        const since = Temporal.PlainDate.from(pastDueSince!);
        expect(Temporal.PlainDate.compare(since.add({ months }), asOf)).toBeLessThanOrEqual(0);
        expect(Temporal.PlainDate.compare(since.add({ months: months + 1 }), asOf)).toBe(1);
      }
    }
  });

  test('two rows that are equal in everything but the ID are two people', () => {
    const [one, other] = [uci(19), uci(13107)];
    expect(uciRows.find((cells) => cells[0] === '19')!.slice(1)).toEqual(
      uciRows.find((cells) => cells[0] === '13107')!.slice(1),
    );
    expect(other.account.balances).toEqual(one.account.balances);
    expect(other.customer.residentId).not.toBe(one.customer.residentId);
    expect(other.customer.phones[0]!.value).not.toBe(one.customer.phones[0]!.value);
  });

  it.each([
    ['ID', '0', 'INVALID_ID'],
    ['ID', '500000', 'INVALID_ID'],
    ['X2', '3', 'INVALID_NUMBER'],
    ['X5', '12', 'INVALID_NUMBER'],
    ['X6', '1.5', 'INVALID_NUMBER'],
    ['X12', 'x', 'INVALID_NUMBER'],
  ])('quarantines a row whose %s is %s', (column, text, code) => {
    const cells = uciRows[0]!.with(sample[0]!.indexOf(column), text);
    expect(readRow(uciMapping, uciHeader, cells, statement)).toMatchObject({ problems: [{ column, code }] });
  });
});

describe('a made-up person', () => {
  const people = Array.from({ length: 30_000 }, (_, index) =>
    identityOf(index + 1, index % 2 ? 'male' : 'female', 21 + (index % 58)),
  );

  test('is the same for the same row', () => {
    expect(identityOf(42, 'female', 33)).toEqual(identityOf(42, 'female', 33));
  });

  test('has a resident id of the right form, with no region of the standard and a wrong check character', () => {
    const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2, 1];
    for (const [index, { residentId }] of people.entries()) {
      expect(residentId).toMatch(/^999\d{14}[\dX]$/);
      const sum = [...residentId].reduce(
        (total, character, at) => total + weights[at]! * (character === 'X' ? 10 : Number(character)),
        0,
      );
      expect(sum % 11).not.toBe(1);
      const born = `${residentId.slice(6, 10)}-${residentId.slice(10, 12)}-${residentId.slice(12, 14)}`;
      expect(Temporal.PlainDate.from(born).year).toBe(2025 - 21 - (index % 58));
      expect(Number(residentId[16]) % 2).toBe(index % 2);
    }
  });

  test('has a mobile number of a segment that no carrier has', () => {
    for (const { phone } of people) expect(phone).toMatch(/^\+86154\d{8}$/);
    expect(people.slice(0, 500).some(({ phone }) => parsePhoneNumberFromString(phone)?.isValid())).toBe(false);
  });

  test('shares neither with another, up to the last row that has one', () => {
    const last = Array.from({ length: 30_000 }, (_, index) => identityOf(MAX_IDENTITY_ROW - index, 'male', 40));
    const all = [...people, ...last];
    expect(new Set(all.map(({ phone }) => phone)).size).toBe(all.length);
    expect(new Set(all.map(({ residentId }) => residentId)).size).toBe(all.length);
  });

  test('has a plausible name', () => {
    for (const { name } of people) expect(name).toMatch(/^\p{Script=Han}{2,3}$/u);
    expect(new Set(people.map(({ name }) => name)).size).toBeGreaterThan(10_000);
  });
});

describe('a customer who is on file', () => {
  const { customer } = imported();
  const friend = {
    partyId: 'friend',
    role: 'contact' as const,
    name: '李四',
    socialCreditCode: null,
    contactPoints: [],
  };
  const stored = (change: object = {}) => ({
    ...newCustomer(customer),
    timeZones: ['Asia/Shanghai', 'Asia/Urumqi'],
    customerId: 'C1',
    version: 3,
    updatedAt: Temporal.Instant.from('2026-11-23T00:00:00Z'),
    ...change,
  });
  const [self] = newCustomer(customer).parties;

  test('keeps people and facts that the file does not have', () => {
    const merged = mergedCustomer({ ...stored(), parties: [friend, self!] }, customer);
    expect(merged).toEqual({
      ...newCustomer(customer),
      timeZones: ['Asia/Shanghai', 'Asia/Urumqi'],
      parties: [friend, self],
    });
  });

  test('takes name and number of the debtor from the file, and keeps what the file leaves empty', () => {
    const phone = { contactPointId: 'm1', value: '+8613900139000', line: 'mobile', place: null } as const;
    const merged = mergedCustomer(stored(), { ...customer, name: '张三丰', residentId: null, phones: [phone] });
    expect(merged).toMatchObject({ name: '张三丰', residentId: '11010519491231002X' });
    expect(merged.parties[0]).toMatchObject({
      name: '张三丰',
      contactPoints: [{ contactPointId: 'm1', value: phone.value }],
    });
    expect(mergedCustomer(stored(), { ...customer, phones: [] }).parties).toEqual([self]);
  });

  test('leaves a number alone that is known under another id, also when it is marked invalid', () => {
    const point = { ...self!.contactPoints[0]!, contactPointId: 'mobile-2', status: 'invalid' as const };
    const parties = [{ ...self!, contactPoints: [point] }];
    expect(mergedCustomer(stored({ parties }), customer).parties).toEqual(parties);
  });

  test('gets the number under a free id when m1 is taken by somebody else', () => {
    const parties = [
      { ...self!, contactPoints: [] },
      { ...friend, contactPoints: self!.contactPoints },
    ];
    const merged = mergedCustomer(stored({ parties }), customer);
    expect(merged.parties[0]!.contactPoints).toMatchObject([{ contactPointId: 'import-1', value: '+8613800138000' }]);
    expect(merged.parties[1]).toEqual(parties[1]);
  });
});

describe('further numbers of a cell', () => {
  const [A, B, C] = ['+8613800138000', '+8613900139000', '+8613700137000'];
  const customerOf = (phone: string) => imported({ phone }).customer;
  const onFile = (phone: string): Parameters<typeof mergedCustomer>[0] =>
    ({ ...newCustomer(customerOf(phone)), customerId: 'C1' }) as never;
  const pointsOf = ({ parties }: Pick<ReturnType<typeof newCustomer>, 'parties'>) =>
    parties[0]!.contactPoints.map(({ contactPointId, value }) => [contactPointId, value]);

  test('are numbers of their own, with ids that stay', () => {
    expect(imported({ phone: '13800138000/13900139000、010-88886666' }).customer.phones).toEqual([
      { contactPointId: 'm1', value: A, line: 'mobile', place: null },
      { contactPointId: 'm2', value: B, line: 'mobile', place: null },
      { contactPointId: 'm3', value: '+861088886666', line: 'landline', place: null },
    ]);
    expect(read({ phone: '13800138000/13900139000' })).toMatchObject({
      corrections: [{ column: 'phone', kinds: ['separators'] }],
    });
    expect(read({ phone: '13800138000/1390013' })).toMatchObject({ problems: [{ code: 'PHONE_INVALID' }] });
    expect(read({ phone: '13800138000/13800138000' })).toMatchObject({ imported: {} });
    expect(pointsOf(newCustomer(customerOf('13800138000/13800138000')))).toEqual([['m1', A]]);
  });

  it.each([
    [
      'one number fewer loses none',
      '13800138000',
      [
        ['m1', A],
        ['m2', B],
      ],
    ],
    [
      'the second alone loses none',
      '13900139000',
      [
        ['m1', A],
        ['m2', B],
      ],
    ],
    [
      'the other order changes nothing',
      '13900139000/13800138000',
      [
        ['m1', A],
        ['m2', B],
      ],
    ],
    [
      'a new first one takes the place of the first',
      '13700137000',
      [
        ['m1', C],
        ['m2', B],
      ],
    ],
    [
      'a new second one takes the place of the second',
      '13800138000/13700137000',
      [
        ['m1', A],
        ['m2', C],
      ],
    ],
    [
      'a number that moved up is not lost to a new one',
      '13900139000/13700137000',
      [
        ['m1', A],
        ['m2', B],
        ['import-1', C],
      ],
    ],
  ])('after the two of an earlier file: %s', (_, phone, expected) => {
    expect(pointsOf(mergedCustomer(onFile('13800138000/13900139000'), customerOf(phone)))).toEqual(expected);
  });
});

test('an account on file keeps the facts that files do not have', () => {
  const { account } = imported();
  expect(mergedAccount(undefined, account)).toMatchObject({
    product: 'credit_card',
    debtGroupId: null,
    graceDays: null,
  });
  const stored = {
    product: 'cash_card',
    currency: 'CNY',
    pastDueSince: '2025-07-20',
    annualRate: null,
    status: 'legal',
    interestMinor: 1_00n,
    penaltyMinor: 2_00n,
    feesMinor: 3_00n,
    minimumDueMinor: 4_00n,
    creditLimitMinor: null,
    debtGroupId: 'G1',
    optionalFacts: { graceDays: 5, dailyRate: '0.0005' },
  } as Parameters<typeof mergedAccount>[0];
  const merged = mergedAccount(stored, account);
  expect(merged).toMatchObject({
    product: 'cash_card',
    debtGroupId: 'G1',
    graceDays: 5,
    annualRate: '0.1825',
    dailyRate: null,
  });
  expect(merged.balances).toEqual(account.balances);
  const { customerId, accountId, currency, asOf } = account;
  const few = mergedAccount(stored, { customerId, accountId, currency, asOf, balances: { principal: '9.00' } });
  expect(few).toMatchObject({
    pastDueSince: '2025-07-20',
    status: 'legal',
    minimumPaymentDue: '4.00',
    creditLimit: null,
    dailyRate: '0.0005',
    balances: { principal: '9.00', interest: '1.00', penalty: '2.00', fees: '3.00' },
  });
  const inYen = { customerId, accountId, currency: 'JPY', asOf, balances: { principal: '9' } };
  expect(mergedAccount(stored, inYen)).toMatchObject({ minimumPaymentDue: null, balances: { interest: '0' } });
});
