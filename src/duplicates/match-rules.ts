import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';

const part = z.number().min(0).max(1);
const weightsSchema = z
  .strictObject({ name: part, phone: part, birthDate: part, address: part })
  .refine(({ name, phone, birthDate, address }) => Math.abs(name + phone + birthDate + address - 1) < 1e-9, {
    message: 'must be 1 together',
  });

const matchRulesSchema = z.strictObject({
  version: z.string().regex(/^\d{4}-\d{2}-\d{2}(\.\d{1,3})?$/, 'must be a date such as 2026-11-01'),
  keys: z.tuple([
    z.strictObject({ key: z.literal('resident_id'), decides: z.literal('merge') }),
    z.strictObject({
      key: z.literal('name_and_phone'),
      decides: z.literal('review'),
      weights: weightsSchema,
      minimumScore: part,
      maxCustomersPerPhone: z.int().min(1).max(1000),
    }),
    z.strictObject({ key: z.literal('phone'), decides: z.literal('mark') }),
  ]),
});

/** By what customers are matched, and under which version. */
export interface MatchRules {
  readonly version: string;
  readonly review: z.output<typeof matchRulesSchema>['keys'][1];
}

/** Reads and checks rules for matching. Throws ZodError for what they may not say. */
export function loadMatchRules(source: string): MatchRules {
  const { version, keys } = matchRulesSchema.parse(parse(source));
  return { version, review: keys[1] };
}

/** The rules of this release; a process with wrong ones does not start. */
export const MATCH_RULES = loadMatchRules(
  readFileSync(fileURLToPath(new URL('./match-rules.yaml', import.meta.url)), 'utf8'),
);
