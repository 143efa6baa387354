/** Made-up people for data sets that have none. Pure; the same row always gives the same person. */

export interface Identity {
  readonly name: string;
  readonly residentId: string;
  /** E.164. */
  readonly phone: string;
}

/** Rows that have an identity of their own. */
export const MAX_IDENTITY_ROW = 499_999;

/** The year in which a person has the age of the row. A constant, so that a later import makes the same person. */
const AGE_YEAR = 2025;

const SURNAMES =
  '王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许邓韩冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤'.split(
    '',
  );
const GIVEN_MALE =
  '伟强磊军洋勇杰涛超明刚平辉鹏华飞鑫波斌宇浩凯健俊帆帅旭宁龙林欢阳建亮成坤峰岩志国文海东晨博瑞翔'.split('');
const GIVEN_FEMALE =
  '芳娜敏静丽艳娟霞秀燕玲桂英兰萍红玉梅莉倩雪琴云洁婷慧莹颖琳晶悦欣蕾薇妍璐瑶佳怡思雨梦晓春丹月'.split('');

/** Numbers the row's draws from 0: a well-mixed 32-bit value (the finaliser of MurmurHash3). */
function draw(row: number, no: number): number {
  let hash = Math.imul(row, 0x9e3779b1) ^ Math.imul(no + 1, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function pick(list: readonly string[], value: number): string {
  return list[value % list.length]!;
}

/**
 * The person of a row, from its number (1 to MAX_IDENTITY_ROW), sex and age. Nobody can be dialled or taken for somebody
 * else: the number lies in segment 154, which is allocated to no carrier, and the resident id has the region 999, which
 * is none of the standard's (and no place of issue of a foreigner's card), and a check character that is wrong. Both are
 * unique per row, so that no two rows are one debtor or share a budget.
 */
export function identityOf(row: number, sex: 'male' | 'female', age: number): Identity {
  const given = sex === 'male' ? GIVEN_MALE : GIVEN_FEMALE;
  const second = draw(row, 2) % 3 === 0 ? '' : pick(given, draw(row, 3));
  return {
    name: pick(SURNAMES, draw(row, 0)) + pick(given, draw(row, 1)) + second,
    residentId: residentIdOf(row, sex, age),
    // 7368787 is prime to 10^8, so the product runs through every number of the segment once.
    phone: `+86154${String((row * 7_368_787 + 20_050_930) % 100_000_000).padStart(8, '0')}`,
  };
}

function residentIdOf(row: number, sex: 'male' | 'female', age: number): string {
  const born = new Date(Date.UTC(AGE_YEAR - age, 0, 1 + (draw(row, 4) % 365))).toISOString().slice(0, 10);
  const area = `999${String(Math.floor(row / 500)).padStart(3, '0')}`;
  // Even sequence numbers are women's, odd ones men's (GB 11643).
  const sequence = String((row % 500) * 2 + (sex === 'male' ? 1 : 0)).padStart(3, '0');
  const body = area + born.replaceAll('-', '') + sequence;
  return body + wrongCheckCharacter(body);
}

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECK_CHARACTERS = '10X98765432';

/** The character after the right one in the table of GB 11643. */
function wrongCheckCharacter(body: string): string {
  const sum = WEIGHTS.reduce((total, weight, index) => total + weight * Number(body[index]), 0);
  return CHECK_CHARACTERS[((sum % 11) + 1) % 11]!;
}
