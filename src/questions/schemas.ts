import { z } from 'zod';
import { accountInputSchema } from '../accounts/schemas.ts';
import { attemptReportSchema } from '../attempts/schemas.ts';
import { checkAddressing, permissionAnswerSchema, permissionRequestSchema } from '../contact/schemas.ts';
import { customerInputSchema } from '../customers/schemas.ts';
import { newDirectiveSchema } from '../directives/schemas.ts';
import { CHANGES } from '../rules/contact/counterfactual.ts';
import { CHANNELS, DIRECTIVE_KINDS, PURPOSES } from '../rules/contact/facts.ts';
import { REASON_CODES, SCOPES, STRENGTHS } from '../rules/contact/policy.ts';
import { dateSchema, idSchema, instantSchema } from '../validation.ts';

/** A version of a pack as it stands on every decision. */
export const versionIdSchema = z
  .string()
  .regex(/^[a-z0-9-]{2,40}@\d{4}-\d{2}-\d{2}$/, 'must be pack@version, such as us-nyc@2026-09-01');

export const simulatedCustomerSchema = customerInputSchema
  .extend({ customerId: idSchema })
  .meta({ id: 'SimulatedCustomer' });
export const simulatedAccountSchema = accountInputSchema
  .extend({ accountId: idSchema })
  .meta({ id: 'SimulatedAccount' });

export const simulatedPlanSchema = z
  .strictObject({
    planId: idSchema,
    accountId: idSchema,
    type: z.string().min(1).max(64),
    status: z.enum(['agreed', 'active', 'kept', 'broken', 'renegotiated']),
    agreedOn: dateSchema,
  })
  .meta({ id: 'SimulatedPlan' });

export const simulatedReservationSchema = permissionRequestSchema
  .safeExtend({
    reservationId: z.string().min(1).max(64),
    reservedAt: instantSchema,
    status: z
      .enum(['live', 'released'])
      .default('live')
      .describe('live: counts until an attempt reports its outcome, however long ago it was taken'),
  })
  .meta({ id: 'SimulatedReservation' });

const debtor = { partyId: 'self', role: 'debtor' as const, name: '张三' };
const phone = { contactPointId: 'm1', kind: 'phone' as const, value: '13800138000', line: 'mobile' as const };

export const simulationSchema = z
  .strictObject({
    customer: simulatedCustomerSchema,
    accounts: z.array(simulatedAccountSchema).max(200).default([]),
    attempts: z.array(attemptReportSchema).max(2000).default([]).describe('Reported in the order of their starts'),
    directives: z.array(newDirectiveSchema).max(200).default([]),
    plans: z.array(simulatedPlanSchema).max(200).default([]),
    reservations: z.array(simulatedReservationSchema).max(500).default([]),
    request: permissionRequestSchema.describe('Answered as a check, at `at` or now'),
    policyVersions: z
      .array(versionIdSchema)
      .min(1)
      .max(20)
      .optional()
      .describe('These decide, whatever their dates; those in force when left out'),
  })
  .meta({
    id: 'Simulation',
    examples: [
      {
        customer: { customerId: 'C1', name: '张三', parties: [{ ...debtor, contactPoints: [phone] }] },
        accounts: [
          {
            accountId: 'A1',
            customerId: 'C1',
            currency: 'CNY',
            asOf: '2026-11-20T00:00:00+08:00',
            pastDueSince: '2026-08-20',
            balances: { principal: '8000.00', interest: '600.00', penalty: '100.00', fees: '0.00' },
          },
        ],
        attempts: [
          {
            attemptId: 'call-1',
            customerId: 'C1',
            contactPointId: 'm1',
            channel: 'voice',
            startedAt: '2026-11-23T09:50:00+08:00',
            outcome: 'no_answer',
            collector: { kind: 'creditor', id: 'bank' },
          },
        ],
        directives: [],
        request: {
          at: '2026-11-23T10:00:00+08:00',
          customerId: 'C1',
          contactPointId: 'm1',
          channel: 'voice',
          callerNumber: '95588',
          collector: { kind: 'creditor', id: 'bank' },
        },
      },
    ],
  });

const { mode: _, requestId: __, record: ___, ...asked } = permissionRequestSchema.shape;
const exampleQuestion = {
  customerId: 'C1',
  contactPointId: 'm1',
  channel: 'voice',
  callerNumber: '95588',
  collector: { kind: 'creditor', id: 'bank' },
} as const;

/** A question that takes nothing and is not kept. */
export const questionSchema = z
  .strictObject(asked)
  .superRefine(checkAddressing)
  .meta({ id: 'ContactQuestion', examples: [{ ...exampleQuestion, at: '2026-11-23T22:30:00+08:00' }] });

export const counterfactualSchema = z
  .object({
    code: z.enum(CHANGES),
    change: z
      .object({
        contactPointId: z.string().nullable(),
        channel: z.enum(CHANNELS).nullable(),
        purpose: z.enum(PURPOSES).nullable(),
        directiveKind: z.enum(DIRECTIVE_KINDS).nullable(),
        directiveId: z.string().nullable(),
        timeZone: z.string().nullable(),
      })
      .meta({ id: 'ContactChange' })
      .describe('What would be another; null: stays as it was asked'),
    permitted: z.boolean().describe('Always true: what would not help is not listed'),
    nextPermittedAt: instantSchema.describe('The instant asked about; for WAIT the end of the wait'),
    text: z.string(),
  })
  .meta({ id: 'Counterfactual' });

export const explanationSchema = permissionAnswerSchema
  .omit({ permissionToken: true })
  .extend({
    counterfactuals: z
      .array(counterfactualSchema)
      .describe('Each single change that alone would turn the refusal into a permission; none for a permission'),
  })
  .meta({ id: 'Explanation' });

export const budgetRequestSchema = z
  .strictObject({
    ...asked,
    days: z.int().min(1).max(31).default(7).describe('How far ahead contacts are planned, from `at` or now'),
    contacts: z.int().min(0).max(100).default(10).describe('How many contacts are planned at most'),
    minutesApart: z.int().min(1).max(44_640).default(1).describe('Least time from one planned contact to the next'),
  })
  .superRefine(checkAddressing)
  .meta({ id: 'BudgetRequest', examples: [{ ...exampleQuestion, days: 7, contacts: 5 }] });

export const budgetSchema = z
  .object({
    ruleId: z.string(),
    pack: z.string(),
    code: z.enum(REASON_CODES),
    strength: z.enum(STRENGTHS),
    refuses: z.boolean().describe('False: a full cap warns and does not refuse'),
    scope: z.enum(SCOPES),
    accountId: z.string().nullable().describe('The account that has used most, where accounts are counted apart'),
    used: z.int(),
    max: z.int(),
    remaining: z.int(),
    windowFrom: instantSchema,
    windowTo: instantSchema,
    countedAttemptIds: z.array(z.string()),
    slotsReturnAt: z
      .array(instantSchema)
      .describe('When each used slot is free again if nothing else happens; one that never is, is left out'),
  })
  .meta({ id: 'ContactBudget' });

export const budgetAnswerSchema = z
  .object({
    evaluatedAt: instantSchema,
    policyVersion: z.string(),
    permitted: z.boolean(),
    nextPermittedAt: instantSchema.nullable(),
    budgets: z.array(budgetSchema).describe('Every cap that applies to such a contact'),
    schedule: z
      .array(instantSchema)
      .describe('Contacts that are all permitted, one after the other, whatever the ones before come to'),
  })
  .meta({ id: 'BudgetAnswer' });

export type Simulation = z.output<typeof simulationSchema>;
export type SimulatedPlan = z.output<typeof simulatedPlanSchema>;
export type SimulatedReservation = z.output<typeof simulatedReservationSchema>;
export type Question = z.output<typeof questionSchema>;
export type Explanation = z.infer<typeof explanationSchema>;
export type BudgetRequest = z.output<typeof budgetRequestSchema>;
export type BudgetAnswer = z.infer<typeof budgetAnswerSchema>;
