import { z } from 'zod';
import { CHANNELS, PURPOSES } from '../rules/contact/facts.ts';
import { idSchema, instantSchema } from '../validation.ts';

const TEN_YEARS_SECONDS = 315_576_000;

export const reservationListQuerySchema = z.strictObject({
  status: z
    .enum(['unreported'])
    .describe('unreported: ended more than an hour ago, neither reported nor released; it keeps counting'),
  collectorId: idSchema.optional().describe("All collectors when left out; a vendor's key reads its own"),
  olderThanSeconds: z.coerce
    .number()
    .int()
    .min(0)
    .max(TEN_YEARS_SECONDS)
    .default(0)
    .describe('Only those that ended at least so long ago'),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(500).optional(),
});

export const unreportedReservationSchema = z
  .object({
    reservationId: z.string(),
    decisionId: z.string(),
    customerId: z.string(),
    partyId: z.string(),
    contactPointId: z.string().nullable(),
    channel: z.enum(CHANNELS),
    purpose: z.enum(PURPOSES),
    collectorId: z.string(),
    reservedAt: instantSchema,
    expiresAt: instantSchema,
    unreportedAt: instantSchema.describe('When it was told as unreported'),
  })
  .meta({ id: 'UnreportedReservation' });

export const reservationPageSchema = z
  .object({
    items: z.array(unreportedReservationSchema),
    total: z.int().describe('How many there are on all pages'),
    nextCursor: z.string().nullable(),
  })
  .meta({ id: 'ReservationPage' });

export type ReservationListQuery = z.output<typeof reservationListQuerySchema>;
export type ReservationPage = z.infer<typeof reservationPageSchema>;
