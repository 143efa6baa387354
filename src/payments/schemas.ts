import { z } from 'zod';
import {
  amountSchema,
  balancePartSchema,
  balancesSchema,
  currencySchema,
  dailyRateSchema,
  rateSchema,
} from '../accounts/schemas.ts';
import { KINDS } from '../rules/ledger/components.ts';
import { CHARGE_KINDS } from '../rules/ledger/run.ts';
import { BUCKETS } from '../rules/segmentation/standing.ts';
import { dateSchema, idSchema, instantSchema } from '../validation.ts';

const codeSchema = idSchema.describe("A code of the bank's own, no free text");
const amount = z.string().describe("Major units with exactly the currency's decimals");
const date = z.string().describe('YYYY-MM-DD');

export const paymentParamsSchema = z.strictObject({ accountId: idSchema, paymentId: idSchema });

export const newPaymentSchema = z
  .strictObject({
    paymentId: idSchema.describe('Your id: the same payment again gives the first result'),
    amount: amountSchema,
    postedOn: dateSchema.describe('The posting date, on which the days past due are counted; not in the future'),
    includedInState: z
      .boolean()
      .nullable()
      .default(null)
      .describe('Whether the newest state of the account includes it; null: when it was posted before the day of asOf'),
  })
  .meta({ id: 'NewPayment', examples: [{ paymentId: 'P1', amount: '1000.00', postedOn: '2026-11-20' }] });

export const newCustomerPaymentSchema = z
  .strictObject({
    paymentId: idSchema,
    amount: amountSchema,
    currency: currencySchema,
    postedOn: dateSchema,
    accountIds: z
      .array(idSchema)
      .min(1)
      .max(200)
      .refine((ids) => new Set(ids).size === ids.length, 'names an account twice')
      .nullable()
      .default(null)
      .describe('Null: all accounts of the customer in this currency that are not settled, closed or sold'),
  })
  .meta({
    id: 'NewCustomerPayment',
    examples: [{ paymentId: 'P2', amount: '1000.00', currency: 'CNY', postedOn: '2026-11-20' }],
  });

export const reversalSchema = z
  .strictObject({
    kind: z
      .enum(['reversal', 'chargeback'])
      .default('reversal')
      .describe('reversal: the payment never was. chargeback: what it had paid is owed again from that day'),
    reversedOn: dateSchema.nullable().default(null).describe('Today when left out; not before the payment'),
    reason: codeSchema.nullable().default(null),
  })
  .meta({ id: 'PaymentReversal', examples: [{}, { kind: 'chargeback', reversedOn: '2026-11-23' }] });

export const allocationSchema = z
  .object({ fees: amount, penalty: amount, interest: amount, principal: amount, unapplied: amount })
  .meta({ id: 'Allocation' });

const standing = {
  balances: balancesSchema,
  minimumPaymentDue: amount.nullable(),
  pastDueSince: date.nullable(),
  daysPastDue: z.int().describe('Today'),
};

export const paymentSchema = z
  .object({
    paymentId: z.string(),
    accountId: z.string(),
    customerId: z.string(),
    currency: z.string(),
    amount,
    postedOn: date,
    includedInState: z.boolean().nullable().describe('As it was sent'),
    status: z.enum(['posted', 'reversed', 'charged_back']),
    reversedOn: date.nullable(),
    reversalReason: z.string().nullable(),
    allocation: allocationSchema
      .nullable()
      .describe('What it paid, or had paid; null when every known state of the account includes it'),
    recordedAt: instantSchema,
  })
  .meta({ id: 'Payment' });

export const paymentAnswerSchema = paymentSchema.extend(standing).meta({ id: 'PaymentAnswer' });

export const customerPaymentSchema = z
  .object({
    paymentId: z.string(),
    customerId: z.string(),
    currency: z.string(),
    amount,
    postedOn: date,
    parts: z.array(paymentAnswerSchema).describe('In the order of the accounts; their amounts sum to the amount'),
  })
  .meta({ id: 'CustomerPayment' });

export const paymentListQuerySchema = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(2000).optional(),
});

export const paymentPageSchema = z
  .object({
    items: z.array(paymentSchema).describe('The last posting date first'),
    nextCursor: z.string().nullable(),
  })
  .meta({ id: 'PaymentPage' });

const NAMES_COMPONENT = ['adjustment', 'waiver'];

export const newChargeSchema = z
  .strictObject({
    chargeId: idSchema.describe('Your id: the same charge again gives the first result'),
    kind: z
      .enum(CHARGE_KINDS)
      .describe('instalment_due: a part of the instalment balance becomes due. waiver: takes off at most what is owed'),
    component: z.enum(KINDS).nullable().default(null).describe('Of an adjustment or a waiver'),
    direction: z.enum(['up', 'down']).nullable().default(null).describe('Of an adjustment'),
    amount: amountSchema,
    postedOn: dateSchema.describe('Not in the future'),
  })
  .superRefine(({ kind, component, direction }, context) => {
    const need = (name: string, isThere: boolean, isNeeded: boolean) => {
      if (isThere === isNeeded) return;
      const message = isNeeded ? `needed for ${kind}` : `not for ${kind}`;
      const code = isNeeded ? 'REQUIRED' : 'INVALID_VALUE';
      context.addIssue({ code: 'custom', path: [name], message, params: { code } });
    };
    need('component', component !== null, NAMES_COMPONENT.includes(kind));
    need('direction', direction !== null, kind === 'adjustment');
  })
  .meta({
    id: 'NewCharge',
    examples: [
      { chargeId: 'K1', kind: 'purchase', amount: '200.00', postedOn: '2026-11-20' },
      { chargeId: 'K2', kind: 'waiver', component: 'penalty', amount: '100.00', postedOn: '2026-11-21' },
    ],
  });

export const chargeSchema = z
  .object({
    chargeId: z.string(),
    accountId: z.string(),
    customerId: z.string(),
    currency: z.string(),
    kind: z.enum(CHARGE_KINDS),
    component: z.enum(KINDS),
    amount: z.string().describe('Negative where it takes off'),
    postedOn: date,
    recordedAt: instantSchema,
    ...standing,
  })
  .meta({ id: 'Charge' });

export const newRateChangeSchema = z
  .strictObject({
    changeId: idSchema.describe('Your id: the same change again gives the first result'),
    from: dateSchema.describe('The first day that bears the new rate; may lie ahead'),
    annualRate: rateSchema.nullable().default(null),
    dailyRate: dailyRateSchema.nullable().default(null),
  })
  .refine(({ annualRate, dailyRate }) => (annualRate === null) !== (dailyRate === null), {
    message: 'send annualRate or dailyRate',
    path: ['dailyRate'],
  })
  .meta({ id: 'NewRateChange', examples: [{ changeId: 'R1', from: '2026-12-01', annualRate: '0.15' }] });

export const rateChangeSchema = z
  .object({
    changeId: z.string(),
    accountId: z.string(),
    customerId: z.string(),
    from: date,
    annualRate: z.string().nullable(),
    dailyRate: z.string().nullable(),
    recordedAt: instantSchema,
  })
  .meta({ id: 'RateChange' });

const partsSchema = z.array(balancePartSchema);

export const ledgerQuerySchema = z.strictObject({
  on: dateSchema.optional().describe('Today when left out; up to 366 days ahead, as if nothing else happened'),
});

export const ledgerSchema = z
  .object({
    accountId: z.string(),
    customerId: z.string(),
    currency: z.string(),
    on: date.describe('The end of this day'),
    opening: z
      .object({
        asOf: instantSchema.describe('The state it begins with'),
        from: date.describe('The first day whose facts are not in it'),
        parts: partsSchema,
        unapplied: amount,
      })
      .meta({ id: 'LedgerOpening' }),
    postings: z
      .array(
        z
          .object({
            on: date,
            kind: z.string().describe('interest, penalty, statement, payment, credit, chargeback, return, or a charge'),
            factId: z.string().nullable().describe('The payment or charge it comes from; null: the contract'),
            parts: partsSchema.describe('What it adds, negative where it takes off'),
            unapplied: amount.describe('What it adds to the credit'),
          })
          .meta({ id: 'LedgerPosting' }),
      )
      .describe('Opening and postings sum to the parts'),
    balances: balancesSchema,
    parts: partsSchema,
    unapplied: amount.describe('A credit, part of a negative principal in the balances'),
    accruedInterest: amount.describe('Of the days before, in no balance yet'),
    minimumPaymentDue: amount.nullable(),
    minimumPayments: z.array(
      z.object({ dueOn: date.nullable(), amount, unpaid: amount }).meta({ id: 'MinimumPayment' }),
    ),
    pastDueSince: date.nullable(),
    daysPastDue: z.int(),
    policyVersion: z.string(),
    allocationSource: z.string().describe('Where the order of payment comes from'),
  })
  .meta({ id: 'AccountLedger' });

export const bucketMoveSchema = z
  .object({
    on: date,
    from: z.enum(BUCKETS).nullable().describe('Null: the first state that is known'),
    to: z.enum(BUCKETS),
    daysPastDue: z.int(),
    cause: z
      .object({
        kind: z.string().describe('core_state, days, or the kind of a posting'),
        factId: z.string().nullable(),
      })
      .meta({ id: 'BucketMoveCause' }),
  })
  .meta({ id: 'BucketMove' });

export const bucketMovePageSchema = z
  .object({ items: z.array(bucketMoveSchema).describe('The oldest first'), nextCursor: z.string().nullable() })
  .meta({ id: 'BucketMovePage' });

export const interestCalculationInputSchema = z
  .strictObject({
    dailyRate: dailyRateSchema,
    segments: z
      .array(z.strictObject({ balance: amountSchema, days: z.int().min(0).max(36_600) }))
      .min(1)
      .max(1000),
    cap: amountSchema.nullable().default(null),
    currency: currencySchema.default('CNY'),
  })
  .meta({
    id: 'NewInterestCalculation',
    examples: [
      {
        dailyRate: '0.0005',
        segments: [
          { balance: '1000.00', days: 24 },
          { balance: '900.00', days: 12 },
        ],
      },
    ],
  });

export const interestCalculationSchema = z.object({ interest: amount }).meta({ id: 'InterestCalculation' });

export const penaltyCalculationInputSchema = z
  .strictObject({
    minimumDue: amountSchema,
    paid: amountSchema,
    rate: rateSchema,
    rateFromSecondMonth: rateSchema.nullable().default(null),
    consecutiveMissed: z
      .int()
      .min(0)
      .max(1200)
      .default(1)
      .describe('Minimum payments missed in a row, this one included'),
    minimum: amountSchema.nullable().default(null),
    cap: amountSchema.nullable().default(null),
    currency: currencySchema.default('CNY'),
  })
  .meta({
    id: 'NewPenaltyCalculation',
    examples: [{ minimumDue: '1200.00', paid: '200.00', rate: '0.05', minimum: '30.00' }],
  });

export const penaltyCalculationSchema = z.object({ penalty: amount }).meta({ id: 'PenaltyCalculation' });

export type NewPayment = z.output<typeof newPaymentSchema>;
export type NewCustomerPayment = z.output<typeof newCustomerPaymentSchema>;
export type Reversal = z.output<typeof reversalSchema>;
export type Payment = z.infer<typeof paymentSchema>;
export type PaymentAnswer = z.infer<typeof paymentAnswerSchema>;
export type CustomerPayment = z.infer<typeof customerPaymentSchema>;
export type PaymentListQuery = z.output<typeof paymentListQuerySchema>;
export type PaymentPage = z.infer<typeof paymentPageSchema>;
export type NewCharge = z.output<typeof newChargeSchema>;
export type Charge = z.infer<typeof chargeSchema>;
export type NewRateChange = z.output<typeof newRateChangeSchema>;
export type RateChange = z.infer<typeof rateChangeSchema>;
export type LedgerAnswer = z.infer<typeof ledgerSchema>;
export type BucketMovePage = z.infer<typeof bucketMovePageSchema>;
export type InterestCalculationInput = z.output<typeof interestCalculationInputSchema>;
export type PenaltyCalculationInput = z.output<typeof penaltyCalculationInputSchema>;
