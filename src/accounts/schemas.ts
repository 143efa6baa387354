import { z } from 'zod';
import { ACCOUNT_STATUSES } from '../rules/contact/facts.ts';
import { BUCKETS, SEGMENTS } from '../rules/segmentation/standing.ts';
import { dateSchema, idSchema, instantSchema } from '../validation.ts';

const currencies = new Set(Intl.supportedValuesOf('currency'));

/** An amount that may be negative, such as the balance of a card in credit; a JSON number is refused. */
export const signedAmountSchema = z
  .string()
  .regex(/^-?(0|[1-9]\d{0,14})(\.\d{1,20})?$/, 'must be a decimal string in major units, such as "1234.56"');

export const amountSchema = z
  .string()
  .regex(
    /^(0|[1-9]\d{0,14})(\.\d{1,20})?$/,
    'must be a decimal string in major units that is not negative, such as "1234.56"',
  );

/** A rate as a decimal fraction: 0.1825 is 18.25 per cent, so that 18.25 is refused as a slip. */
export const rateSchema = z
  .string()
  .regex(/^\d(\.\d{1,12})?$/, 'must be a decimal fraction as a string, such as "0.1825"');

export const currencySchema = z
  .string()
  .regex(/^[A-Z]{3}$/, { abort: true, error: 'must be an ISO 4217 code' })
  .refine((code) => currencies.has(code), 'must be an ISO 4217 code');

const penaltyRuleInputSchema = z.strictObject({
  rate: rateSchema.describe('Of the unpaid part of the minimum payment'),
  rateFromSecondMonth: rateSchema.nullable().default(null),
  minimum: amountSchema.nullable().default(null),
  cap: amountSchema.nullable().default(null),
});

export const accountInputSchema = z
  .strictObject({
    customerId: idSchema,
    product: z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,40}$/)
      .default('credit_card'),
    currency: currencySchema,
    asOf: instantSchema.describe('When the core system said so; an older state than the stored one is kept as history'),
    pastDueSince: dateSchema.nullable().default(null).describe('The due date that was missed'),
    annualRate: rateSchema.nullable().default(null),
    dailyRate: rateSchema.nullable().default(null).describe('Instead of annualRate'),
    status: z.enum(ACCOUNT_STATUSES).default('open'),
    balances: z.strictObject({
      principal: signedAmountSchema,
      interest: amountSchema,
      penalty: amountSchema,
      fees: amountSchema,
    }),
    minimumPaymentDue: amountSchema.nullable().default(null),
    creditLimit: amountSchema.nullable().default(null),
    debtGroupId: idSchema.nullable().default(null),
    instalmentBalance: amountSchema.nullable().default(null).describe('Part that is already in instalments'),
    cashAdvanceBalance: amountSchema.nullable().default(null),
    penaltyRule: penaltyRuleInputSchema.nullable().default(null),
    graceDays: z.int().min(0).max(366).nullable().default(null).describe("Instead of the pack's"),
    graceAmount: amountSchema.nullable().default(null).describe("Instead of the pack's"),
    inCollectionProcedures: z
      .boolean()
      .nullable()
      .default(null)
      .describe('Statements stopped, accelerated or in legal action'),
    genuineCard: z.boolean().nullable().default(null).describe('False: a loan in disguise'),
  })
  .meta({
    id: 'PutAccount',
    examples: [
      {
        customerId: 'C1',
        product: 'credit_card',
        currency: 'CNY',
        asOf: '2026-11-20T00:00:00+08:00',
        pastDueSince: '2026-08-20',
        annualRate: '0.1825',
        status: 'open',
        balances: { principal: '8000.00', interest: '600.00', penalty: '100.00', fees: '0.00' },
        minimumPaymentDue: '1200.00',
        creditLimit: '50000.00',
        debtGroupId: null,
      },
    ],
  });

const amount = z.string().describe("Major units with exactly the currency's decimals");

export const accountSchema = z
  .object({
    accountId: z.string(),
    customerId: z.string(),
    product: z.string(),
    currency: z.string(),
    asOf: instantSchema,
    pastDueSince: z.string().nullable(),
    annualRate: z.string().nullable(),
    dailyRate: z.string().nullable(),
    status: z.enum(ACCOUNT_STATUSES),
    balances: z.object({ principal: amount, interest: amount, penalty: amount, fees: amount }).meta({ id: 'Balances' }),
    minimumPaymentDue: amount.nullable(),
    creditLimit: amount.nullable(),
    debtGroupId: z.string().nullable(),
    instalmentBalance: amount.nullable(),
    cashAdvanceBalance: amount.nullable(),
    penaltyRule: z
      .object({
        rate: z.string(),
        rateFromSecondMonth: z.string().nullable(),
        minimum: amount.nullable(),
        cap: amount.nullable(),
      })
      .meta({ id: 'PenaltyRule' })
      .nullable(),
    graceDays: z.int().nullable(),
    graceAmount: amount.nullable(),
    inCollectionProcedures: z.boolean().nullable(),
    genuineCard: z.boolean().nullable(),
    daysPastDue: z.int().describe("Calendar days since pastDueSince today, in the bank's zone; 0 on the due date"),
    bucket: z.enum(BUCKETS),
    segment: z.enum(SEGMENTS),
    updatedAt: instantSchema,
  })
  .meta({ id: 'Account' });

export const accountListSchema = z
  .object({ items: z.array(accountSchema).describe('At most 200, in the order of their ids') })
  .meta({ id: 'AccountList' });

export type AccountInput = z.output<typeof accountInputSchema>;
export type Account = z.infer<typeof accountSchema>;
