import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import type { ContactPointKind } from './rules/contact/facts.ts';

/** Longest telephone number as people write it; anything longer is refused before it is looked at. */
const MAX_PHONE_LENGTH = 40;
/** Blanks, dashes, brackets, dots, and the invisible marks that come along when a number is copied from a screen. */
const SEPARATORS = /[\s\p{Pd}\p{Cf}()[\].·]/gu;
/** Mobile ranges are opened faster than the library's tables follow, so in China every one is accepted. */
const CHINESE_MOBILE = /^(?:(?:\+|00)?86)?0?(1[3-9]\d{9})$/;
const EMAIL = /^[^\s@*]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/;

/**
 * A telephone number as dialers and people write it to E.164: `０１３８ 1234 5678`, `0086-13812345678` and `13812345678`
 * all give `+8613812345678`. A number without a country code is Chinese. Null when it is no valid number.
 */
export function normalisePhone(text: string): string | null {
  if (text.length > MAX_PHONE_LENGTH) return null;
  const bare = text.normalize('NFKC').replace(SEPARATORS, '');
  const mobile = CHINESE_MOBILE.exec(bare)?.[1];
  if (mobile !== undefined) return `+86${mobile}`;
  if (!/^\+?\d{4,20}$/.test(bare)) return null;
  const parsed = parsePhoneNumberFromString(bare, { defaultCountry: 'CN', extract: false });
  return parsed?.isValid() ? parsed.number : null;
}

/**
 * The one form in which an address is stored and found again: E.164 for a phone, lower case for an e-mail address, folded
 * width and single blanks for the rest. Null when it is no such address, or one that was masked (`z****@example.com`).
 */
export function normaliseAddress(kind: ContactPointKind, value: string): string | null {
  if (kind === 'phone') return normalisePhone(value);
  const folded = value.normalize('NFKC').replace(/\s+/gu, ' ').trim();
  if (folded === '' || folded.includes('*')) return null;
  if (kind !== 'email') return folded;
  const email = folded.toLowerCase();
  return email.length <= 254 && EMAIL.test(email) ? email : null;
}
