import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { normaliseAddress, normalisePhone } from '../../src/phone.ts';

describe('a telephone number', () => {
  test.each([
    '13812345678',
    '+8613812345678',
    '8613812345678',
    '008613812345678',
    '013812345678',
    '0086013812345678',
    '+86 138 1234 5678',
    '138-1234-5678',
    '138.1234.5678',
    '（+86）138－1234－5678',
    '１３８１２３４５６７８',
    '＋８６　１３８　１２３４　５６７８',
    '\u202a+8613812345678\u202c',
    '  13812345678\u00a0',
  ])('written %j is +8613812345678', (text) => {
    expect(normalisePhone(text)).toBe('+8613812345678');
  });

  test.each([
    ['010-12345678', '+861012345678'],
    ['(010) 1234 5678', '+861012345678'],
    ['01012345678', '+861012345678'],
    ['+86 10 12345678', '+861012345678'],
    ['0086-010-12345678', '+861012345678'],
    ['0755-26712345', '+8675526712345'],
    ['400-820-8820', '+864008208820'],
  ])('of a landline or a service, %j, is %s', (text, number) => {
    expect(normalisePhone(text)).toBe(number);
  });

  test.each([
    ['+1 212 555 1234', '+12125551234'],
    ['+852 9123 4567', '+85291234567'],
    ['00852 91234567', '+85291234567'],
    ['+44 (0)20 7946 0958', '+442079460958'],
    ['+91 98765 43210', '+919876543210'],
  ])('of another country, %j, is %s', (text, number) => {
    expect(normalisePhone(text)).toBe(number);
  });

  test('in a Chinese mobile range that the tables do not know is valid all the same', () => {
    expect(normalisePhone('15412345678')).toBe('+8615412345678');
    expect(normalisePhone('0086 154 1234 5678')).toBe('+8615412345678');
  });

  test.each([
    '',
    ' ',
    'abc',
    '13812345678x',
    '1381234567',
    '138123456789',
    '12812345678',
    '+8612812345678',
    '110',
    '95588',
    '0',
    '+',
    '++8613812345678',
    '+8613****5678',
    '+0613812345678',
    '13812345678,13912345678',
    '021-12345678-8001',
    '1'.repeat(41),
    `${' '.repeat(30)}13812345678`,
    '00000000000000000000',
    '+999123456789',
    'tel:13812345678',
    '13812345678;ext=1',
  ])('written %j is none', (text) => {
    expect(normalisePhone(text)).toBeNull();
  });

  test('that was normalised stays as it is, and any text gives a number or null', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[+０0]?[\d０-９ ()-]{3,20}$/)),
        (text) => {
          const number = normalisePhone(text);
          if (number === null) return;
          expect(number).toMatch(/^\+[1-9]\d{5,14}$/);
          expect(normalisePhone(number)).toBe(number);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('another address', () => {
  test.each([
    [' Zhang.San@Example.COM ', 'zhang.san@example.com'],
    ['zhang＠example.com', 'zhang@example.com'],
    ['a+b@mail.example.com.cn', 'a+b@mail.example.com.cn'],
  ])('e-mail %j is %s', (text, address) => {
    expect(normaliseAddress('email', text)).toBe(address);
  });

  test.each([
    'zhang',
    'zhang@',
    '@example.com',
    'a b@example.com',
    'a@b',
    'a@-b.com',
    'a@b..com',
    'z****@example.com',
    'a@b@example.com',
    `${'a'.repeat(65)}@example.com`,
  ])('e-mail %j is none', (text) => {
    expect(normaliseAddress('email', text)).toBeNull();
  });

  test('has one width and single blanks when it is postal or a messenger id', () => {
    expect(normaliseAddress('postal', ' 北京市　朝阳区\n\t建国路 １号 ')).toBe('北京市 朝阳区 建国路 1号');
    expect(normaliseAddress('im', ' wx_zhang ')).toBe('wx_zhang');
  });

  test('that is blank, or was masked by this service, is none', () => {
    expect(normaliseAddress('postal', ' \t ')).toBeNull();
    expect(normaliseAddress('postal', '北京市***')).toBeNull();
    expect(normaliseAddress('im', 'wx_****zhang')).toBeNull();
  });

  test('of a phone is its number', () => {
    expect(normaliseAddress('phone', '013812345678')).toBe('+8613812345678');
    expect(normaliseAddress('phone', '13812')).toBeNull();
  });
});
