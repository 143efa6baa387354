import { luhnDigit } from '../../src/cleansing/card-number.ts';
import { checkCharacter } from '../../src/cleansing/resident-id.ts';
import { fromDay, toDay } from './days.ts';
import { type Draw, drawsFor } from './draw.ts';
import { measured, PEOPLE } from './parameters.ts';

/** Nobody: region 99 is no place, segment 154 no carrier's, and cards of 999999 no bank's. Check characters are right. */
export interface Person {
  readonly name: string;
  readonly female: boolean;
  /** YYYY-MM-DD. */
  readonly birthDate: string;
  readonly residentId: string;
  /** Eleven digits. */
  readonly phone: string;
  /** People before this one in the sample who share something and are others. */
  readonly sharesPhone: boolean;
  readonly sharesName: boolean;
}

const MAX_PEOPLE = 5_000_000;
const TEST_BIN = '999999';
const TOPIC = { marks: 1, person: 2 };

const SURNAMES = [
  ...'王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许邓韩冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤',
  '欧阳',
  '司马',
  '诸葛',
];
const MALE = [...'伟强磊军洋勇杰涛超明刚平辉鹏华飞鑫波斌宇浩凯健俊帆帅旭宁龙林欢阳建亮成坤峰岩志国文海东晨博瑞翔'];
const FEMALE = [...'芳娜敏静丽艳娟霞秀燕玲桂英兰萍红玉梅莉倩雪琴云洁婷慧莹颖琳晶悦欣蕾薇妍璐瑶佳怡思雨梦晓春丹月'];
const RARE = ['䶮', '㛃', '𠮷'];
const DOTTED = ['买买提', '艾力', '古丽', '阿不都', '热合曼', '吐尔逊', '帕提古丽', '努尔', '艾合买提', '迪丽娜尔'];

/** The person of a number from 0 on, the same for a seed whatever the size of the sample. */
export function personOf(seed: number, no: number, today: string): Person {
  if (no >= MAX_PEOPLE) throw new Error(`A sample has at most ${MAX_PEOPLE} people.`);
  const sharesName = marksOf(seed, no).namesake;
  const { name, female, birthDate } = traitsOf(seed, sharesName ? no - 1 : no, today);
  const sharesPhone = marksOf(seed, no).family;
  return {
    name,
    female,
    birthDate,
    residentId: residentIdOf(no, female, birthDate),
    phone: phoneOf(sharesPhone ? no - 1 : no),
    sharesPhone,
    sharesName,
  };
}

/** A person is compared with the one before only if that one is not compared itself. */
function marksOf(seed: number, no: number): { family: boolean; namesake: boolean } {
  const own = drawnMarks(seed, no);
  if (no === 0 || (!own.family && !own.namesake)) return { family: false, namesake: false };
  const before = drawnMarks(seed, no - 1);
  return before.family || before.namesake ? { family: false, namesake: false } : own;
}

function drawnMarks(seed: number, no: number): { family: boolean; namesake: boolean } {
  const draw = drawsFor(seed, no, TOPIC.marks);
  const family = draw.chance(PEOPLE.familyPhone);
  return { family, namesake: !family && draw.chance(PEOPLE.namesake) };
}

function traitsOf(seed: number, no: number, today: string): Pick<Person, 'name' | 'female' | 'birthDate'> {
  const draw = drawsFor(seed, no, TOPIC.person);
  const female = draw.chance(measured.female);
  const age = Math.floor(draw.quantile(measured.ages));
  // Between the day on which the age was reached and the last day before the next birthday.
  const born = toDay(today) - Math.floor(age * 365.25) - draw.int(0, 364);
  return { name: nameOf(draw, female), female, birthDate: fromDay(born) };
}

function nameOf(draw: Draw, female: boolean): string {
  if (draw.chance(PEOPLE.dottedName)) return `${draw.pick(DOTTED)}·${draw.pick(DOTTED)}`;
  const given = female ? FEMALE : MALE;
  const second = draw.chance(PEOPLE.rareName) ? draw.pick(RARE) : draw.chance(0.7) ? draw.pick(given) : '';
  return draw.pick(SURNAMES) + draw.pick(given) + second;
}

/** Unique by place (four digits) and sequence, whose last digit is even for women and odd for men (GB 11643). */
function residentIdOf(no: number, female: boolean, birthDate: string): string {
  const place = String(Math.floor(no / 500)).padStart(4, '0');
  const sequence = String((no % 500) * 2 + (female ? 0 : 1)).padStart(3, '0');
  const body = `99${place}${birthDate.replaceAll('-', '')}${sequence}`;
  return body + checkCharacter(body);
}

/** 7368787 is prime to 10^8, so that no two are equal; the people of the UCI mapping come before. */
function phoneOf(no: number): string {
  return `154${String(((no + 1_000_000) * 7_368_787 + 20_050_930) % 100_000_000).padStart(8, '0')}`;
}

/** Number of a person's card, with its check digit. */
export function cardNumberOf(no: number, card: number): string {
  const body = `${TEST_BIN}${String(no * 4 + card).padStart(9, '0')}`;
  return body + luhnDigit(body);
}
