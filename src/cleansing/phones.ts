import { normalisePhone } from '../phone.ts';
import type { Correction } from './corrections.ts';

export interface ReadPhone {
  /** E.164. */
  readonly value: string;
  readonly kind: 'mobile' | 'landline' | 'service' | 'other';
  /** False for a segment that no carrier has. */
  readonly allocated: boolean;
  readonly corrections: readonly Correction[];
}

/** A telephone number as it stands in a file; null when it is none. */
export function readPhone(text: string): ReadPhone | null {
  const value = normalisePhone(text);
  if (value === null) return null;
  const kind = !value.startsWith('+86') ? 'other' : /^\+861\d{10}$/.test(value) ? 'mobile' : 'landline';
  const trimmed = text.trim();
  const folded = trimmed.normalize('NFKC');
  const bare = folded.replace(/[^\d+]/g, '');
  const corrections: Correction[] = [];
  if (folded !== trimmed) corrections.push('width');
  if (bare !== folded) corrections.push('separators');
  if (!value.endsWith(bare)) corrections.push('prefix');
  return { value, kind, allocated: true, corrections };
}
