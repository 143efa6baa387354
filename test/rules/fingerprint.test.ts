import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fingerprint } from '../../src/fingerprint.ts';

/** As it was defined at first: fingerprints of years ago are compared with those of today. */
function first(value: unknown): Buffer {
  return createHash('sha256')
    .update(JSON.stringify(sorted(value)))
    .digest();
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, entry]) => [key, sorted(entry)]));
}

const values = fc.anything({
  key: fc.oneof(fc.string(), fc.constantFrom('a', 'B', '10', '9', '-1', '01', 'é', '名')),
  values: [fc.string({ unit: 'binary' }), fc.double(), fc.boolean(), fc.constant(null), fc.constant(undefined)],
});

test('a fingerprint is what it always was', () => {
  fc.assert(
    fc.property(values, (value) => {
      fc.pre(value !== undefined);
      expect(fingerprint(value).equals(first(value))).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test('the order of keys is nothing to it, and all else is', () => {
  expect(fingerprint({ a: 1, b: [{ c: 2, d: 3 }] })).toEqual(fingerprint({ b: [{ d: 3, c: 2 }], a: 1 }));
  expect(fingerprint({ a: undefined })).toEqual(fingerprint({}));
  for (const other of [{ a: 2 }, { a: '1' }, { b: 1 }, [1], { a: null }])
    expect(fingerprint(other)).not.toEqual(fingerprint({ a: 1 }));
});
