import { z } from 'zod';
import { formatQuerySchema } from '../contact/schemas.ts';
import { REASON_CODES } from '../rules/contact/policy.ts';
import { idSchema } from '../validation.ts';

const source = {
  dialerId: idSchema.optional().describe('Which dialer calls; needed of a client that has several of this platform'),
};
const token = z.string().max(100).optional().describe('The URL token, where no header can be sent');

export const sourceQuerySchema = z.strictObject(source);
export const tokenQuerySchema = z.strictObject({ ...source, token });
export const formatSourceQuerySchema = z.strictObject({ ...source, ...formatQuerySchema.shape });

/** Says in the documents that a vendor may send more than is read here. */
const OPEN = { additionalProperties: true };

/** An object of a vendor: the fields that are read here, and whatever stands beside them. */
export function vendors<Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<Shape> {
  return z.object(shape).meta(OPEN);
}

type Value = string | number | boolean | null;
type FlatValue = Value | readonly Value[] | Readonly<Record<string, Value>>;

const isScalar = (value: unknown): value is Value => value === null || typeof value !== 'object';
const isFlat = (value: unknown): value is FlatValue =>
  isScalar(value) || Object.values(value as object).every(isScalar);

/** A record in the vendor's own shape: what is mapped is read, most means nothing here, and what is nested deeper is left out. */
export const vendorRecordSchema = z
  .record(z.string(), z.unknown())
  .overwrite((record) => Object.fromEntries(Object.entries(record).filter(([, value]) => isFlat(value))))
  .meta({
    id: 'VendorRecord',
    ...OPEN,
    examples: [
      {
        requestId: 'dialer-7:call-123',
        attemptId: 'dialer-7:call-123',
        customerId: 'C1',
        address: '13800138000',
        callerNumber: '95588',
        collector: { kind: 'creditor', id: 'bank' },
      },
      {
        GSW_CALL_ATTEMPT_GUID: '01N4A1UIG0BNP3J1I4CGQ2LAES000001',
        GSW_CUSTOMER_ID: 'C1',
        GSW_PHONE: '13800138000',
        GSW_CAMPAIGN_NAME: 'Late stage',
      },
    ],
  });

/** Properties in a URL: ids and codes. What no field of the dialer is read from is refused, so that no number gets in. */
export const eventQuerySchema = z.object({ ...source, token }).catchall(z.union([z.string(), z.array(z.string())]));

/** Why a number is not to be dialled that is none: no rule was asked, and nothing is recorded. */
export const invalidNumberSchema = z
  .object({
    permitted: z.literal(false),
    decision: z.literal('DENY'),
    reasonCode: z.enum(REASON_CODES),
    reasonText: z.string(),
    nextPermittedAt: z.null(),
  })
  .meta({ id: 'InvalidNumber' });
