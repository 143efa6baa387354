import { z } from 'zod';
import { amountSchema, signedAmountSchema } from '../accounts/schemas.ts';
import { dateSchema, idSchema, instantSchema } from '../validation.ts';

export const statementParamsSchema = z.strictObject({
  accountId: idSchema,
  statementOn: dateSchema.describe('The statement day'),
});

export const statementInputSchema = z
  .strictObject({
    previousBalance: signedAmountSchema,
    paymentsTotal: amountSchema,
    newCharges: amountSchema,
    adjustments: signedAmountSchema.describe('What was taken off; negative for what was put on'),
    interest: amountSchema,
    statementBalance: signedAmountSchema,
    minimumDue: amountSchema,
    dueOn: dateSchema,
    creditLimit: amountSchema.nullable().default(null),
  })
  .meta({
    id: 'PutStatement',
    examples: [
      {
        previousBalance: '7000.00',
        paymentsTotal: '500.00',
        newCharges: '1800.00',
        adjustments: '0.00',
        interest: '110.50',
        statementBalance: '8410.50',
        minimumDue: '841.05',
        dueOn: '2026-11-25',
        creditLimit: '50000.00',
      },
    ],
  });

const amount = z.string().describe("Major units with exactly the currency's decimals");

export const statementSchema = z
  .object({
    accountId: z.string(),
    customerId: z.string(),
    statementOn: z.string(),
    currency: z.string(),
    previousBalance: amount,
    paymentsTotal: amount,
    newCharges: amount,
    adjustments: amount,
    interest: amount,
    statementBalance: amount,
    minimumDue: amount,
    dueOn: z.string(),
    creditLimit: amount.nullable(),
    identity: z
      .object({ holds: z.boolean(), difference: amount })
      .meta({ id: 'StatementIdentity' })
      .describe(
        'Whether the balance is previousBalance − paymentsTotal + newCharges − adjustments + interest, and what it is above it',
      ),
    continuity: z
      .object({ previousStatementOn: z.string(), holds: z.boolean(), difference: amount })
      .meta({ id: 'StatementContinuity' })
      .nullable()
      .describe('Whether previousBalance is the balance of the statement before; null when none is on file'),
    version: z.int().describe('2 and more: corrected; earlier versions are kept'),
    recordedAt: instantSchema,
  })
  .meta({ id: 'Statement' });

export const statementQuerySchema = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(500).optional(),
});

export const statementPageSchema = z
  .object({ items: z.array(statementSchema), nextCursor: z.string().nullable() })
  .meta({ id: 'StatementPage' });

export type StatementInput = z.output<typeof statementInputSchema>;
export type Statement = z.infer<typeof statementSchema>;
export type StatementPage = z.infer<typeof statementPageSchema>;
