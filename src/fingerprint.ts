import { createHash } from 'node:crypto';

/** SHA-256 of a JSON value, the same whatever the order of keys; tells a repeat from another request under one key. */
export function fingerprint(value: unknown): Buffer {
  return createHash('sha256')
    .update(canonicalJson(value) ?? 'null')
    .digest();
}

/** JSON of a value with the keys of objects in order; undefined for what JSON has no text for. */
function canonicalJson(value: unknown): string | undefined {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((entry) => canonicalJson(entry) ?? 'null').join(',')}]`;
  const object = value as Readonly<Record<string, unknown>>;
  let text = '';
  for (const key of keysOf(object)) {
    const entry = canonicalJson(object[key]);
    if (entry !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${entry}`;
  }
  return `{${text}}`;
}

/** In order, but that those which are whole numbers come first, by size: as an object that is made of them lists them. */
function keysOf(object: object): string[] {
  const keys = Object.keys(object).sort();
  return keys.some((key) => /^\d/.test(key)) ? Object.keys(Object.fromEntries(keys.map((key) => [key, 0]))) : keys;
}
