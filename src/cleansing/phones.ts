import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { type Correction, inOrder } from './corrections.ts';
import { MACHINE_SEGMENTS, SEGMENTS, type SegmentUse } from './data.ts';
import { foldWidth } from './text.ts';

/** Longest telephone number as people write it; anything longer is refused before it is looked at. */
const MAX_PHONE_LENGTH = 40;
/** Longest cell: three numbers. */
const MAX_CELL_LENGTH = 3 * MAX_PHONE_LENGTH;
const INVISIBLE = /[\s\p{Cf}]/gu;
const PUNCTUATION = /[\p{Pd}()[\].·]/gu;
const COUNTRY_PREFIX = /^(?:\+|00)?86/;
/** Codes that callers dialled before a number to choose a cheaper long-distance carrier. */
const ACCESS_CODE = /^(?:17951|17911|12593|10193|17901|17909)(?=0?1[3-9]\d{9}$)/;
/** Mobile ranges are opened faster than tables follow, so whoever only matches numbers accepts every one. */
const MOBILE = /^(?:(?:\+|00)?86)?0?(1[3-9]\d{9})$/;
const MACHINE = new RegExp(`^(?:(?:\\+|00)?86)?((?:${MACHINE_SEGMENTS.join('|')})\\d+)$`);
const EXTENSION = /(?:转|轉|分机|分機|ext\.?|[x#])\s*(\d{1,6})$/i;
/** 021-12345678-8001: after a complete number, a third group can only be an extension. */
const DASHED_EXTENSION = /^(\(?0\d{2,3}[)\p{Pd}]\d{7,8})\p{Pd}(\d{1,6})$/u;
const BETWEEN_NUMBERS = /[,，、;；/／|\n]|(?<=\d{7})\s+(?=(?:\+?86[\s-]?)?1[3-9]\d{9}$)/;

/** A number without what people put between its digits. */
function bareNumber(text: string): string {
  return text.replace(INVISIBLE, '').replace(PUNCTUATION, '');
}

/** The eleven digits of a Chinese mobile number, whatever its segment; undefined for any other text. */
function mobileDigits(bare: string): string | undefined {
  return MOBILE.exec(bare)?.[1];
}

function parseOther(bare: string) {
  if (!/^\+?\d{4,20}$/.test(bare)) return null;
  const parsed = parsePhoneNumberFromString(bare, { defaultCountry: 'CN', extract: false });
  return parsed?.isValid() ? parsed : null;
}

/**
 * A telephone number as dialers and people write it to E.164: `０１３８ 1234 5678`, `0086-13812345678` and `13812345678`
 * all give `+8613812345678`. A number without a country code is Chinese; every Chinese mobile segment is accepted, since a
 * dialer's number must be found again. Null when it is no valid number.
 */
export function normalisePhone(text: string): string | null {
  if (text.length > MAX_PHONE_LENGTH) return null;
  const bare = bareNumber(text.normalize('NFKC'));
  const mobile = mobileDigits(bare);
  return mobile === undefined ? (parseOther(bare)?.number ?? null) : `+86${mobile}`;
}

export interface PhoneReading {
  /** E.164. */
  readonly value: string;
  /** Who or what answers: `service` are 400, 800 and the like; `other` satellite, machines, and what cannot be told. */
  readonly kind: 'mobile' | 'landline' | 'service' | 'other';
  /** False for a Chinese mobile number of a segment that nobody was given: nobody answers it. */
  readonly allocated: boolean;
  /** Of the segment that is kept for made-up people. */
  readonly test: boolean;
  /** Digits to dial after a landline answers. */
  readonly extension: string | null;
  /** E.164 of further numbers in the same cell, in their order. */
  readonly others: readonly string[];
  readonly corrections: readonly Correction[];
}

/**
 * Reads a cell of a file that holds a telephone number, or up to three between commas, slashes or the like. Chinese mobile
 * numbers are looked up in our list of segments first, then in the tables of libphonenumber, which follow later. Null when
 * one of the numbers is none. E.164 and eleven or more plain digits are no correction.
 */
export function readPhone(text: string): PhoneReading | null {
  const trimmed = text.trim();
  if (/^1[3-9]\d{9}$/.test(trimmed)) return mobileReading(trimmed, new Set());
  if (trimmed === '' || trimmed.length > MAX_CELL_LENGTH) return null;
  const made = new Set<Correction>();
  const folded = foldWidth(trimmed);
  if (folded !== trimmed) made.add('width');
  const parts = folded.split(BETWEEN_NUMBERS).filter((part) => part.trim() !== '');
  if (parts.length > 1) made.add('separators');
  if (parts.length === 0 || parts.length > 3) return null;
  const [first, ...others] = parts.map((part) => readOne(part.trim(), made));
  if (!first || others.includes(null)) return null;
  return { ...first, others: others.map((other) => other!.value), corrections: inOrder(made) };
}

function readOne(text: string, made: Set<Correction>): PhoneReading | null {
  if (text.length > MAX_PHONE_LENGTH) return null;
  const digits = text.replace(/^['‘’`]/, '');
  if (digits !== text) made.add('prefix');
  const [plain, extension] = splitExtension(digits);
  if (extension !== null) made.add('separators');
  const tight = plain.replace(INVISIBLE, '');
  if (tight !== plain) made.add('blanks');
  const joined = tight.replace(PUNCTUATION, '');
  if (joined !== tight) made.add('separators');
  const bare = joined.replace(ACCESS_CODE, '');
  const mobile = mobileDigits(bare);
  if (mobile !== undefined) {
    if (joined !== mobile && text !== `+86${mobile}`) made.add('prefix');
    return extension === null ? mobileReading(mobile, made) : null;
  }
  const machine = MACHINE.exec(bare)?.[1];
  if (machine?.length === 13) return reading(`+86${machine}`, 'other', made);
  const parsed = parseOther(bare);
  if (parsed === null) return null;
  if (bare.startsWith('86') || bare.startsWith('00')) made.add('prefix');
  if (COUNTRY_PREFIX.test(bare) && text !== parsed.number) made.add('prefix');
  return { ...reading(parsed.number, kindOf(parsed.getType()), made), extension };
}

function splitExtension(text: string): [string, string | null] {
  const dashed = DASHED_EXTENSION.exec(text.replace(INVISIBLE, ''));
  if (dashed) return [dashed[1]!, dashed[2]!];
  const marked = EXTENSION.exec(text);
  return marked ? [text.slice(0, marked.index).trim(), marked[1]!] : [text, null];
}

function mobileReading(digits: string, made: Set<Correction>): PhoneReading {
  const use = useOf(digits);
  const allocated = use !== undefined || parseOther(digits)?.getType() === 'MOBILE';
  const kind = use === 'satellite' || use === 'emergency' ? 'other' : 'mobile';
  return { ...reading(`+86${digits}`, kind, made), allocated, test: use === 'test' };
}

function useOf(digits: string): SegmentUse | undefined {
  return SEGMENTS.get(digits.slice(0, 5)) ?? SEGMENTS.get(digits.slice(0, 4)) ?? SEGMENTS.get(digits.slice(0, 3));
}

function reading(value: string, kind: PhoneReading['kind'], made: Set<Correction>): PhoneReading {
  return { value, kind, allocated: true, test: false, extension: null, others: [], corrections: inOrder(made) };
}

function kindOf(type: string | undefined): PhoneReading['kind'] {
  if (type === 'MOBILE') return 'mobile';
  if (type === 'FIXED_LINE') return 'landline';
  return type === 'SHARED_COST' || type === 'TOLL_FREE' || type === 'PREMIUM_RATE' || type === 'UAN'
    ? 'service'
    : 'other';
}
