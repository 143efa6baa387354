import { normalisePhone } from './cleansing/phones.ts';
import type { ContactPointKind } from './rules/contact/facts.ts';

export { normalisePhone };

const EMAIL = /^[^\s@*]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/;

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
