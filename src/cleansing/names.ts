import { Converter } from 'opencc-js/t2cn';
import { type Correction, inOrder } from './corrections.ts';
import { foldWidth } from './text.ts';

const MIDDLE_DOT = '\u00b7';
/** Bullet, full-width full stop, katakana middle dot (both widths), bullet operator, hyphenation point, dot operator. */
const DOTS = /[\u2022\uff0e\u30fb\uff65\u2219\u2027\u22c5]/g;
const HAN = '[\\p{Script=Han}\\p{Co}]';
const DOT_BETWEEN_HAN = new RegExp(`(?<=${HAN}\\s*)\\.(?=\\s*${HAN})`, 'gu');
const BLANK_BETWEEN_HAN = new RegExp(
  `(?<=[${HAN.slice(1, -1)}${MIDDLE_DOT}])\\s+(?=[${HAN.slice(1, -1)}${MIDDLE_DOT}])`,
  'gu',
);
const BLANK_AT_DOT = new RegExp(`\\s*${MIDDLE_DOT}\\s*`, 'g');

/** What stands where a person's name was hidden or lost: asterisks, 张某, 张XX, question marks of a wrong encoding. */
const MASKED = /[*?\ufffd]|^\p{Script=Han}{1,2}某{1,2}$|\p{Script=Han}[xX]{1,3}$/u;
const MAX_CHARACTERS = 100;
/** Longest cell, with its blanks; to look through longer ones takes time that grows with their square. */
const MAX_CELL_LENGTH = 1000;

/**
 * A name as it is kept: letters of full width folded, one middle dot (U+00B7), no blanks between Chinese characters and
 * single ones elsewhere. Its characters stay what they are (䶮, 㛃 and 𠮷 are no errors, 張 is not 张). Null for what is no
 * name: empty, without a letter, with control characters, masked, damaged, or a number (more than four digits).
 */
export function cleanName(
  text: string,
): { readonly value: string; readonly corrections: readonly Correction[] } | null {
  const trimmed = text.trim();
  if (trimmed.length > MAX_CELL_LENGTH) return null;
  if (/^\p{Unified_Ideograph}{1,5}$/u.test(trimmed) && !MASKED.test(trimmed)) {
    return { value: trimmed, corrections: [] };
  }
  const made = new Set<Correction>();
  const step = (correction: Correction, from: string, to: string) => {
    if (from !== to) made.add(correction);
    return to;
  };
  const visible = step('blanks', trimmed, trimmed.replace(/\p{Cf}/gu, ''));
  const dotted = step('dots', visible, visible.replace(DOTS, MIDDLE_DOT));
  const narrow = step('width', dotted, foldWidth(dotted));
  const oneDot = step('dots', narrow, narrow.replace(DOT_BETWEEN_HAN, MIDDLE_DOT));
  const atDots = oneDot.replace(BLANK_AT_DOT, MIDDLE_DOT).replace(BLANK_BETWEEN_HAN, '');
  const value = step('blanks', oneDot, atDots.replace(/[^\S ]| {2,}/g, ' ')).trim();
  return isName(value) && !/\p{Cc}/u.test(trimmed) ? { value, corrections: inOrder(made) } : null;
}

function isName(value: string): boolean {
  if (!/\p{L}/u.test(value) && !/\p{Co}/u.test(value)) return false;
  if (!value.isWellFormed() || MASKED.test(value) || [...value].length > MAX_CHARACTERS) return false;
  return (value.match(/\d/g)?.length ?? 0) <= 4;
}

const toSimplified = Converter({ from: 't', to: 'cn' });

/**
 * A key under which spellings of one name meet: simplified characters, no dots, blanks or case. For finding candidates
 * only: it is never shown, and equal keys are no proof, since two names can share one (李乾 and 李干).
 */
export function nameKey(name: string): string {
  const letters = name
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}\p{Co}]|\p{Variation_Selector}/gu, '')
    .normalize('NFC');
  // Some write the surname 钟 as 锺; 苧 is the simplified form of 薴 and the traditional one of 苎.
  return toSimplified(letters).replaceAll('锺', '钟').replaceAll('苧', '苎');
}
