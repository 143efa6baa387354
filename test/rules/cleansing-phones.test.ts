import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { normalisePhone, readPhone } from '../../src/cleansing/phones.ts';

describe('a telephone number in a file', () => {
  test.each([
    ['13812345678', []],
    ['+8613812345678', []],
    [' 13812345678 ', []],
    ['１３８１２３４５６７８', ['width']],
    ['138 1234 5678', ['blanks']],
    ['\u202a13812345678\u202c', ['blanks']],
    ['138-1234-5678', ['separators']],
    ['8613812345678', ['prefix']],
    ['013812345678', ['prefix']],
    ['008613812345678', ['prefix']],
    ["'13812345678", ['prefix']],
    ['17951 13812345678', ['blanks', 'prefix']],
    ['+86 138 1234 5678', ['blanks', 'prefix']],
    ['（0086）138－1234－5678', ['width', 'separators', 'prefix']],
  ])('written %j is +8613812345678, corrected by %j', (text, corrections) => {
    expect(readPhone(text)).toEqual({
      value: '+8613812345678',
      kind: 'mobile',
      allocated: true,
      test: false,
      extension: null,
      others: [],
      corrections,
    });
  });

  test.each([
    ['010-12345678', '+861012345678', 'landline'],
    ['(0755) 2671 2345', '+8675526712345', 'landline'],
    ['86-010-12345678', '+861012345678', 'landline'],
    ['400-820-8820', '+864008208820', 'service'],
    ['8008101234', '+868008101234', 'service'],
    ['13491234567', '+8613491234567', 'other'],
    ['17491234567', '+8617491234567', 'other'],
    ['17400123456', '+8617400123456', 'other'],
    ['14512345678', '+8614512345678', 'mobile'],
    ['14712345678', '+8614712345678', 'mobile'],
    ['14912345678', '+8614912345678', 'mobile'],
    ['1440123456789', '+861440123456789', 'other'],
    ['+852 9123 4567', '+85291234567', 'mobile'],
    ['+1 212 555 1234', '+12125551234', 'other'],
  ])('written %j is %s, %s, and allocated', (text, value, kind) => {
    expect(readPhone(text)).toMatchObject({ value, kind, allocated: true, test: false });
  });

  test.each([
    '134',
    '135',
    '136',
    '137',
    '138',
    '139',
    '147',
    '150',
    '151',
    '152',
    '157',
    '158',
    '159',
    '165',
    '172',
    '178',
    '182',
    '183',
    '184',
    '187',
    '188',
    '195',
    '197',
    '198',
    '130',
    '131',
    '132',
    '145',
    '155',
    '156',
    '166',
    '167',
    '171',
    '175',
    '176',
    '185',
    '186',
    '196',
    '133',
    '149',
    '153',
    '162',
    '173',
    '177',
    '180',
    '181',
    '189',
    '190',
    '191',
    '193',
    '199',
    '192',
    '1700',
    '1703',
    '1709',
  ])('of the segment %s, which is in use, is allocated', (segment) => {
    expect(readPhone(segment.padEnd(11, '0'))).toMatchObject({ kind: 'mobile', allocated: true, test: false });
  });

  test.each(['140', '142', '143', '146', '148', '160', '163', '164', '168', '169', '179', '194', '1743', '1745'])(
    'of the segment %s, which nobody was given, is told from one that is, and found by who only matches',
    (segment) => {
      const text = segment.padEnd(11, '1');
      expect(readPhone(text)).toMatchObject({ value: `+86${text}`, kind: 'mobile', allocated: false });
      expect(normalisePhone(text)).toBe(`+86${text}`);
    },
  );

  test('of a segment that only the tables of the library know is allocated too', () => {
    expect(readPhone('16101234567')).toMatchObject({ allocated: true });
  });

  test('of the segment 154 is made up, and says so', () => {
    expect(readPhone('15412345678')).toMatchObject({ kind: 'mobile', allocated: true, test: true });
  });

  test.each([
    '021-12345678转8001',
    '021-12345678-8001',
    '(021)12345678-8001',
    '02112345678 ext. 8001',
    '02112345678x8001',
  ])('written %j has an extension', (text) => {
    expect(readPhone(text)).toMatchObject({ value: '+862112345678', kind: 'landline', extension: '8001' });
  });

  test.each([
    '13812345678/13912345678',
    '13812345678,13912345678',
    '13812345678；13912345678',
    '13812345678、 139 1234 5678',
    '13812345678 13912345678',
  ])('beside another, as %j, is the first, and the other is not lost', (text) => {
    const reading = readPhone(text);
    expect(reading).toMatchObject({ value: '+8613812345678', others: ['+8613912345678'] });
    expect(reading?.corrections).toContain('separators');
  });

  test.each([
    '',
    'abc',
    '张三',
    '1381234567',
    '138123456789',
    '12812345678',
    '12345678',
    '95588',
    '138****5678',
    '13812345678(母亲)',
    '13812345678转1',
    '13812345678/87654321',
    '13812345678,13912345678,13712345678,13612345678',
    '11010519491231002X',
    '110105194912310021',
    '9'.repeat(121),
  ])('written %j is none', (text) => {
    expect(readPhone(text)).toBeNull();
  });

  test('is read to what matching finds, and reading it again changes nothing', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.stringMatching(/^[+０0]?[\d０-９ ()-]{3,20}$/),
      fc.stringMatching(/^(\+86|0086|86|0|17951)?[ -]?1[3-9]\d{9}$/),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const once = readPhone(text);
        if (once === null) return;
        expect(readPhone(once.value)).toEqual({ ...once, extension: null, others: [], corrections: [] });
        const matched = normalisePhone(text);
        if (matched !== null) expect(once.value).toBe(matched);
      }),
    );
  });
});
