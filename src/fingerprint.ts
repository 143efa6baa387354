import { hash } from 'node:crypto';

/** SHA-256 of a JSON value, the same whatever the order of keys; tells a repeat from another request under one key. */
export function fingerprint(value: unknown): Buffer {
  return hash('sha256', canonicalJson(value) ?? 'null', 'buffer');
}

/** JSON of a value with the keys of objects in order; undefined for what JSON has no text for. */
function canonicalJson(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((entry) => canonicalJson(entry) ?? 'null').join(',')}]`;
  const object = value as Readonly<Record<string, unknown>>;
  let text = '';
  for (const [key, quoted] of keysOf(object)) {
    const entry = canonicalJson(object[key]);
    if (entry !== undefined) text += `${text === '' ? '' : ','}${quoted}:${entry}`;
  }
  return `{${text}}`;
}

type Keys = readonly (readonly [key: string, quoted: string])[];

const REMEMBERED = 1_000;
/** Most objects are of few kinds, and their keys are sorted once. */
const orders = new Map<string, Keys>();

/** In order, but that those which are whole numbers come first, by size: as an object that is made of them lists them. */
function keysOf(object: object): Keys {
  const keys = Object.keys(object);
  const kind = keys.join('\u0000');
  const known = orders.get(kind);
  if (known?.length === keys.length) return known;
  const sorted = Object.keys(Object.fromEntries(keys.sort().map((key) => [key, 0])));
  const order = sorted.map((key) => [key, JSON.stringify(key)] as const);
  // Else two kinds could be joined to one text.
  if (orders.size < REMEMBERED && !keys.some((key) => key.includes('\u0000'))) orders.set(kind, order);
  return order;
}
