import type { Correction } from './corrections.ts';

/** A name in its one stored form; null when it is none. */
export function cleanName(text: string): { value: string; corrections: readonly Correction[] } | null {
  const value = text.trim().replace(/\s+/gu, ' ');
  if (value === '' || value.length > 200 || value.includes('*') || !/\p{L}/u.test(value)) return null;
  return { value, corrections: value === text.trim() ? [] : ['blanks'] };
}

/** What two writings of one name have in common. */
export function nameKey(name: string): string {
  return name
    .normalize('NFKC')
    .replace(/[\s·•・．.]/gu, '')
    .toLowerCase();
}
