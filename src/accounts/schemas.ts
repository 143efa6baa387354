import { z } from 'zod';
import { ACCOUNT_STATUSES } from '../rules/contact/facts.ts';
import { KINDS } from '../rules/ledger/components.ts';
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

/**
 * A rate of a day as a decimal fraction, at most 0.01: twenty times what cards in China were capped at until 2021 (0.05 per
 * cent a day, 银发〔2016〕111号), and above the 0.8 per cent of the dearest loans in Britain (FCA CONC 5A.2). More is a slip,
 * and what it makes of a great balance fits no column.
 */
export const dailyRateSchema = z
  .string()
  .regex(/^0(\.0(0\d{0,10}|10{0,10})?)?$/, 'must be a decimal fraction of at most 0.01 as a string, such as "0.0005"');

export const currencySchema = z
  .string()
  .regex(/^[A-Z]{3}$/, { abort: true, error: 'must be an ISO 4217 code' })
  .refine((code) => currencies.has(code), 'must be an ISO 4217 code');

/** A part of something, as a decimal fraction up to 1. */
export const shareSchema = z
  .string()
  .regex(/^(0(\.\d{1,12})?|1(\.0{1,12})?)$/, 'must be a decimal fraction up to 1 as a string, such as "0.1"');

const penaltyRuleInputSchema = z.strictObject({
  rate: rateSchema.describe('Of the unpaid part of the minimum payment'),
  rateFromSecondMonth: rateSchema.nullable().default(null),
  minimum: amountSchema.nullable().default(null),
  cap: amountSchema.nullable().default(null),
});

const kindSchema = z.enum(KINDS);

const partInputSchema = z.strictObject({
  kind: kindSchema,
  billed: z.boolean().describe('On a statement already; an instalment: due already'),
  amount: amountSchema,
});

const minimumRuleInputSchema = z.strictObject({
  principalRate: shareSchema.describe('Of the billed purchases and cash advances'),
  floor: amountSchema.default('0'),
});

/** 12 to 19 digits, whatever stands between them, may be the number of a card, which nobody may send. */
const looksLikeCardNumber = (text: string) => /^\d{12,19}$/.test(text.replaceAll(/[^\dA-Za-z]/g, ''));

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
    dailyRate: dailyRateSchema.nullable().default(null).describe('Instead of annualRate'),
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
    statementDay: z
      .int()
      .min(1)
      .max(31)
      .nullable()
      .default(null)
      .describe('In a shorter month its last day. With dueDays: interest, penalty and minimum payments are computed'),
    dueDays: z.int().min(1).max(60).nullable().default(null).describe('From the statement to its due date'),
    minimumPaymentRule: minimumRuleInputSchema.nullable().default(null).describe("Instead of the pack's"),
    compoundInterest: z.boolean().nullable().default(null).describe("Posted interest bears interest; else the pack's"),
    allocationOrder: z
      .array(kindSchema)
      .max(KINDS.length)
      .refine((kinds) => new Set(kinds).size === kinds.length, 'names a kind twice')
      .nullable()
      .default(null)
      .describe("The contract's order inside charges and inside principal; which of the two is first is the law's"),
    accruedInterest: amountSchema.nullable().default(null).describe('Since the last statement, in no balance yet'),
    paymentsThrough: dateSchema
      .nullable()
      .default(null)
      .describe('Last posting date in the balances; by default the day before that of asOf'),
    balanceParts: z
      .array(partInputSchema)
      .max(2 * KINDS.length)
      .nullable()
      .default(null)
      .describe('What the four balances are made of, and sum to'),
    cardToken: z
      .string()
      .regex(/^[A-Za-z0-9._:-]{1,64}$/, 'must be 1 to 64 letters, digits or . _ : -')
      .refine((text) => !looksLikeCardNumber(text), 'looks like the number of a card; send a token that is none')
      .nullable()
      .default(null),
    cardLast4: z
      .string()
      .regex(/^\d{4}$/, 'must be the last four digits')
      .nullable()
      .default(null),
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

export const balancesSchema = z
  .object({ principal: amount, interest: amount, penalty: amount, fees: amount })
  .meta({ id: 'Balances' });

export const balancePartSchema = z
  .object({ kind: kindSchema, billed: z.boolean(), amount })
  .meta({ id: 'BalancePart' });

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
    balances: balancesSchema,
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
    statementDay: z.int().nullable(),
    dueDays: z.int().nullable(),
    minimumPaymentRule: z
      .object({ principalRate: z.string(), floor: amount })
      .meta({ id: 'MinimumPaymentRule' })
      .nullable(),
    compoundInterest: z.boolean().nullable(),
    allocationOrder: z.array(kindSchema).nullable(),
    accruedInterest: amount.nullable(),
    paymentsThrough: z.string().nullable(),
    balanceParts: z.array(balancePartSchema).nullable(),
    cardToken: z.string().nullable(),
    cardLast4: z.string().nullable(),
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
/** Facts that decisions about contact do not read. */
export const OPTIONAL_FACTS = [
  'dailyRate',
  'instalmentBalance',
  'cashAdvanceBalance',
  'penaltyRule',
  'graceDays',
  'graceAmount',
  'inCollectionProcedures',
  'genuineCard',
  'statementDay',
  'dueDays',
  'minimumPaymentRule',
  'compoundInterest',
  'allocationOrder',
  'accruedInterest',
  'paymentsThrough',
  'balanceParts',
  'cardToken',
  'cardLast4',
] as const satisfies readonly (keyof AccountInput)[];
export type OptionalFact = (typeof OPTIONAL_FACTS)[number];
export type Account = z.infer<typeof accountSchema>;
