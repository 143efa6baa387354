import { z } from 'zod';
import { dateSchema, idSchema, instantSchema } from '../validation.ts';

export const VERSION_STATUSES = ['draft', 'in_review', 'approved', 'published', 'rejected', 'withdrawn'] as const;
export type VersionStatus = (typeof VERSION_STATUSES)[number];

export const VERSION_ACTIONS = [
  'draft',
  'edit',
  'submit',
  'approve',
  'reject',
  'publish',
  'withdraw',
  'watch',
  'unwatch',
] as const;
export type VersionAction = (typeof VERSION_ACTIONS)[number];

const packName = z.string().regex(/^[a-z0-9-]{2,40}$/, 'must be 2 to 40 small letters, digits or -');
const comment = z.string().trim().min(1).max(2000);

export const versionParamsSchema = z.strictObject({ pack: packName, version: dateSchema });
export const packParamsSchema = z.strictObject({ pack: packName });

export const sourceSchema = z
  .strictObject({
    source: z.string().min(1).max(500_000).describe('The version as YAML, as a file of the release is written'),
  })
  .meta({ id: 'PolicySource', examples: [{ source: 'pack: bank-house-rules\nversion: "2027-01-01"\n…' }] });

export const draftQuerySchema = z.strictObject({
  // A query has text only.
  validateOnly: z
    .preprocess((value) => (value === 'true' ? true : value === 'false' ? false : value), z.boolean())
    .default(false)
    .describe('true: the text is checked and its examples run, nothing is stored'),
});

export const reviewSchema = z
  .strictObject({ decision: z.enum(['approve', 'reject']), comment })
  .meta({ id: 'ReviewPolicyVersion', examples: [{ decision: 'approve', comment: 'Agrees with the notice, no. 4' }] });

export const publishSchema = z
  .strictObject({
    acknowledgeBackdated: z
      .boolean()
      .default(false)
      .describe('Needed, with a reason, when the version takes effect less than a minute ahead, or in the past'),
    reason: comment.optional(),
  })
  .meta({ id: 'PublishPolicyVersion', examples: [{}, { acknowledgeBackdated: true, reason: 'Order of the court' }] });

export const withdrawSchema = z
  .strictObject({ reason: comment })
  .meta({ id: 'WithdrawPolicyVersion', examples: [{ reason: 'The notice was postponed' }] });

export const shadowSchema = z
  .strictObject({ enabled: z.boolean() })
  .meta({ id: 'ShadowPolicyVersion', examples: [{ enabled: true }] });

const text = z.object({ zh: z.string(), en: z.string() }).meta({ id: 'PolicyText' });
const lifecycle = z.enum(['in_force', 'shadow']).describe('shadow: asked and reported, and never decides');

const summary = {
  version: dateSchema,
  status: z.enum(VERSION_STATUSES).describe('Versions that ship with the release are published'),
  origin: z.enum(['release', 'api']),
  lifecycle,
  shadow: z.boolean().describe('Asked beside what is in force, as a draft or before its day'),
  effectiveFrom: dateSchema.describe('Inclusive, from the start of the day in the zone of the pack'),
  effectiveUntil: dateSchema.nullable().describe('Exclusive; null: until the next version starts'),
  contentHash: z.string().describe('SHA-256 of the YAML text'),
};

export const policyPackSchema = z
  .object({
    pack: z.string(),
    title: text,
    jurisdictions: z.array(z.string()),
    versions: z.array(z.object(summary).meta({ id: 'PolicyVersionSummary' })).describe('Oldest first'),
  })
  .meta({ id: 'PolicyPack' });

export const policyPackListSchema = z.object({ items: z.array(policyPackSchema) }).meta({ id: 'PolicyPackList' });

export const policyVersionSchema = z
  .object({
    pack: z.string(),
    ...summary,
    title: text,
    jurisdictions: z.array(z.string()),
    zone: z.string(),
    etag: z.string().nullable().describe('The header ETag of this state, for If-Match; null when it is not stored'),
    authors: z.array(z.string()).describe('API clients that wrote the text; none of them may approve or publish it'),
    history: z
      .array(
        z
          .object({
            action: z.enum(VERSION_ACTIONS),
            clientId: z.string(),
            at: instantSchema,
            contentHash: z.string(),
            comment: z.string().nullable(),
          })
          .meta({ id: 'PolicyVersionStep' }),
      )
      .describe('Who took which step, the oldest first'),
    source: z.string().describe('The YAML text'),
    document: z.record(z.string(), z.unknown()).describe('What the text says, as JSON'),
  })
  .meta({ id: 'PolicyVersion' });

const rangeFields = {
  from: instantSchema.describe('Decisions recorded from here on, inclusive'),
  to: instantSchema.describe('Exclusive'),
};
const sampleRate = z.number().gt(0).max(1).default(1).describe('Share of the decisions that is read');

export const newBacktestSchema = z
  .strictObject({
    ...rangeFields,
    sampleRate,
    limit: z
      .int()
      .min(1)
      .max(100_000_000)
      .default(1_000_000)
      .describe('So many decisions are read at most, the earliest first'),
  })
  .refine(({ from, to }) => Date.parse(from) < Date.parse(to), { message: '`to` must be after `from`', path: ['to'] })
  .meta({
    id: 'NewPolicyBacktest',
    examples: [{ from: '2026-10-01T00:00:00+08:00', to: '2026-11-01T00:00:00+08:00', sampleRate: 0.1 }],
  });

export const divergenceQuerySchema = z
  .strictObject({
    ...rangeFields,
    sampleRate: z.coerce.number().gt(0).max(1).default(1).describe('Share of the decisions that is read'),
    limit: z.coerce
      .number()
      .int()
      .min(1)
      .max(200_000)
      .default(50_000)
      .describe('So many decisions are read at most, the earliest first'),
  })
  .refine(({ from, to }) => Date.parse(from) < Date.parse(to), { message: '`to` must be after `from`', path: ['to'] });

const count = z.int().min(0);
const counts = {
  newlyRefused: count.describe('Permitted then, refused by this version'),
  newlyPermitted: count.describe('Refused then, permitted by this version'),
  otherNextPermittedAt: count.describe('Refused by both, with another next instant'),
};
const ids = z.array(z.string());
const report = {
  decisionsRead: count,
  decisionsCompared: count,
  ...counts,
  byRule: z
    .array(z.object({ ruleId: z.string(), ...counts }).meta({ id: 'PolicyDifferenceByRule' }))
    .describe('Rules whose own finding differs; one decision may count for several'),
  byVendor: z.array(
    z.object({ collectorId: z.string(), decisionsCompared: count, ...counts }).meta({ id: 'PolicyDifferenceByVendor' }),
  ),
  byDay: z
    .array(z.object({ day: dateSchema, decisionsCompared: count, ...counts }).meta({ id: 'PolicyDifferenceByDay' }))
    .describe('Civil days in the zone of the pack'),
  samples: z
    .object({ newlyRefused: ids, newlyPermitted: ids, otherNextPermittedAt: ids })
    .meta({ id: 'PolicyDifferenceSamples' })
    .describe('Up to twenty decision ids each way, drawn evenly'),
};

export const backtestParamsSchema = versionParamsSchema.extend({ backtestId: idSchema });

export const backtestSchema = z
  .object({
    backtestId: z.string(),
    pack: z.string(),
    version: dateSchema,
    contentHash: z.string().describe('The text that was tested; a draft that changes later is not tested again'),
    status: z.enum(['queued', 'running', 'completed', 'failed', 'cancelled']),
    clientId: z.string(),
    ...rangeFields,
    sampleRate: z.number(),
    limit: count,
    progress: z.number().describe('From 0 to 1, by the time of the decisions'),
    ...report,
    notComparable: count.describe('A version that decided is unknown to this release'),
    factsTooShort: count.describe(
      'Compared, although this version counts further back than the contacts that were recorded with the decision',
    ),
    createdAt: instantSchema,
    startedAt: instantSchema.nullable(),
    finishedAt: instantSchema.nullable(),
  })
  .meta({ id: 'PolicyBacktest' });

export const divergenceSchema = z
  .object({
    pack: z.string(),
    version: dateSchema,
    ...rangeFields,
    readUntil: instantSchema.describe(
      'Decisions before this instant were read; before `to` when the limit was reached',
    ),
    ...report,
    decisionsAgreed: count.describe('Asked in shadow, and the answer would have been the same'),
  })
  .meta({ id: 'PolicyDivergence' });

export type PolicyPack = z.infer<typeof policyPackSchema>;
export type PolicyVersion = z.infer<typeof policyVersionSchema>;
export type Publication = z.output<typeof publishSchema>;
export type NewBacktest = z.output<typeof newBacktestSchema>;
export type Backtest = z.infer<typeof backtestSchema>;
export type DivergenceQuery = z.output<typeof divergenceQuerySchema>;
export type Divergence = z.infer<typeof divergenceSchema>;
