import { z } from 'zod';
import { CHANNELS, COLLECTOR_KINDS, PURPOSES } from '../rules/contact/facts.ts';
import { REASON_CODES, SCOPES, STRENGTHS } from '../rules/contact/policy.ts';
import { idSchema, instantSchema } from '../validation.ts';

/** Request and attempt ids may carry the slashes that dialers put into call ids. */
export const callIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9._:/-]{1,128}$/, 'must be 1 to 128 letters, digits or . _ : / -');

export const collectorSchema = z
  .strictObject({
    kind: z.enum(COLLECTOR_KINDS),
    id: idSchema,
    carrier: idSchema.optional().describe('The telephone carrier whose limits apply'),
  })
  .meta({ id: 'Collector' });

/** How a decision is written for a dialer: as JSON, as one line, as flat pairs, or as a flat map of strings. */
export const ANSWER_FORMATS = ['json', 'text', 'form', 'strings'] as const;
export type AnswerFormat = (typeof ANSWER_FORMATS)[number];

export const formatQuerySchema = z.strictObject({
  format: z.enum(ANSWER_FORMATS).optional().describe('How to answer; by Accept when left out'),
});

const ADDRESSED: readonly string[] = ['voice', 'sms', 'email', 'im'];

/** A call or message goes to one address, which is named or sent. */
export function checkAddressing(
  request: { contactPointId?: string | undefined; address?: string | undefined; channel: string },
  context: z.RefinementCtx,
): void {
  if (request.contactPointId !== undefined && request.address !== undefined)
    context.addIssue({ code: 'custom', path: ['address'], message: 'give contactPointId or address, not both' });
  if (ADDRESSED.includes(request.channel) && request.contactPointId === undefined && request.address === undefined) {
    context.addIssue({
      code: 'custom',
      path: ['contactPointId'],
      message: `needed for ${request.channel}, unless address is given`,
      params: { code: 'REQUIRED' },
    });
  }
}

export const permissionRequestSchema = z
  .strictObject({
    requestId: callIdSchema.optional().describe('Your id of this question: the same one again gives the first answer'),
    mode: z
      .enum(['check', 'reserve'])
      .default('check')
      .describe('check: advice, takes nothing. reserve: takes the slot now'),
    at: instantSchema.optional().describe('check only: the instant asked about; only contacts up to it count'),
    customerId: idSchema,
    accountIds: z.array(idSchema).min(1).max(50).optional().describe('All accounts of the customer when left out'),
    partyId: idSchema.optional().describe('The debtor when left out'),
    contactPointId: idSchema.optional(),
    address: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .describe('The number as the dialer has it, instead of contactPointId'),
    channel: z.enum(CHANNELS),
    purpose: z.enum(PURPOSES).default('collect'),
    automated: z.boolean().default(false).describe('An AI or recorded voice, or a message sent by a machine'),
    ringless: z.boolean().default(false),
    recording: z.boolean().optional().describe('Will the contact be recorded? True on voice when left out'),
    callerNumber: z
      .string()
      .regex(/^[+0-9() -]{2,30}$/)
      .optional()
      .describe('The number the person will see; needed on voice'),
    collector: collectorSchema.optional().describe("Who contacts; left out: the collector of the caller's key"),
    presentsAs: idSchema.optional().describe('In whose name the caller speaks, where it is not its own'),
    inReplyTo: callIdSchema.optional(),
    record: z
      .boolean()
      .optional()
      .describe('Keep the decision with its facts: true for reserve, false for check when left out'),
  })
  .superRefine((request, context) => {
    const issue = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    checkAddressing(request, context);
    if (request.at !== undefined && request.mode === 'reserve') issue('at', 'a reservation is always for now');
    if (request.record === false && request.mode === 'reserve') issue('record', 'a reservation is always recorded');
  })
  .meta({
    id: 'PermissionRequest',
    examples: [
      {
        requestId: 'dialer-7:call-123',
        mode: 'reserve',
        customerId: 'C1',
        accountIds: ['A1'],
        partyId: 'self',
        contactPointId: 'm1',
        channel: 'voice',
        purpose: 'collect',
        automated: false,
        recording: true,
        callerNumber: '95588',
        collector: { kind: 'creditor', id: 'bank' },
      },
    ],
  });

/** Longest line of a stream, far more than a question needs; a batch of 1,000 takes half of that for each on average. */
export const MAX_QUESTION_BYTES = 16_384;
export const MAX_BATCH_BYTES = 8_388_608;

/** Items of any shape: what is wrong with one is its own problem, not that of the batch. */
export const batchItemsSchema = z.strictObject({ items: z.array(z.unknown()).min(1).max(1000) });

/** The same as it is documented. */
export const permissionBatchSchema = z
  .strictObject({
    items: z.array(permissionRequestSchema).min(1).max(1000).describe('Asked one after the other, in this order'),
  })
  .meta({
    id: 'PermissionBatch',
    examples: [
      {
        items: ['C1', 'C2'].map((customerId) => ({
          customerId,
          contactPointId: 'm1',
          channel: 'voice',
          callerNumber: '95588',
          collector: { kind: 'creditor', id: 'bank' },
        })),
      },
    ],
  });

export const streamQuerySchema = z.strictObject({
  fields: z.enum(['full', 'flat']).default('full').describe('flat: the fields of an answer that are no list'),
});

export const reasonSchema = z
  .object({
    code: z.enum(REASON_CODES),
    ruleId: z.string(),
    pack: z.string(),
    strength: z.enum(STRENGTHS),
    citation: z.string(),
    text: z.string(),
    permittedFrom: instantSchema
      .nullable()
      .describe('When this rule alone would permit; null when that is not foreseeable'),
  })
  .meta({ id: 'Reason' });

export const limitSchema = z
  .object({
    ruleId: z.string(),
    scope: z.enum(SCOPES),
    accountId: z.string().nullable().describe('The account that has used most, where accounts are counted apart'),
    used: z.int().describe('Contacts that count, without this one'),
    max: z.int(),
    windowFrom: instantSchema.describe('Inclusive for days, weeks and months; exclusive for the last minutes'),
    windowTo: instantSchema.describe('Exclusive for days, weeks and months; inclusive for the last minutes'),
    countedAttemptIds: z.array(z.string()).describe('Attempts, and reservations whose outcome is not reported yet'),
    resetsAt: instantSchema.nullable().describe('When a slot returns; null while none is used'),
  })
  .meta({ id: 'Limit' });

export const permissionAnswerSchema = z
  .object({
    decisionId: z.string(),
    permitted: z.boolean(),
    decision: z.enum(['ALLOW', 'DENY']),
    reasonCode: z.enum(REASON_CODES).nullable(),
    reasonText: z.string().nullable(),
    evaluatedAt: instantSchema,
    nextPermittedAt: instantSchema
      .nullable()
      .describe('Earliest instant at which the same request would be permitted if nothing else happened'),
    nextPermittedBecause: z
      .array(z.object({ code: z.enum(REASON_CODES), ruleId: z.string(), pack: z.string() }))
      .describe('The rules without which it would be earlier'),
    retryAfterSeconds: z.int().nullable(),
    validUntil: instantSchema.nullable().describe('The contact must start before this instant'),
    reservationId: z.string().nullable(),
    reservationExpiresAt: instantSchema.nullable(),
    permissionToken: z
      .string()
      .nullable()
      .describe('Proves a reserved call or message offline (JWS, keys at /.well-known/jwks.json); else null'),
    policyVersion: z.string(),
    reasons: z.array(reasonSchema),
    warnings: z.array(reasonSchema),
    limits: z.array(limitSchema),
    obligations: z.array(z.object({ code: z.string(), text: z.string() })),
    shadow: z.array(z.object({ pack: z.string(), permitted: z.boolean(), reasons: z.array(reasonSchema) })),
  })
  .meta({ id: 'PermissionAnswer' });

export const recordedDecisionSchema = permissionAnswerSchema
  // Only who takes the slot gets the token.
  .omit({ permissionToken: true })
  .extend({
    record: z.object({
      recordedAt: instantSchema,
      clientId: z.string(),
      requestId: z.string().nullable(),
      customerId: z.string(),
      mode: z.enum(['check', 'reserve']),
      request: z.record(z.string(), z.unknown()).describe('What was asked, without any address'),
      facts: z
        .record(z.string(), z.unknown())
        .describe('The facts the decision saw; with the policy version they give the same answer again'),
      engine: z
        .object({
          engine: z.string(),
          timeZoneData: z.string(),
          packs: z.record(z.string(), z.string().nullable()).describe('Content hash of each policy version'),
        })
        .describe('What decided'),
    }),
  })
  .meta({ id: 'RecordedDecision' });

export const releaseSchema = z
  .strictObject({ reason: z.string().trim().min(1).max(200) })
  .meta({ id: 'ReleaseReservation', examples: [{ reason: 'agent hung up before dialling' }] });

export const reservationSchema = z
  .object({
    reservationId: z.string(),
    decisionId: z.string(),
    customerId: z.string(),
    status: z
      .enum(['live', 'expired', 'released', 'reported'])
      .describe('expired: too late to start, and counting until an outcome is reported or it is released'),
    partyId: z.string(),
    contactPointId: z.string().nullable(),
    channel: z.enum(CHANNELS),
    purpose: z.enum(PURPOSES),
    reservedAt: instantSchema,
    expiresAt: instantSchema,
    releasedAt: instantSchema.nullable(),
    releaseReason: z.string().nullable(),
    attemptId: z.string().nullable(),
  })
  .meta({ id: 'Reservation' });

export type PermissionRequest = z.output<typeof permissionRequestSchema>;
export type PermissionAnswer = z.infer<typeof permissionAnswerSchema>;
export type RecordedDecision = z.infer<typeof recordedDecisionSchema>;
export type Reservation = z.infer<typeof reservationSchema>;
