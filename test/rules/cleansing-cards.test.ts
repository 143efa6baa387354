import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkCardNumber, containsCardNumber, luhnDigit } from '../../src/cleansing/card-number.ts';

const cards = fc
  .tuple(fc.constantFrom('4', '51', '2221', '2720', '62', '34', '999999'), fc.stringMatching(/^\d{18}$/))
  .map(([bin, rest]) => (bin + rest).slice(0, 15))
  .map((body) => body + luhnDigit(body));

describe('a card number', () => {
  test.each([
    ['4111111111111111', '4111111111111111', '1111'],
    ['4111 1111 1111 1111', '4111111111111111', '1111'],
    ['3782-822463-10005', '378282246310005', '0005'],
    ['４１１１１１１１１１１１１１１１', '4111111111111111', '1111'],
    ['6205500000000000004', '6205500000000000004', '0004'],
  ])('written %j has the digits %s and ends in %s', (text, digits, last4) => {
    expect(checkCardNumber(text)).toEqual({ digits, last4 });
  });

  test.each([
    '',
    '4111111111111112',
    '411111111111',
    '41111111111111111111',
    '0000000000000000',
    '4111x11111111111',
    '4111****11111111',
  ])('written %j is none', (text) => {
    expect(checkCardNumber(text)).toBeNull();
  });

  test('that passes Luhn with equal digits is none', () => {
    expect(checkCardNumber('0'.repeat(16))).toBeNull();
    expect(luhnDigit('8'.repeat(15))).toBe('8');
    expect(checkCardNumber('8'.repeat(16))).toBeNull();
  });

  test('made by the rules passes; with one other digit it fails', () => {
    fc.assert(
      fc.property(cards, fc.nat(15), fc.integer({ min: 1, max: 9 }), (card, at, add) => {
        expect(checkCardNumber(card)?.digits).toBe(card);
        const other = (Number(card[at]) + add) % 10;
        expect(checkCardNumber(card.slice(0, at) + other + card.slice(at + 1))).toBeNull();
      }),
    );
  });
});

describe('text with a card number', () => {
  test.each([
    '卡号4111111111111111，请核对',
    '4111 1111 1111 1111',
    'card 4111-1111-1111-1111.',
    'card 4111–1111–1111–1111',
    '3782 822463 10005',
    '４１１１　１１１１　１１１１　１１１１',
    '411111\u200b1111111111',
  ])('%j is seen', (text) => {
    expect(containsCardNumber(text)).toBe(true);
  });

  test.each([
    '',
    '客户说下周还款',
    '电话 13800138000，单号 20240101123045',
    '身份证 110101199003070986',
    '2024-01-01 10:00 13800138000',
    '4111111111111112',
    'A4111111111111111',
    '还款 4111.11 元，共 11 期',
    '89860000000000000008',
  ])('%j has none', (text) => {
    expect(containsCardNumber(text)).toBe(false);
  });

  test('is seen wherever it stands and however it is grouped', () => {
    const between = fc.constantFrom('', ' ', '-');
    fc.assert(
      fc.property(cards, between, fc.constantFrom('', '备注：', 'x '), (card, gap, before) =>
        containsCardNumber(`${before}${card.match(/.{4}/g)!.join(gap)}。`),
      ),
    );
  });
});
