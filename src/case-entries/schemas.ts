import { z } from 'zod';
import { amountSchema, currencySchema } from '../accounts/schemas.ts';
import { dateSchema, idSchema, instantSchema } from '../validation.ts';

export const CASE_ENTRY_KINDS = [
  'default_reason',
  'income',
  'necessary_expense',
  'other_debt_service',
  'employment',
  'collateral',
  'complaint',
  'placement',
  'note',
] as const;
export type CaseEntryKind = (typeof CASE_ENTRY_KINDS)[number];

const DEFAULT_REASONS = [
  'unemployment',
  'illness',
  'family',
  'business_failure',
  'overspending',
  'dispute',
  'disaster',
  'forgetfulness',
  'unwilling',
  'other',
] as const;
const EMPLOYMENT_STATUSES = ['employed', 'self_employed', 'unemployed', 'retired', 'student', 'other'] as const;
const COLLATERAL_TYPES = ['real_estate', 'vehicle', 'deposit', 'security', 'guarantee', 'other'] as const;
const RECEIVED_VIA = ['phone', 'letter', 'email', 'im', 'branch', 'regulator', 'court', 'other'] as const;
export const CASE_ENTRY_OUTCOMES = [
  'upheld',
  'partly_upheld',
  'not_upheld',
  'withdrawn',
  'term_ended',
  'recalled',
  'paid',
  'complaint',
  'performance',
] as const;
export type CaseEntryOutcome = (typeof CASE_ENTRY_OUTCOMES)[number];

const text = z.string().trim().min(1).max(500);
const monthly = {
  monthlyAmount: amountSchema,
  currency: currencySchema,
  evidence: text.optional(),
};

/** What each kind says beside whose it is and when it holds. */
const DETAILS = {
  default_reason: z.strictObject({ reason: z.enum(DEFAULT_REASONS), text: text.optional() }),
  income: z.strictObject({ ...monthly, source: text }),
  necessary_expense: z.strictObject({ ...monthly, source: text.optional() }),
  other_debt_service: z.strictObject({ ...monthly, source: text.optional() }),
  employment: z.strictObject({ status: z.enum(EMPLOYMENT_STATUSES), employerName: text.optional() }),
  collateral: z.strictObject({
    type: z.enum(COLLATERAL_TYPES),
    description: text,
    valuation: z.strictObject({ amount: amountSchema, currency: currencySchema, on: dateSchema }).optional(),
    ownership: text.optional(),
    encumbered: z.boolean().optional(),
  }),
  complaint: z.strictObject({
    receivedVia: z.enum(RECEIVED_VIA),
    subject: text,
    collectorId: idSchema.optional(),
    regulatorReference: text.optional(),
  }),
  placement: z.strictObject({
    collectorId: idSchema,
    mandate: z.enum(['telephone', 'field', 'legal', 'all']),
    commissionRate: z
      .string()
      .regex(/^0(\.\d{1,6})?$/, 'must be a decimal fraction below 1 as a string, such as "0.2"')
      .optional(),
  }),
  note: z.strictObject({ text: z.string().trim().min(1).max(5000) }),
} as const satisfies Record<CaseEntryKind, z.ZodType>;

/** Those that hold neither an amount, nor a text, nor anything about the person: what everybody reads. */
export const OPEN_DETAILS: Readonly<Record<CaseEntryKind, readonly string[]>> = {
  default_reason: [],
  income: [],
  necessary_expense: [],
  other_debt_service: [],
  employment: [],
  collateral: ['type', 'encumbered'],
  complaint: ['receivedVia', 'collectorId'],
  placement: ['collectorId', 'mandate'],
  note: [],
};

export const newCaseEntrySchema = z
  .strictObject({
    entryId: idSchema.describe('Your id: the same entry again gives the first result'),
    kind: z.enum(CASE_ENTRY_KINDS),
    accountId: idSchema.nullable().default(null).describe('Null: about the customer. Needed for a placement'),
    on: dateSchema.optional().describe("Since when, in the bank's zone; today when left out"),
    until: dateSchema.nullable().default(null).describe('Exclusive; null holds until it is ended'),
    details: z
      .record(z.string(), z.unknown())
      .describe(
        'By kind. default_reason: reason, text. income, necessary_expense, other_debt_service: monthlyAmount, currency, source, evidence. employment: status, employerName. collateral: type, description, valuation, ownership, encumbered. complaint: receivedVia, subject, collectorId, regulatorReference. placement: collectorId, mandate, commissionRate. note: text',
      ),
  })
  .superRefine((entry, context) => {
    const details = (DETAILS as Readonly<Record<string, z.ZodType>>)[entry.kind]?.safeParse(entry.details);
    for (const issue of details?.error?.issues ?? [])
      context.addIssue({ ...issue, path: ['details', ...issue.path] } as Parameters<typeof context.addIssue>[0]);
    if (entry.kind === 'placement' && entry.accountId === null) {
      context.addIssue({
        code: 'custom',
        path: ['accountId'],
        message: 'needed for placement',
        params: { code: 'REQUIRED' },
      });
    }
  })
  .meta({
    id: 'NewCaseEntry',
    examples: [
      {
        entryId: 'E1',
        kind: 'income',
        on: '2026-11-20',
        details: { monthlyAmount: '6500.00', currency: 'CNY', source: 'salary', evidence: 'payslip of October' },
      },
      {
        entryId: 'E2',
        kind: 'complaint',
        on: '2026-11-20',
        details: { receivedVia: 'regulator', subject: 'called at work', collectorId: 'vendor-7' },
      },
      {
        entryId: 'E3',
        kind: 'placement',
        accountId: 'A1',
        on: '2026-11-01',
        until: '2027-05-01',
        details: { collectorId: 'vendor-7', mandate: 'telephone' },
      },
    ],
  });

export const endCaseEntrySchema = z
  .strictObject({
    on: dateSchema.optional().describe('The first day on which it holds no more; today when left out'),
    outcome: z
      .enum(CASE_ENTRY_OUTCOMES)
      .nullable()
      .default(null)
      .describe(
        'Needed for a complaint (upheld, partly_upheld, not_upheld, withdrawn) and a placement (term_ended, recalled, paid, complaint, performance), and for no other kind',
      ),
    text: text.nullable().default(null),
  })
  .meta({ id: 'EndCaseEntry', examples: [{ outcome: 'upheld', text: 'apology sent' }, {}, { outcome: 'recalled' }] });

export const caseEntrySchema = z
  .object({
    entryId: z.string(),
    customerId: z.string(),
    kind: z.enum(CASE_ENTRY_KINDS),
    accountId: z.string().nullable(),
    on: z.string(),
    until: z.string().nullable(),
    details: z
      .record(z.string(), z.unknown())
      .describe('As they were sent; null in place of each personal one when masked'),
    inForce: z.boolean(),
    endedOn: z.string().nullable(),
    outcome: z.enum(CASE_ENTRY_OUTCOMES).nullable(),
    endText: z.string().nullable(),
    masked: z.boolean().describe('True when amounts and texts are left out, for want of the scope personal-data:read'),
    recordedAt: instantSchema,
  })
  .meta({ id: 'CaseEntry' });

export const caseEntryQuerySchema = z.strictObject({
  kind: z.enum(CASE_ENTRY_KINDS).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(500).optional().describe('The nextCursor of a page with the same filters'),
});

export const caseEntryPageSchema = z
  .object({ items: z.array(caseEntrySchema), nextCursor: z.string().nullable() })
  .meta({ id: 'CaseEntryPage' });

export type NewCaseEntry = z.output<typeof newCaseEntrySchema>;
export type EndCaseEntry = z.output<typeof endCaseEntrySchema>;
export type CaseEntry = z.infer<typeof caseEntrySchema>;
export type CaseEntryQuery = z.output<typeof caseEntryQuerySchema>;
