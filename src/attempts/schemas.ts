import { z } from 'zod';
import { callIdSchema, collectorSchema } from '../contact/schemas.ts';
import { CHANNELS, COLLECTOR_KINDS, PURPOSES, REPORTED_OUTCOMES } from '../rules/contact/facts.ts';
import { idSchema, instantSchema } from '../validation.ts';

const attribution = z.strictObject({ accountId: idSchema, call: z.boolean(), conversation: z.boolean() });
const recording = z.strictObject({
  uri: z.string().min(1).max(1000),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits')
    .optional(),
});
const receipt = z.strictObject({
  kind: z.enum(['identified_call', 'acknowledged', 'signed', 'family_signed', 'registered_mail']),
  at: instantSchema,
});

/** What a later report may add or correct. */
const completion = {
  endedAt: instantSchema.optional(),
  identityVerified: z.boolean().optional(),
  attributions: z.array(attribution).max(50).optional(),
  recording: recording.optional(),
  offeredToPay: z.boolean().optional().describe('A contact person offered to pay'),
  answerIncomplete: z.boolean().optional().describe("A third party's earlier answer turned out wrong or incomplete"),
  receipt: receipt.optional(),
  note: z.string().max(2000).optional(),
};

export const attemptReportSchema = z
  .strictObject({
    attemptId: callIdSchema.describe('Your id of this contact: the same report again gives the first result'),
    reservationId: z.string().min(1).max(64).nullable().default(null),
    customerId: idSchema,
    accountIds: z.array(idSchema).min(1).max(50).optional(),
    partyId: idSchema.optional().describe('The debtor when left out'),
    contactPointId: idSchema.optional(),
    address: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .describe('The number as the dialer has it, instead of contactPointId'),
    channel: z.enum(CHANNELS),
    direction: z.enum(['outbound', 'inbound']).default('outbound'),
    purpose: z.enum(PURPOSES).default('collect'),
    startedAt: instantSchema,
    outcome: z.enum(REPORTED_OUTCOMES),
    automated: z.boolean().default(false),
    ringless: z.boolean().default(false),
    collector: collectorSchema.optional(),
    inReplyTo: callIdSchema.optional(),
    ...completion,
  })
  .superRefine((report, context) => {
    if (report.contactPointId !== undefined && report.address !== undefined) {
      context.addIssue({ code: 'custom', path: ['address'], message: 'give contactPointId or address, not both' });
    }
  })
  .meta({
    id: 'AttemptReport',
    examples: [
      {
        attemptId: 'dialer-7:call-123',
        customerId: 'C1',
        accountIds: ['A1'],
        partyId: 'self',
        contactPointId: 'm1',
        channel: 'voice',
        direction: 'outbound',
        startedAt: '2026-11-23T10:00:05+08:00',
        endedAt: '2026-11-23T10:03:00+08:00',
        outcome: 'conversation',
        identityVerified: true,
        collector: { kind: 'creditor', id: 'bank' },
        attributions: [{ accountId: 'A1', call: true, conversation: true }],
      },
    ],
  });

export const attemptCorrectionSchema = z
  .strictObject({ outcome: z.enum(REPORTED_OUTCOMES).optional(), ...completion })
  .refine((correction) => Object.values(correction).some((value) => value !== undefined), 'must change something')
  .meta({ id: 'AttemptCorrection', examples: [{ outcome: 'wrong_number' }] });

export const attemptSchema = z
  .object({
    attemptId: z.string(),
    customerId: z.string(),
    reservationId: z.string().nullable(),
    accountIds: z.array(z.string()),
    partyId: z.string(),
    contactPointId: z.string().nullable(),
    channel: z.enum(CHANNELS),
    direction: z.enum(['outbound', 'inbound']),
    purpose: z.enum(PURPOSES),
    startedAt: instantSchema,
    endedAt: instantSchema.nullable(),
    outcome: z.enum(REPORTED_OUTCOMES),
    automated: z.boolean(),
    ringless: z.boolean(),
    collector: z.object({ kind: z.enum(COLLECTOR_KINDS), id: z.string() }),
    identityVerified: z.boolean().nullable(),
    attributions: z.array(attribution).describe('For which accounts the contact counts; correct it to choose others'),
    attributedBy: z
      .enum(['report', 'service'])
      .nullable()
      .describe(
        'service: no debt was named, so it counts for the account with the fewest contacts; null: for every account',
      ),
    recording: recording.nullable(),
    offeredToPay: z.boolean().nullable(),
    answerIncomplete: z.boolean().nullable(),
    receipt: receipt.nullable(),
    note: z.string().nullable().describe('Needs the scope personal-data:read'),
    late: z.boolean().describe('True when no live reservation covered the contact'),
    recordedAt: instantSchema,
    corrections: z.array(
      z.object({ correctionNo: z.int(), recordedAt: instantSchema, clientId: z.string(), fields: z.array(z.string()) }),
    ),
  })
  .meta({ id: 'Attempt' });

export type AttemptReport = z.output<typeof attemptReportSchema>;
export type AttemptCorrection = z.output<typeof attemptCorrectionSchema>;
export type Attempt = z.infer<typeof attemptSchema>;
