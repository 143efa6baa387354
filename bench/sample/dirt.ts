import type { Correction } from '../../src/cleansing/corrections.ts';
import { checkCharacter } from '../../src/cleansing/resident-id.ts';
import type { Draw } from './draw.ts';
import type { DirtShares } from './parameters.ts';

/** Writes cells as real extracts do, and notes what was done and what has to come of it. */

export const COLUMNS = [
  'customer_id',
  'name',
  'resident_id',
  'phone',
  'account_id',
  'currency',
  'as_of',
  'past_due_since',
  'principal',
  'interest',
  'penalty',
  'fees',
  'minimum_due',
  'credit_limit',
  'annual_rate',
  'status',
] as const;
export type Column = (typeof COLUMNS)[number];
export type Cells = Record<Column, string>;

/** How a row has to come out, kind by kind: corrected in this column by this correction, quarantined there, or as it is. */
export const KINDS = {
  name_blanks: { columns: ['name'], correction: 'blanks' },
  name_dots: { columns: ['name'], correction: 'dots' },
  /** The characters stay; only the match key folds them. */
  name_traditional: { columns: ['name'], correction: null },
  name_rare: { columns: ['name'], correction: null },
  id_fifteen: { columns: ['resident_id'], correction: 'converted_15_to_18' },
  id_small_x: { columns: ['resident_id'], correction: 'case' },
  id_width: { columns: ['resident_id'], correction: 'width' },
  id_blanks: { columns: ['resident_id'], correction: 'blanks' },
  id_empty: { columns: ['resident_id'], correction: null },
  id_check_character: { columns: ['resident_id'], correction: 'quarantined' },
  id_impossible_date: { columns: ['resident_id'], correction: 'quarantined' },
  phone_prefix: { columns: ['phone'], correction: 'prefix' },
  phone_blanks: { columns: ['phone'], correction: 'blanks' },
  phone_dashes: { columns: ['phone'], correction: 'separators' },
  phone_width: { columns: ['phone'], correction: 'width' },
  phone_short: { columns: ['phone'], correction: 'quarantined' },
  swapped_columns: { columns: ['name', 'resident_id'], correction: 'quarantined' },
  amount_separators: { columns: ['principal'], correction: 'separators' },
  amount_width: { columns: ['principal'], correction: 'width' },
  amount_trailing_minus: { columns: ['principal'], correction: 'trailing_minus' },
  date_form: { columns: ['past_due_since'], correction: 'date_form' },
  repeated_row: { columns: [], correction: 'duplicate' },
} as const satisfies Record<
  string,
  { columns: readonly Column[]; correction: Correction | 'quarantined' | 'duplicate' | null }
>;
export type Kind = keyof typeof KINDS;

const MIDDLE_DOTS = ['\u2022', '\uff0e', '\u30fb', '\u2219'];
const PREFIXES = ['0086', '86', '0', '+86 ', '0086-'] as const;
/** Simplified to traditional, of characters that the sample's names have; each is the only one for its character. */
const TRADITIONAL = new Map(
  [...'张張刘劉陈陳杨楊黄黃赵趙吴吳孙孫马馬罗羅郑鄭谢謝许許邓鄧韩韓冯馮肖蕭苏蘇吕呂卢盧谭譚陆陸韦韋贾賈']
    .concat([...'邹鄒邱邱龙龍贺賀顾顧龚龔万萬钱錢严嚴伟偉军軍强強杰傑刚剛辉輝鹏鵬华華飞飛凯凱宁寧欢歡'])
    .concat([...'东東丽麗艳艷娟娟玲玲兰蘭红紅云雲婷婷莹瑩颖穎欣欣蕾蕾岚嵐梦夢晓曉'])
    .reduce<[string, string][]>((pairs, character, at, all) => {
      if (at % 2 === 0 && character !== all[at + 1]) pairs.push([character, all[at + 1]!]);
      return pairs;
    }, []),
);

/** Writes dirt into `cells`; gives the kinds, in the order of the columns. */
export function soil(cells: Cells, draw: Draw, shares: DirtShares): Kind[] {
  const nameKind = soilName(cells, draw, shares);
  const idKind = soilId(cells, draw, shares);
  const otherKinds = [
    ...soilPhone(cells, draw, shares),
    soilAmount(cells, draw, shares),
    soilDate(cells, draw, shares),
  ].filter((kind) => kind !== null);
  if (idKind === null && draw.chance(shares.swappedColumns)) {
    [cells.name, cells.resident_id] = [cells.resident_id, cells.name];
    return ['swapped_columns', ...otherKinds];
  }
  return [nameKind, idKind].filter((kind) => kind !== null).concat(otherKinds);
}

function soilName(cells: Cells, draw: Draw, shares: DirtShares): Kind | null {
  const { name } = cells;
  if (name.includes('\u00b7')) {
    if (!draw.chance(shares.nameDots)) return null;
    cells.name = name.replace('\u00b7', draw.pick(MIDDLE_DOTS));
    return 'name_dots';
  }
  if (draw.chance(shares.nameBlanks)) {
    cells.name = [...name].join(draw.pick([' ', '  ', '\u00a0']));
    return 'name_blanks';
  }
  if (draw.chance(shares.nameTraditional)) {
    const traditional = [...name].map((character) => TRADITIONAL.get(character) ?? character).join('');
    cells.name = traditional;
    if (traditional !== name) return 'name_traditional';
  }
  return /[䶮㛃𠮷]/u.test(name) ? 'name_rare' : null;
}

function soilId(cells: Cells, draw: Draw, shares: DirtShares): Kind | null {
  const id = cells.resident_id;
  const write = (value: string, kind: Kind) => {
    cells.resident_id = value;
    return kind;
  };
  if (draw.chance(shares.idEmpty)) return write('', 'id_empty');
  if (draw.chance(shares.idCheckCharacter))
    return write(id.slice(0, 17) + draw.pick(others(id[17]!)), 'id_check_character');
  if (draw.chance(shares.idImpossibleDate)) {
    const body = `${id.slice(0, 10)}0230${id.slice(14, 17)}`;
    return write(body + checkCharacter(body), 'id_impossible_date');
  }
  if (id.startsWith('19', 6) && draw.chance(shares.idFifteen)) {
    return write(id.slice(0, 6) + id.slice(8, 17), 'id_fifteen');
  }
  if (id.endsWith('X') && draw.chance(shares.idSmallX)) return write(id.toLowerCase(), 'id_small_x');
  if (draw.chance(shares.idWidth)) return write(wide(id), 'id_width');
  if (draw.chance(shares.idBlanks)) {
    return write(`${id.slice(0, 6)} ${id.slice(6, 14)} ${id.slice(14)}`, 'id_blanks');
  }
  return null;
}

function soilPhone(cells: Cells, draw: Draw, shares: DirtShares): Kind[] {
  const { phone } = cells;
  const grouped = (gap: string) => [phone.slice(0, 3), phone.slice(3, 7), phone.slice(7)].join(gap);
  const write = (value: string, ...kinds: Kind[]) => {
    cells.phone = value;
    return kinds;
  };
  if (draw.chance(shares.phonePrefix)) {
    const prefix = draw.pick(PREFIXES);
    const gap = { ' ': ['phone_blanks'], '-': ['phone_dashes'] } as const;
    return write(prefix + phone, 'phone_prefix', ...(gap[prefix.at(-1) as keyof typeof gap] ?? []));
  }
  if (draw.chance(shares.phoneBlanks)) return write(grouped(' '), 'phone_blanks');
  if (draw.chance(shares.phoneDashes)) return write(grouped('-'), 'phone_dashes');
  if (draw.chance(shares.phoneWidth)) return write(wide(phone), 'phone_width');
  if (draw.chance(shares.phoneShort)) return write(phone.slice(0, 10), 'phone_short');
  return [];
}

function soilAmount(cells: Cells, draw: Draw, shares: DirtShares): Kind | null {
  const amount = cells.principal;
  if (amount.startsWith('-')) {
    if (!draw.chance(shares.amountTrailingMinus)) return null;
    cells.principal = `${amount.slice(1)}-`;
    return 'amount_trailing_minus';
  }
  const separated = amount.replace(/\d(?=(\d{3})+\.)/g, '$&,');
  if (separated !== amount && draw.chance(shares.amountSeparators)) {
    cells.principal = separated;
    return 'amount_separators';
  }
  if (!draw.chance(shares.amountWidth)) return null;
  cells.principal = wide(amount);
  return 'amount_width';
}

function soilDate(cells: Cells, draw: Draw, shares: DirtShares): Kind | null {
  const date = cells.past_due_since;
  if (date === '') return null;
  if (draw.chance(shares.dateCompact)) cells.past_due_since = date.replaceAll('-', '');
  else if (draw.chance(shares.dateSlashes)) cells.past_due_since = date.replaceAll('-', '/').replaceAll('/0', '/');
  return cells.past_due_since === date ? null : 'date_form';
}

function others(character: string): string[] {
  return [...'0123456789X'].filter((other) => other !== character);
}

/** ASCII to full width. */
function wide(text: string): string {
  return text.replace(/[!-~]/g, (narrow) => String.fromCharCode(narrow.charCodeAt(0) + 0xfee0));
}
