import { z } from 'zod';
import { CHANNELS, DIRECTIVE_KINDS } from '../rules/contact/facts.ts';
import { WEEKDAYS } from '../rules/time/windows.ts';
import { idSchema, instantSchema } from '../validation.ts';

const time = z.string().regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, 'must be HH:mm; 24:00 is allowed as an end');
const windowSchema = z
  .strictObject({ days: z.array(z.enum(WEEKDAYS)).min(1).max(7).optional(), from: time, to: time })
  .refine((window) => window.from < window.to, {
    message: 'must be after `from`; split a window at midnight',
    path: ['to'],
  });
const windows = z.array(windowSchema).min(1).max(21);

/** What each kind says beside whom it is about and when it holds; kinds that are not named here say nothing more. */
const DETAILS = {
  hours_consent: z.strictObject({ windows }),
  time_restriction: z.strictObject({ windows }),
  place_restriction: z.strictObject({
    places: z
      .array(z.enum(['home', 'work']))
      .min(1)
      .max(2),
  }),
  dispute: z.strictObject({
    amount: z
      .string()
      .regex(/^\d{1,15}(\.\d{1,4})?$/)
      .optional(),
  }),
  moratorium: z.strictObject({ type: z.enum(['breathing_space', 'mental_health_crisis']) }),
  vendor_notice: z.strictObject({ collectorId: idSchema }),
  call_consent: z.strictObject({ collectorId: idSchema }),
  private_line_approval: z.strictObject({ collectorId: idSchema }),
  represented: z.strictObject({ lawyerPartyId: idSchema.optional() }),
} as const;
const NO_DETAILS = z.strictObject({});

export const newDirectiveSchema = z
  .strictObject({
    directiveId: idSchema
      .optional()
      .describe('Your id: the same directive again gives the first result. Made when left out'),
    kind: z.enum(DIRECTIVE_KINDS),
    partyId: idSchema.nullable().default(null),
    contactPointId: idSchema.nullable().default(null),
    accountId: idSchema.nullable().default(null),
    channel: z.enum(CHANNELS).nullable().default(null),
    from: instantSchema.optional().describe('Now when left out'),
    until: instantSchema.nullable().default(null).describe('Exclusive; null holds until it is ended'),
    details: z
      .record(z.string(), z.unknown())
      .default({})
      .describe(
        'By kind. hours_consent, time_restriction: windows. place_restriction: places. dispute: amount. moratorium: type. vendor_notice, call_consent, private_line_approval: collectorId. represented: lawyerPartyId',
      ),
  })
  .superRefine((directive, context) => {
    const schema: z.ZodType = (DETAILS as Partial<Record<string, z.ZodType>>)[directive.kind] ?? NO_DETAILS;
    const details = schema.safeParse(directive.details);
    for (const issue of details.error?.issues ?? [])
      context.addIssue({ ...issue, path: ['details', ...issue.path] } as Parameters<typeof context.addIssue>[0]);
    if (directive.kind === 'channel_opt_out' && directive.channel === null) {
      context.addIssue({
        code: 'custom',
        path: ['channel'],
        message: 'needed for channel_opt_out',
        params: { code: 'REQUIRED' },
      });
    }
    if (directive.kind === 'address_opt_out' && directive.contactPointId === null) {
      context.addIssue({
        code: 'custom',
        path: ['contactPointId'],
        message: 'needed for address_opt_out',
        params: { code: 'REQUIRED' },
      });
    }
  })
  .meta({
    id: 'NewDirective',
    examples: [
      {
        directiveId: 'D1',
        kind: 'hours_consent',
        partyId: 'self',
        from: '2026-11-01T00:00:00+08:00',
        details: { windows: [{ days: ['mon', 'tue'], from: '22:00', to: '23:00' }] },
      },
    ],
  });

export const endDirectiveSchema = z
  .strictObject({ at: instantSchema.optional().describe('Now when left out; not in the future') })
  .meta({ id: 'EndDirective', examples: [{ at: '2026-11-23T09:00:00+08:00' }, {}] });

export const directiveSchema = z
  .object({
    directiveId: z.string(),
    customerId: z.string(),
    kind: z.enum(DIRECTIVE_KINDS),
    partyId: z.string().nullable(),
    contactPointId: z.string().nullable(),
    accountId: z.string().nullable(),
    channel: z.enum(CHANNELS).nullable(),
    from: instantSchema,
    until: instantSchema.nullable(),
    details: z.record(z.string(), z.unknown()),
    inForce: z.boolean(),
    recordedAt: instantSchema,
    endedAt: instantSchema.nullable(),
  })
  .meta({ id: 'Directive' });

export const directiveListSchema = z.object({ items: z.array(directiveSchema) }).meta({ id: 'DirectiveList' });

export type NewDirective = z.output<typeof newDirectiveSchema>;
export type Directive = z.infer<typeof directiveSchema>;
