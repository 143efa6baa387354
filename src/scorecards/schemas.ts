import { z } from 'zod';
import { dateSchema, idSchema } from '../validation.ts';

const MAX_DAYS = 92;

export const scorecardPeriodSchema = z
  .strictObject({
    from: dateSchema.optional().describe("First day, in the bank's zone; left out with `to`: a week ago"),
    to: dateSchema
      .optional()
      .describe('The day after the last one, at most 92 days later; left out with `from`: tomorrow'),
  })
  .superRefine(({ from, to }, context) => {
    if (from === undefined && to === undefined) return;
    const days = (Date.parse(to ?? '') - Date.parse(from ?? '')) / 86_400_000;
    if (days >= 1 && days <= MAX_DAYS) return;
    const path = [from === undefined ? 'from' : 'to'];
    context.addIssue({ code: 'custom', path, message: `from and to go together, 1 to ${MAX_DAYS} days apart` });
  });

export const scorecardParamsSchema = z.strictObject({ collectorId: idSchema });

const count = z.int().min(0);
const rate = z.string().nullable();

export const scorecardSchema = z
  .object({
    collectorId: z.string(),
    from: dateSchema,
    to: dateSchema,
    reservationsTaken: count.describe('Taken in the period; the sum of the next five'),
    reportedInTime: count.describe('With an attempt that started while the permission was live'),
    reportedLate: count.describe('With an attempt that started after its end or release'),
    unreported: count.describe('Ended more than an hour ago, with neither outcome nor release'),
    released: count.describe('Given back without a contact'),
    pending: count.describe('Live, or with an hour after their end still to be reported'),
    refusedAsks: count.describe('Reservations that were refused in the period'),
    contactsWithoutPermission: count.describe('Incidents whose contact was in the period; the sum of the kinds'),
    incidentKinds: z
      .object({ late: count, reportedWithoutPermission: count, refused: count, orphan: count })
      .meta({ id: 'IncidentKinds' }),
    incidentsOpen: count.describe('Of these, neither explained nor closed'),
    callsExamined: count.describe('Outbound calls in the period to numbers on file, from uploaded call records'),
    callsWithoutPermission: count.describe('Of these, without a live permission'),
    rates: z
      .object({
        reportedInTime: rate.describe('Of the reservations taken, without the pending ones'),
        reportedLate: rate.describe('Of the same'),
        unreported: rate.describe('Of the same'),
        released: rate.describe('Of the same'),
        refused: rate.describe('Refused asks of all asks for a reservation'),
        callsWithoutPermission: rate.describe('Of the calls examined'),
      })
      .describe('Decimal fractions with four decimals; null where there is nothing to divide by')
      .meta({ id: 'ScorecardRates' }),
  })
  .meta({ id: 'Scorecard' });

export const scorecardListSchema = z.object({ items: z.array(scorecardSchema) }).meta({ id: 'ScorecardList' });

export type ScorecardPeriod = z.output<typeof scorecardPeriodSchema>;
export type Scorecard = z.infer<typeof scorecardSchema>;
