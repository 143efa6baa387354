import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';

/** The lists of data/, read and checked once when the module loads. */

const words = z.union([z.string(), z.number()]).transform((list) => String(list).split(' '));

const regionsSchema = z.strictObject({
  version: z.string(),
  source: z.string(),
  provinces: z.record(z.string().regex(/^\d\d$/), z.string()),
  test: z.string().regex(/^\d\d$/),
  countries: z.array(words).transform((lines) => lines.flat()),
});

const SEGMENT_USES = ['mobile', 'virtual', 'data_card', 'satellite', 'emergency', 'test'] as const;
export type SegmentUse = (typeof SEGMENT_USES)[number];

const segmentsSchema = z.strictObject({
  version: z.string(),
  source: z.string(),
  uses: z.record(z.enum(SEGMENT_USES), z.record(z.string(), words)),
  machines: z.record(z.string(), words),
});

const departmentsSchema = z.strictObject({
  version: z.string(),
  source: z.string(),
  departments: z.record(z.string().length(1), z.string()),
});

const regions = read('regions', regionsSchema);
const segments = read('mobile-segments', segmentsSchema);

/** First two digits of a resident id that stand for a place. */
export const PROVINCES: ReadonlySet<string> = new Set(Object.keys(regions.provinces));
/** The region of made-up people. */
export const TEST_REGION = regions.test;
/** Numeric ISO 3166-1 codes of countries whose citizens may hold a foreigner's permanent residence card. */
export const COUNTRIES: ReadonlySet<string> = new Set(regions.countries);
/** What is registered (second character) by whom (first character) in a unified social credit code. */
export const DEPARTMENTS: Readonly<Record<string, string>> = read(
  'registration-departments',
  departmentsSchema,
).departments;
/** Use of a Chinese mobile segment, by its three to five digits. */
export const SEGMENTS: ReadonlyMap<string, SegmentUse> = new Map(
  SEGMENT_USES.flatMap((use) =>
    Object.values(segments.uses[use])
      .flat()
      .map((segment) => [segment, use] as const),
  ),
);
/** Segments of numbers with thirteen digits, which no person answers. */
export const MACHINE_SEGMENTS: readonly string[] = Object.values(segments.machines).flat();

function read<T>(name: string, schema: z.ZodType<T>): T {
  return schema.parse(parse(readFileSync(new URL(`./data/${name}.yaml`, import.meta.url), 'utf8')));
}
