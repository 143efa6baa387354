import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { maskCell, parseAmount, parseDate, parseId, parseWhole } from '../../src/imports/cells.ts';
import { fromMinor } from '../../src/rules/money/money.ts';

describe('an amount', () => {
  it.each([
    ['1234.56', 123456n],
    ['-1645', -164500n],
    ['00012.30', 1230n],
    ['+5', 500n],
    ['0', 0n],
    ['12.340', 1234n],
  ])('%s is read as it is', (text, value) => {
    expect(parseAmount(text, 'CNY')).toEqual({ value, corrections: [] });
  });

  it.each([
    ['full-width digits', '１２３４．５６', 123456n, ['width']],
    ['thousands separators', '1,234,567.80', 123456780n, ['separators']],
    ['full-width separators', '１，２３４．００', 123400n, ['width', 'separators']],
    ['a currency sign', '￥1,000.00', 100000n, ['width', 'currency_sign', 'separators']],
    ['the trailing minus of core systems', '1234.56-', -123456n, ['trailing_minus']],
    ['an exponent', '5.00E+05', 50000000n, ['exponent']],
    ['a negative exponent', '1250E-2', 1250n, ['exponent']],
    ['the minus sign of typesetting', '−12.50', -1250n, ['width']],
  ])('with %s is corrected', (_, text, value, corrections) => {
    expect(parseAmount(text, 'CNY')).toEqual({ value, corrections });
  });

  it.each(['', 'abc', '12,34.5', '1.234,56', '--5', '5--', '.5', '5.', '1E99', '1'.repeat(16), 'NaN', '0x10', '1 2'])(
    '%j is refused',
    (text) => {
      expect(parseAmount(text, 'CNY')).toEqual({ code: 'INVALID_NUMBER' });
    },
  );

  it.each(['1.2345', '1.23E-01', '0.001'])('%j is too precise, and never rounded', (text) => {
    expect(parseAmount(text, 'CNY')).toEqual({ code: 'TOO_PRECISE' });
  });

  test('of any size comes back exactly, whatever its dress', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 14n), max: 10n ** 14n }), (value) => {
        const plain = fromMinor(value, 'CNY');
        const [whole = '', fraction = ''] = plain.replace('-', '').split('.');
        const grouped = `${whole.replace(/\B(?=(\d{3})+$)/g, ',')}.${fraction}`;
        for (const text of [
          plain,
          value < 0n ? `${grouped}-` : grouped,
          `${value < 0n ? '-' : ''}${whole}${fraction}E-2`,
        ]) {
          expect(parseAmount(text, 'CNY')).toMatchObject({ value });
        }
      }),
    );
  });

  test('has the decimals of its currency', () => {
    expect(parseAmount('1234', 'JPY')).toEqual({ value: 1234n, corrections: [] });
    expect(parseAmount('1234.5', 'JPY')).toEqual({ code: 'TOO_PRECISE' });
  });
});

test('a whole number in scientific form is normal, not corrected', () => {
  expect(parseWhole('5.00E+05')).toEqual({ value: 500000, corrections: [] });
  expect(parseWhole('-2')).toEqual({ value: -2, corrections: [] });
  expect(parseWhole('1.5')).toEqual({ code: 'INVALID_NUMBER' });
});

describe('a date', () => {
  it.each([
    ['2028-02-29', '2028-02-29', []],
    ['2026/1/2', '2026-01-02', ['date_form']],
    ['2026.1.2', '2026-01-02', ['date_form']],
    ['20261120', '2026-11-20', ['date_form']],
    ['2026年11月20日', '2026-11-20', ['date_form']],
    ['２０２６－１１－２０', '2026-11-20', ['width']],
  ])('%s is %s', (text, value, corrections) => {
    expect(parseDate(text)).toEqual({ value, corrections });
  });

  it.each([
    '2026-02-29',
    '20261301',
    '2026-11',
    '0000-01-01',
    '0026-01-01',
    '2026/1-2',
    '45000',
    '2026-11-20T00:00:00',
  ])('%s is refused', (text) => {
    expect(parseDate(text)).toEqual({ code: 'INVALID_DATE' });
  });
});

test('a date in the form of its source is no correction, and one that the source does not write is refused', () => {
  expect(parseDate('20280229', ['compact', 'slashes'])).toEqual({ value: '2028-02-29', corrections: [] });
  expect(parseDate('2028/2/29', ['compact', 'slashes'])).toEqual({ value: '2028-02-29', corrections: ['date_form'] });
  expect(parseDate('2028-02-29', ['compact', 'slashes'])).toEqual({ code: 'INVALID_DATE' });
});

test('a date exists exactly if the calendar has it', () => {
  fc.assert(
    fc.property(
      fc.record({ year: fc.integer({ min: 1900, max: 2199 }), month: fc.nat(13), day: fc.nat(32) }),
      ({ year, month, day }) => {
        const text = `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
        const at = new Date(`${text}T00:00:00Z`);
        const exists = !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text);
        expect('value' in parseDate(text)).toBe(exists);
      },
    ),
  );
});

test('an amount in fen is whole', () => {
  expect(parseAmount('123456', 'CNY', 'minor')).toEqual({ value: 123456n, corrections: [] });
  expect(parseAmount('123456-', 'CNY', 'minor')).toEqual({ value: -123456n, corrections: ['trailing_minus'] });
  expect(parseAmount('123456.50', 'CNY', 'minor')).toEqual({ code: 'INVALID_NUMBER' });
});

test('an id of full-width characters is corrected; one with other characters is refused', () => {
  expect(parseId('Ｃ１')).toEqual({ value: 'C1', corrections: ['width'] });
  expect(parseId('C 1')).toEqual({ code: 'INVALID_ID' });
  expect(parseId('x'.repeat(65))).toEqual({ code: 'INVALID_ID' });
});

describe('a masked cell', () => {
  it.each([
    ['张三丰', '张**'],
    ['𠮷野家', '𠮷**'],
    ['13800138000', '1**********'],
    ['11010519491231002X', '1*****************'],
    ['2026-13-45', '2***-**-**'],
    ['zhang@example.com', 'z****@*******.***'],
    ['', ''],
  ])('shows %s as %s', (text, masked) => {
    expect(maskCell(text)).toBe(masked);
  });

  test('never shows a letter or digit but the first, nor more than 32 characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 80 }), (text) => {
        const [, ...rest] = maskCell(text);
        expect(rest.join('')).not.toMatch(/[\p{L}\p{N}]/u);
        expect(rest.length).toBeLessThan(32);
      }),
    );
  });
});
