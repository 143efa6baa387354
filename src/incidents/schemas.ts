import { z } from 'zod';
import { CHANNELS } from '../rules/contact/facts.ts';
import { idSchema, instantSchema } from '../validation.ts';

export const INCIDENT_KINDS = ['late', 'reported_without_permission', 'refused', 'orphan'] as const;
export type IncidentKind = (typeof INCIDENT_KINDS)[number];
export const INCIDENT_STATUSES = ['open', 'explained', 'closed'] as const;
export const CALL_RECORD_SOURCES = ['vendor', 'carrier'] as const;
export type CallRecordSource = (typeof CALL_RECORD_SOURCES)[number];

const kind = z
  .enum(INCIDENT_KINDS)
  .describe(
    'late: after the reservation had ended or was released. reported_without_permission: reported, and never asked for. refused: a call record shows it although it had been refused. orphan: a call record shows it, and nobody had asked or reported',
  );
const status = z.enum(INCIDENT_STATUSES);

export const incidentListQuerySchema = z.strictObject({
  kind: kind.optional(),
  status: status.optional(),
  collectorId: idSchema.optional().describe("All collectors when left out; a vendor's key reads its own"),
  customerId: idSchema.optional(),
  from: instantSchema.optional().describe('Contacts from this instant on, inclusive'),
  to: instantSchema.optional().describe('Contacts until this instant, exclusive'),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(500).optional(),
});

export const incidentParamsSchema = z.strictObject({ incidentId: idSchema });

export const incidentReasonSchema = z.strictObject({ reason: z.string().trim().min(1).max(2000) }).meta({
  id: 'IncidentReason',
  examples: [{ reason: 'The dialer lost its connection and dialled from its own list' }],
});

const statement = z
  .object({ at: instantSchema, clientId: z.string(), reason: z.string() })
  .meta({ id: 'IncidentStatement' });

export const incidentSchema = z
  .object({
    incidentId: z.string(),
    kind,
    status,
    collectorId: z.string(),
    customerId: z.string(),
    channel: z.enum(CHANNELS),
    occurredAt: instantSchema.describe('When the contact started'),
    detectedAt: instantSchema,
    attemptId: z.string().nullable(),
    reservationId: z.string().nullable().describe('The permission that had ended or was given back'),
    decisionId: z.string().nullable().describe('The decision of that reservation, or the refusal'),
    callRecords: z.array(
      z
        .object({
          uploadId: z.string(),
          row: z.int(),
          source: z.enum(CALL_RECORD_SOURCES),
          vendorCallId: z.string().nullable(),
        })
        .meta({ id: 'CallRecordReference' }),
    ),
    explanation: statement.nullable(),
    closing: statement.nullable(),
  })
  .meta({ id: 'Incident' });

export const incidentPageSchema = z
  .object({ items: z.array(incidentSchema), nextCursor: z.string().nullable() })
  .meta({ id: 'IncidentPage' });

export type IncidentListQuery = z.output<typeof incidentListQuerySchema>;
export type Incident = z.infer<typeof incidentSchema>;
export type IncidentPage = z.infer<typeof incidentPageSchema>;
