import fc from 'fast-check';
import type { Schema } from './contract.ts';

/** Values that have broken somebody's service before. */
const NASTY: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  2 ** 53,
  1e308,
  '',
  ' ',
  '\0',
  'a\0b',
  '\ud800',
  '\udc00\ud800',
  '\u202e\u2066名\u0301',
  '１３８００１３８０００',
  '0',
  '-0.00',
  'NaN',
  '1e5',
  '2026-02-30',
  '2026-11-23T10:00:00',
  '2026-11-23T24:00:00+08:00',
  '0000-01-01T00:00:00Z',
  '9999-12-31T23:59:60Z',
  '+275760-09-13T00:00:00Z',
  "'; DROP TABLE customers; --",
  '{{7*7}}',
  '__proto__',
  'constructor',
  '../../etc/passwd',
  'x'.repeat(20_000),
  '9'.repeat(400),
  [],
  {},
  [[]],
  [null],
  { '': '' },
  JSON.parse('{"__proto__": {"admin": true}}'),
  JSON.parse('{"constructor": {"prototype": {"x": 1}}}'),
  JSON.parse(`${'['.repeat(2000)}${']'.repeat(2000)}`),
  JSON.parse(`${'{"a":'.repeat(2000)}1${'}'.repeat(2000)}`),
];
const NASTY_KEYS = ['x', '', '\0', '\ud800', '__proto__', 'constructor', 'toString', 'a/b~c', 'x'.repeat(2000)];

export const nasty: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...NASTY) },
  { weight: 1, arbitrary: fc.anything({ maxDepth: 2, withNullPrototype: false }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
);

export interface ArbitraryOptions {
  /** Values by the name of a field that lead deeper than random ones: ids of what is there. */
  readonly known: Readonly<Record<string, readonly unknown[]>>;
  readonly resolve: (schema: Schema) => Schema;
}

/** Values of a JSON Schema, most of them, with something nasty in one of fifty places. */
export function arbitraryOf(schema: Schema, options: ArbitraryOptions, name = ''): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 49, arbitrary: fitting(options.resolve(schema), options, name) },
    { weight: 1, arbitrary: nasty },
  );
}

function fitting(schema: Schema, options: ArbitraryOptions, name: string): fc.Arbitrary<unknown> {
  const known = options.known[name];
  if (known) return fc.constantFrom(...known);
  if (Array.isArray(schema.enum)) return fc.constantFrom(...schema.enum);
  if (Array.isArray(schema.anyOf))
    return fc.oneof(...(schema.anyOf as Schema[]).map((one) => arbitraryOf(one, options, name)));
  if (Array.isArray(schema.type))
    return fc.oneof(...schema.type.map((type: string) => fitting({ ...schema, type }, options, name)));
  switch (schema.type) {
    case 'null':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'integer':
    case 'number':
      return fc.integer({ min: Number(schema.minimum ?? -5), max: Math.min(Number(schema.maximum ?? 400), 1_000_000) });
    case 'string':
      return text(schema);
    case 'array':
      return fc.array(arbitraryOf(schema.items as Schema, options, name), { maxLength: 3 });
    default:
      return fc.oneof(
        object(schema, options),
        ...((schema.examples ?? []) as unknown[]).map((one) => near(one, options, '')),
      );
  }
}

const INSTANTS = [
  '2026-11-01T00:00:00+08:00',
  '2026-11-23T09:00:00+08:00',
  '2026-11-23T22:30:00.123456789+08:00',
  '2027-01-01T00:00:00Z',
];

function text(schema: Schema): fc.Arbitrary<string> {
  if (schema.format === 'date-time') return fc.constantFrom(...INSTANTS);
  if (schema.format === 'date') return fc.constantFrom('2026-08-20', '2026-02-28', '1970-01-01', '2099-12-31');
  if (typeof schema.pattern === 'string' && !schema.pattern.includes('\\p'))
    return fc.stringMatching(new RegExp(schema.pattern));
  return fc.oneof(
    fc.string({ maxLength: 20, unit: 'grapheme' }),
    fc.constantFrom('张三', '13800138000', '+86 138-0013-8000', 'a@example.com', '上海市黄浦区人民大道200号'),
    // By the schema these are texts like any other.
    fc.constantFrom('a\0b', 'half \ud83d', '\u202e1', ' '),
  );
}

function object(schema: Schema, options: ArbitraryOptions): fc.Arbitrary<unknown> {
  const properties = Object.entries((schema.properties ?? {}) as Record<string, Schema>);
  const fields = Object.fromEntries(properties.map(([key, value]) => [key, arbitraryOf(value, options, key)]));
  const required = ((schema.required ?? []) as string[]).filter((key) => fields[key] !== undefined);
  const stranger = rarely(fc.tuple(fc.constantFrom(...NASTY_KEYS), nasty));
  const left = rarely(fc.constantFrom(...Object.keys(fields), 'x'));
  return fc.tuple(fc.record(fields, { requiredKeys: required }), stranger, left).map(([value, extra, missing]) => {
    const result: Record<string, unknown> = { ...value };
    if (missing !== null) delete result[missing];
    if (extra !== null)
      Object.defineProperty(result, extra[0], {
        value: extra[1],
        enumerable: true,
        configurable: true,
        writable: true,
      });
    return result;
  });
}

/** An example with other ids, and something nasty in one of fifty places. */
function near(example: unknown, options: ArbitraryOptions, name: string): fc.Arbitrary<unknown> {
  const known = options.known[name];
  const kept = (): fc.Arbitrary<unknown> => {
    if (Array.isArray(example)) return fc.tuple(...example.map((entry) => near(entry, options, name)));
    if (known) return fc.constantFrom(...known);
    if (example === null || typeof example !== 'object') return fc.constant(example);
    return fc.record(
      Object.fromEntries(Object.entries(example).map(([key, value]) => [key, near(value, options, key)])),
    );
  };
  return fc.oneof({ weight: 49, arbitrary: kept() }, { weight: 1, arbitrary: nasty });
}

function rarely<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> {
  return fc.oneof({ weight: 29, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });
}
