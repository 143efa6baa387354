import { distance } from 'fastest-levenshtein';

/** Longest part of an address that is compared; what follows does not tell places apart. */
const MAX_LENGTH = 200;
const NUMERALS = '零一二三四五六七八九';
const COUNTED = /[零一二三四五六七八九十百〇]+(?=号|號|栋|幢|座|单元|層|层|楼|室|房|弄|期|组|路|街|巷|区\d)/gu;
/** What closes a number in an address: all of them mean "next level down". */
const CLOSERS = /(?<=\d)(?:号楼|号院|号|號|栋|棟|幢|座|单元|單元|层|層|楼|室|房|弄|期|#|f|-)+/gu;
const PROVINCES =
  /^(北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|青海|台湾|内蒙古|广西|西藏|宁夏|新疆|香港|澳门)(?:壮族自治区|回族自治区|维吾尔自治区|自治区|特别行政区|省|市)/u;

/**
 * A Chinese address in the form in which two are compared: width and case folded, no blanks and punctuation, no 省 and 市
 * behind province and city, Chinese numerals of houses as digits, and every 号, 栋, 单元, 室 (and `3-2-501`) as one mark.
 */
export function normaliseAddressText(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\p{Pd}]/gu, '-')
    .replace(/[^\p{L}\p{N}#-]/gu, '')
    .replace(/^(?:中华人民共和国|中国)/u, '')
    .replace(PROVINCES, '$1')
    .replace(/^(北京|天津|上海|重庆)\1市?/u, '$1')
    .replace(/(?<=^\p{L}{4,7})市(?=\p{L})/u, '')
    .replace(COUNTED, (numeral) => String(numberOf(numeral)))
    .replace(/^(.*?)(?:no\.?)(?=\d)/u, '$1')
    .replace(CLOSERS, '-')
    .replace(/-+$/, '')
    .slice(0, MAX_LENGTH);
}

/**
 * How alike two addresses are, 0 to 1, the same in both directions; 1 for equal normalised forms. Half of it is the words
 * (Levenshtein), half the numbers in their order, where each is the same or not: 501 and 502 are different doors.
 */
export function addressSimilarity(a: string, b: string): number {
  const [left, right] = [normaliseAddressText(a), normaliseAddressText(b)];
  if (left === '' || right === '') return 0;
  if (left === right) return 1;
  const words = alike(left.replace(/[\d-]/g, ''), right.replace(/[\d-]/g, ''));
  const numbers = [numbersOf(left), numbersOf(right)] as const;
  return numbers[0] === '' && numbers[1] === '' ? words : (words + alike(...numbers)) / 2;
}

function alike(a: string, b: string): number {
  const longest = Math.max(a.length, b.length);
  return longest === 0 ? 1 : 1 - distance(a, b) / longest;
}

/** One character for each number, so that a number is one unit of the distance. */
function numbersOf(address: string): string {
  return (address.match(/\d+/g) ?? []).map((digits) => String.fromCharCode(0xe000 + (Number(digits) % 6000))).join('');
}

/** 一百二十 to 120; 二〇三 digit by digit. */
function numberOf(numeral: string): number {
  if (!/[十百]/u.test(numeral)) return Number([...numeral].map(digitOf).join(''));
  const [, hundreds = '', tens = '', ones = ''] = /^(?:(.?)百)?[零〇]?(?:(.?)十)?(.?)$/u.exec(numeral) ?? [];
  const hundred = numeral.includes('百') ? (hundreds === '' ? 1 : digitOf(hundreds)) * 100 : 0;
  const ten = numeral.includes('十') ? (tens === '' ? 1 : digitOf(tens)) * 10 : 0;
  return hundred + ten + (ones === '' ? 0 : digitOf(ones));
}

function digitOf(character: string): number {
  return character === '〇' ? 0 : Math.max(0, NUMERALS.indexOf(character));
}
