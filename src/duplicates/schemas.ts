import { z } from 'zod';
import { idSchema, instantSchema } from '../validation.ts';

const limit = z.coerce.number().int().min(1).max(200).default(50);
const cursor = z.string().max(500).optional();
const reason = z.string().trim().min(1).max(2000);

export const CANDIDATE_STATUSES = ['open', 'merged', 'dismissed', 'withdrawn'] as const;
export const MERGE_BASES = ['resident_id', 'candidate', 'request'] as const;
export const MERGE_STATUSES = ['standing', 'undone'] as const;
export const UNDO_BASES = ['resident_id_changed', 'request'] as const;

export const reasonSchema = z.strictObject({ reason }).meta({
  id: 'DuplicateReason',
  examples: [{ reason: 'Father and son, both known to the branch' }],
});

export const candidateMergeSchema = z.strictObject({ survivorId: idSchema, reason }).meta({
  id: 'MergeCandidate',
  examples: [{ survivorId: 'nobody', reason: 'The branch has seen both identity cards' }],
});

export const newMergeSchema = z
  .strictObject({
    mergeId: idSchema.optional().describe('Your id: the same merge again gives the first result. Made when left out'),
    survivorId: idSchema.describe('Whose key the person has from now on'),
    mergedId: idSchema,
    reason,
  })
  .refine(({ survivorId, mergedId }) => survivorId !== mergedId, {
    message: 'must be another customer than the survivor',
    path: ['mergedId'],
  })
  .meta({
    id: 'NewCustomerMerge',
    examples: [{ mergeId: 'M1', survivorId: 'C1', mergedId: 'C2', reason: 'Two numbers since the move of the branch' }],
  });

export const mergeListQuerySchema = z.strictObject({
  customerId: idSchema.optional().describe('Survivor or merged'),
  status: z.enum(MERGE_STATUSES).optional(),
  limit,
  cursor,
});

export const candidateListQuerySchema = z.strictObject({
  status: z.enum(CANDIDATE_STATUSES).optional(),
  customerId: idSchema.optional(),
  limit,
  cursor,
});

export const mergeParamsSchema = z.strictObject({ mergeId: idSchema });
export const candidateParamsSchema = z.strictObject({ candidateId: idSchema });
export const searchParamsSchema = z.strictObject({ searchId: idSchema });

export const mergeSchema = z
  .object({
    mergeId: z.string(),
    survivorId: z.string(),
    mergedId: z.string(),
    status: z.enum(MERGE_STATUSES),
    basis: z
      .enum(MERGE_BASES)
      .describe('resident_id: by rule, for equal ids. candidate: a person has decided. request: told from outside'),
    reason: z
      .string()
      .nullable()
      .describe('What the person who merged said; null by rule, and without the scope personal-data:read'),
    ruleVersion: z.string().describe('Of the rules for matching that were in force'),
    candidateId: z.string().nullable(),
    movedCustomerIds: z.array(z.string()).describe('Whose contacts, directives and budgets went to the other person'),
    clientId: z.string().nullable().describe('Null by rule'),
    mergedAt: instantSchema,
    undo: z
      .object({
        at: instantSchema,
        basis: z.enum(UNDO_BASES).describe('resident_id_changed: by rule, the ids are no longer equal'),
        reason: z.string().nullable(),
        clientId: z.string().nullable(),
      })
      .meta({ id: 'CustomerMergeUndo' })
      .nullable(),
  })
  .meta({ id: 'CustomerMerge' });

export const mergePageSchema = z
  .object({ items: z.array(mergeSchema), nextCursor: z.string().nullable() })
  .meta({ id: 'CustomerMergePage' });

export const candidateSchema = z
  .object({
    candidateId: z.string(),
    customerIds: z.array(z.string()).describe('The two customers, in the order of their ids'),
    status: z
      .enum(CANDIDATE_STATUSES)
      .describe('withdrawn: what spoke for it is no longer so, or the two are one person in another way'),
    key: z.literal('name_and_phone'),
    score: z.number().describe('From 0 to 1'),
    evidence: z
      .object({
        phones: z.int().describe('Numbers that both have'),
        birthDate: z.enum(['equal', 'unknown']),
        addressSimilarity: z.number().nullable().describe('Of the two most alike, from 0 to 1; null without a pair'),
      })
      .meta({ id: 'DuplicateEvidence' }),
    ruleVersion: z.string(),
    foundAt: instantSchema,
    settledAt: instantSchema.nullable(),
    clientId: z.string().nullable().describe('Who has decided'),
    reason: z.string().nullable(),
    mergeId: z.string().nullable(),
  })
  .meta({ id: 'DuplicateCandidate' });

export const candidatePageSchema = z
  .object({ items: z.array(candidateSchema), nextCursor: z.string().nullable() })
  .meta({ id: 'DuplicateCandidatePage' });

export const newSearchSchema = z
  .strictObject({
    changedSince: instantSchema
      .nullable()
      .default(null)
      .describe('Only customers that were created or changed at or after this instant; null: all'),
  })
  .meta({ id: 'NewDuplicateSearch', examples: [{ changedSince: '2026-11-23T00:00:00+08:00' }, {}] });

export const duplicateSearchSchema = z
  .object({
    searchId: z.string(),
    status: z.enum(['queued', 'running', 'completed', 'failed']),
    changedSince: instantSchema.nullable(),
    customersRead: z.int(),
    candidatesFound: z.int(),
    createdAt: instantSchema,
    startedAt: instantSchema.nullable(),
    finishedAt: instantSchema.nullable(),
  })
  .meta({ id: 'DuplicateSearch' });

export type NewMerge = z.output<typeof newMergeSchema>;
export type MergeListQuery = z.output<typeof mergeListQuerySchema>;
export type CustomerMerge = z.infer<typeof mergeSchema>;
export type MergePage = z.infer<typeof mergePageSchema>;
export type CandidateMerge = z.output<typeof candidateMergeSchema>;
export type CandidateListQuery = z.output<typeof candidateListQuerySchema>;
export type Candidate = z.infer<typeof candidateSchema>;
export type CandidatePage = z.infer<typeof candidatePageSchema>;
export type Evidence = Candidate['evidence'];
export type NewDuplicateSearch = z.output<typeof newSearchSchema>;
export type DuplicateSearch = z.infer<typeof duplicateSearchSchema>;
