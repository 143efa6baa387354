import { z } from 'zod';
import { accountSchema } from '../accounts/schemas.ts';
import { caseEntrySchema } from '../case-entries/schemas.ts';
import { customerSchema } from '../customers/schemas.ts';
import { directiveSchema } from '../directives/schemas.ts';
import { bucketMoveSchema } from '../payments/schemas.ts';
import { statementSchema } from '../statements/schemas.ts';
import { instantSchema } from '../validation.ts';

/** In the order in which events of one instant came about. */
export const TIMELINE_KINDS = [
  'customer_merged',
  'customer_merge_undone',
  'account_state',
  'statement',
  'charge',
  'payment',
  'payment_reversal',
  'directive_begun',
  'directive_ended',
  'case_entry_begun',
  'case_entry_ended',
  'decision',
  'reservation_released',
  'reservation_unreported',
  'contact_attempt',
  'attempt_corrected',
  'call_record',
  'incident',
] as const;
export type TimelineKind = (typeof TIMELINE_KINDS)[number];

const areKinds = (text: string) => text.split(',').every((one) => (TIMELINE_KINDS as readonly string[]).includes(one));

export const timelineQuerySchema = z.strictObject({
  kinds: z
    .string()
    .max(500)
    .refine(areKinds, 'must be kinds of events, separated by commas')
    .optional()
    .describe(`Separated by commas; all of them when left out: ${TIMELINE_KINDS.join(', ')}`),
  from: instantSchema.optional().describe('Events from this instant on, inclusive'),
  until: instantSchema.optional().describe('Events until this instant, exclusive; now when left out'),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(1000).optional().describe('The nextCursor of a page with the same filters'),
});

export const timelineItemSchema = z
  .object({
    at: instantSchema.describe("When it happened; what has a day alone, when that day began in the bank's zone"),
    kind: z.enum(TIMELINE_KINDS),
    id: z.string().describe('Of the attempt, decision, payment, …; of a statement its day'),
    customerId: z.string().describe('One of the records of the same debtor'),
    accountIds: z.array(z.string()),
    collectorId: z.string().nullable(),
    summary: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))
      .describe('By kind: ids, states and amounts; never personal data'),
  })
  .meta({ id: 'TimelineItem' });

export const timelinePageSchema = z
  .object({ items: z.array(timelineItemSchema), nextCursor: z.string().nullable() })
  .meta({ id: 'TimelinePage' });

const rate = z.string().nullable().describe('rightParty / attempts, four decimals; null without an attempt');
const rightPartySchema = z
  .object({
    attempts: z.int().describe('Outbound calls and visits'),
    rightParty: z.int().describe('Those with the outcome conversation, corrections included'),
    rate,
  })
  .meta({ id: 'RightPartyRate' });

const partySchema = customerSchema.shape.parties.element;
const pointSchema = partySchema.shape.contactPoints.element
  .extend({
    wrongSince: instantSchema.nullable().describe('Since when it is known to reach somebody else'),
    consents: z.array(z.string()).describe('Ids of the consents in force that cover it'),
    optOuts: z.array(z.string()).describe('Ids of the opt-outs and other stops in force that cover it'),
    lastAttemptAt: instantSchema.nullable().describe('Last outbound contact of the last 400 days'),
    lastReachedAt: instantSchema.nullable().describe('Last conversation of the last 400 days, in either direction'),
    last90Days: rightPartySchema,
    last180Days: rightPartySchema,
    bestHour: z
      .object({ hour: z.int().min(0).max(23), timeZone: z.string(), attempts: z.int(), rightParty: z.int() })
      .meta({ id: 'BestHour' })
      .nullable()
      .describe(
        'The local hour with the highest rate of the last 180 days among those with at least five attempts; the earlier one of two',
      ),
  })
  .meta({ id: 'PictureContactPoint' });

const amount = z.string().describe("Major units with exactly the currency's decimals");

export const pictureSchema = z
  .object({
    customer: customerSchema
      .omit({ parties: true, masked: true, updatedAt: true })
      .meta({ id: 'PictureCustomer' })
      .describe('What is known of those of `sameAs` is in here too'),
    masked: z.boolean().describe('True when personal data are masked, for want of the scope personal-data:read'),
    parties: z.array(
      partySchema.extend({ customerId: z.string(), contactPoints: z.array(pointSchema) }).meta({ id: 'PictureParty' }),
    ),
    accounts: z.array(
      z
        .object({
          account: accountSchema,
          total: amount,
          creditUse: z.string().nullable().describe('Total over the credit limit, four decimals; null without a limit'),
          statements: z.array(statementSchema).describe('The newest three'),
          payments: z
            .array(
              z
                .object({
                  paymentId: z.string(),
                  amount,
                  postedOn: z.string(),
                  reversal: z.enum(['reversal', 'chargeback']).nullable(),
                  reversedOn: z.string().nullable(),
                })
                .meta({ id: 'PicturePayment' }),
            )
            .describe('The newest five'),
          placement: caseEntrySchema.nullable().describe('Where it is placed now'),
          collateral: z.array(caseEntrySchema),
          delinquency: z
            .array(bucketMoveSchema)
            .describe('Moves between buckets of the last 24 months, the newest first'),
        })
        .meta({ id: 'PictureAccount' }),
    ),
    circumstances: z
      .array(caseEntrySchema)
      .describe(
        'The newest in force of each: default_reason, income, necessary_expense, other_debt_service, employment',
      ),
    collateral: z.array(caseEntrySchema).describe('What secures no single account'),
    complaints: z.array(caseEntrySchema).describe('Open ones, the newest first'),
    disputes: z.array(directiveSchema).describe('Those of the directives that dispute a debt'),
    directives: z.array(directiveSchema).describe('All in force'),
    notes: z.array(caseEntrySchema).describe('The newest five'),
    timeline: timelinePageSchema.describe('First page; go on with the timeline'),
  })
  .meta({ id: 'CustomerPicture' });

export type TimelineQuery = z.output<typeof timelineQuerySchema>;
export type TimelineItem = z.infer<typeof timelineItemSchema>;
export type TimelinePage = z.infer<typeof timelinePageSchema>;
export type CustomerPicture = z.infer<typeof pictureSchema>;
export type PictureParty = CustomerPicture['parties'][number];
export type PictureContactPoint = PictureParty['contactPoints'][number];
export type PictureAccount = CustomerPicture['accounts'][number];
