import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressSimilarity, normaliseAddressText } from '../../src/cleansing/addresses.ts';
import { cleanName, nameKey } from '../../src/cleansing/names.ts';

const han = fc.constantFrom(...'张張三买買提艾力䶮㛃𠮷鍾鐘乾于於後后裏里范範陳谦謙');
const names = fc.oneof(
  fc.array(han, { minLength: 1, maxLength: 6 }).map((characters) => characters.join('')),
  fc.string({ unit: fc.oneof(han, fc.constantFrom(...' 　·•．・∙.ＡAaé\u200b')), minLength: 1, maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 12 }),
);

describe('a name', () => {
  test.each([
    ['张三', '张三', []],
    ['張三', '張三', []],
    ['  张三　', '张三', []],
    ['张 三', '张三', ['blanks']],
    ['欧阳　娜娜', '欧阳娜娜', ['width', 'blanks']],
    ['张\u200b三', '张三', ['blanks']],
    ['买买提·艾力', '买买提·艾力', []],
    ['买买提•艾力', '买买提·艾力', ['dots']],
    ['买买提．艾力', '买买提·艾力', ['dots']],
    ['买买提・艾力', '买买提·艾力', ['dots']],
    ['买买提∙艾力', '买买提·艾力', ['dots']],
    ['买买提.艾力', '买买提·艾力', ['dots']],
    ['买买提 • 艾力', '买买提·艾力', ['blanks', 'dots']],
    ['ＪＯＨＮ  Smith', 'JOHN Smith', ['width', 'blanks']],
    ['J. R. Smith', 'J. R. Smith', []],
    ["O'Neil", "O'Neil", []],
    ['José', 'José', []],
    ['㈱三和', '㈱三和', []],
  ])('written %j is kept as %j, corrected by %j', (text, value, corrections) => {
    expect(cleanName(text)).toEqual({ value, corrections });
  });

  test.each(['䶮', '㛃', '𠮷', '刘䶮', '㛃㛃', '𠮷野家', '豈', '\ue863三'])('keeps its own character: %s', (name) => {
    expect(cleanName(name)).toEqual({ value: name, corrections: [] });
  });

  test.each([
    '',
    ' ',
    '·',
    '张\u0000三',
    '张\n三',
    '张*',
    '张＊＊',
    '张某',
    '李某某',
    '张XX',
    '张Ｘ',
    '张?',
    '张\ufffd',
    '\ud842',
    '13800138000',
    '11010519491231002X',
    '张'.repeat(101),
  ])('written %j is none', (text) => {
    expect(cleanName(text)).toBeNull();
  });

  test('looks through no cell that is longer than a name can be, however many blanks it has', () => {
    const began = performance.now();
    expect(cleanName(`张${' '.repeat(60_000)}三`)).toBeNull();
    expect(performance.now() - began).toBeLessThan(200);
    expect(cleanName(`张${' '.repeat(500)}三`)?.value).toBe('张三');
  });

  test('that was cleaned stays as it is, and keeps its key', () => {
    fc.assert(
      fc.property(names, (text) => {
        const cleaned = cleanName(text);
        if (cleaned === null) return;
        expect(cleanName(cleaned.value)).toEqual({ value: cleaned.value, corrections: [] });
        expect(nameKey(cleaned.value)).toBe(nameKey(text));
      }),
    );
  });
});

describe('the key of a name', () => {
  test.each([
    ['張三', '张三'],
    ['张 三', '张三'],
    ['買買提•艾力', '买买提·艾力'],
    ['买买提艾力', '买买提．艾力'],
    ['ＪＯＨＮ smith', 'John Smith'],
    ['鍾馗', '钟馗'],
    ['鐘馗', '钟馗'],
    ['陳後主', '陈后主'],
    ['劉龑', '刘䶮'],
    ['李乾', '李干'],
    ['葛\u{e0100}城', '葛城'],
    ['豈', '岂'],
    ['薴', '苎'],
  ])('is the same for %s and %s', (one, other) => {
    expect(nameKey(one)).toBe(nameKey(other));
  });

  test.each([
    ['张三', '张叁'],
    ['刘䶮', '刘岩'],
    ['㛃', '洁'],
    ['𠮷野', '吉野'],
    ['张三', '李三'],
  ])('is another for %s and %s', (one, other) => {
    expect(nameKey(one)).not.toBe(nameKey(other));
  });

  test('of a key is the key', () => {
    fc.assert(fc.property(names, (name) => nameKey(nameKey(name)) === nameKey(name)));
  });
});

describe('an address', () => {
  test.each([
    ['北京市朝阳区建国路88号3栋2单元501室', '北京朝阳区建国路８８号３－２－５０１'],
    ['北京市朝阳区建国路88号3号楼2单元501', '北京市 朝阳区，建国路88号 3幢2单元501房'],
    ['广东省深圳市南山区科技园一路十八号', '广东深圳南山区科技园1路18号'],
    ['广西壮族自治区南宁市青秀区民族大道131号', '广西南宁青秀区民族大道131号'],
    ['中国上海市上海市黄浦区南京东路一百二十号', '上海黄浦区南京东路120号'],
    ['新疆维吾尔自治区乌鲁木齐市天山区解放路二〇三号', '新疆乌鲁木齐天山区解放路203#'],
  ])('written %s and %s is one', (one, other) => {
    expect(normaliseAddressText(one)).toBe(normaliseAddressText(other));
    expect(addressSimilarity(one, other)).toBe(1);
  });

  test('next door is less alike than the same with the province left out, and far from another city', () => {
    const home = '江苏省南京市玄武区北京东路41号3栋501室';
    const same = addressSimilarity(home, '玄武区北京东路41号3栋501室');
    const nextDoor = addressSimilarity(home, '江苏省南京市玄武区北京东路41号3栋502室');
    const away = addressSimilarity(home, '四川省成都市武侯区人民南路12号');
    expect(same).toBeGreaterThan(0.8);
    expect(nextDoor).toBeLessThan(0.9);
    expect(away).toBeLessThan(0.2);
  });

  test('is compared the same in both directions, between 0 and 1, and is like itself', () => {
    const addresses = fc.string({ unit: fc.constantFrom(...'北京市朝阳区建国路号栋室一二十百0189-# '), maxLength: 20 });
    fc.assert(
      fc.property(addresses, addresses, (one, other) => {
        const alike = addressSimilarity(one, other);
        expect(alike).toBe(addressSimilarity(other, one));
        expect(alike >= 0 && alike <= 1).toBe(true);
        expect(addressSimilarity(one, one)).toBe(normaliseAddressText(one) === '' ? 0 : 1);
      }),
    );
  });

  test('that is missing is like nothing', () => {
    expect(addressSimilarity('', '')).toBe(0);
  });
});
