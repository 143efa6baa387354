import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { currencyDecimals, fromMinor, isAmount, toMinor } from '../../src/rules/money/money.ts';

const currencies = ['CNY', 'JPY', 'KWD', 'CLF'];

describe('an amount', () => {
  test.each(['0', '0.00', '-0.01', '1234.56', '999999999999999.9999', '8000'])('%s is one', (text) => {
    expect(isAmount(text)).toBe(true);
  });

  test.each([
    '',
    '-',
    '.5',
    '5.',
    '+1',
    '1e3',
    '1,000.00',
    '01',
    '1.23456',
    '1000000000000000',
    ' 1',
    '1 ',
    '１',
    '0x10',
    'NaN',
    '--1',
    '1.2.3',
    '¥1',
  ])('%j is none', (text) => {
    expect(isAmount(text)).toBe(false);
  });

  test.each([
    ['CNY', 2],
    ['JPY', 0],
    ['KWD', 3],
    ['CLF', 4],
  ])('of %s has %i decimals', (currency, decimals) => {
    expect(currencyDecimals(currency)).toBe(decimals);
  });

  test('of a malformed currency is a mistake of the program', () => {
    expect(() => currencyDecimals('yuan')).toThrow(RangeError);
  });

  test.each([
    ['1234.56', 'CNY', 123456n],
    ['1234.5', 'CNY', 123450n],
    ['1234', 'JPY', 1234n],
    ['-0.01', 'CNY', -1n],
    ['-0.00', 'CNY', 0n],
    ['0.001', 'KWD', 1n],
    ['999999999999999.99', 'CNY', 99999999999999999n],
  ])('%s %s is exact in minor units', (text, currency, minor) => {
    expect(toMinor(text, currency)).toBe(minor);
  });

  test('with more decimals than its currency is refused, never rounded', () => {
    expect(toMinor('0.005', 'CNY')).toBeNull();
    expect(toMinor('1.5', 'JPY')).toBeNull();
    expect(toMinor('1.2345', 'KWD')).toBeNull();
  });

  test('loses nothing by zeros at its end', () => {
    expect(toMinor('1.2300', 'CNY')).toBe(123n);
    expect(toMinor('1234.00', 'JPY')).toBe(1234n);
  });

  test.each([
    [123456n, 'CNY', '1234.56'],
    [5n, 'CNY', '0.05'],
    [-5n, 'CNY', '-0.05'],
    [0n, 'CNY', '0.00'],
    [1234n, 'JPY', '1234'],
    [0n, 'JPY', '0'],
    [1n, 'KWD', '0.001'],
  ])('%s in minor units of %s is written %s', (minor, currency, text) => {
    expect(fromMinor(minor, currency)).toBe(text);
  });

  test('comes back the same from its text, whatever its size, sign and currency', () => {
    fc.assert(
      fc.property(
        // Fifteen digits before the point are the most an amount may have, and a yen has none behind it.
        fc.bigInt({ min: 1n - 10n ** 15n, max: 10n ** 15n - 1n }),
        fc.constantFrom(...currencies),
        (minor, currency) => {
          const text = fromMinor(minor, currency);
          expect(isAmount(text)).toBe(true);
          expect(toMinor(text, currency)).toBe(minor);
        },
      ),
    );
  });
});
