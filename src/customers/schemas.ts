import { z } from 'zod';
import { CONTACT_POINT_KINDS, ROLES } from '../rules/contact/facts.ts';
import { dateSchema, idSchema, instantSchema } from '../validation.ts';

const LINES = ['mobile', 'landline', 'work'] as const;
const CONTACT_POINT_STATUSES = ['active', 'invalid'] as const;
const PLACES = ['home', 'work'] as const;
const PROVENANCE_SOURCES = ['consumer', 'creditor', 'prior_collector', 'other'] as const;

/** Exactly as the time zone database writes it, so that one zone has one spelling; an offset is no zone. */
function isZone(name: string): boolean {
  try {
    return /^[A-Z]/.test(name) && new Temporal.ZonedDateTime(0n, name).timeZoneId === name;
  } catch {
    return false;
  }
}

function isUnique(list: readonly string[]): boolean {
  return new Set(list).size === list.length;
}

export const zoneSchema = z.string().max(64).refine(isZone, 'must be an IANA time zone, such as Asia/Shanghai');
const zonesSchema = z.array(zoneSchema).max(10).refine(isUnique, 'must not repeat a zone');

/** A person's name; one that was masked by this service is refused, or a read and write back would destroy it. */
const nameSchema = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .regex(/^[^*\p{Cc}]*$/u, 'must be a name that is not masked');

/** A day on which somebody now alive may have been born; the future is refused where the day is known. */
const birthDateSchema = z.iso.date({ abort: true }).refine((text) => text >= '1880', 'must be a day since 1880');

const jurisdictionsSchema = z
  .array(z.string().regex(/^[A-Z]{2}(-[A-Z0-9]{1,6})?$/, 'must be a code such as CN or US-MA'))
  .min(1)
  .max(10)
  .refine(isUnique, 'must not repeat a jurisdiction');

const provenanceSchema = z.strictObject({
  source: z.enum(PROVENANCE_SOURCES),
  noticeSentOn: dateSchema.nullable().default(null),
  optOutBy: dateSchema.nullable().default(null),
});

const contactPointInputSchema = z.strictObject({
  contactPointId: idSchema.describe('Unique within the customer'),
  kind: z.enum(CONTACT_POINT_KINDS),
  value: z
    .string()
    .min(1)
    .max(300)
    .describe('The number or address as you have it; numbers are stored as E.164, China being the default country'),
  line: z.enum(LINES).nullable().default(null),
  status: z.enum(CONTACT_POINT_STATUSES).default('active'),
  place: z.enum(PLACES).nullable().default(null).describe('Where a landline or a postal address stands'),
  timeZones: zonesSchema.default([]).describe('Empty: those of the customer. All of them must be inside the window'),
  verifiedOn: dateSchema.nullable().default(null).describe('Last check that the number was not reassigned'),
  provenance: provenanceSchema.nullable().default(null),
});

const partyInputSchema = z.strictObject({
  partyId: idSchema,
  role: z.enum(ROLES),
  name: nameSchema,
  socialCreditCode: z
    .string()
    .max(64)
    .regex(/^[^*]*$/, 'must not be masked')
    .nullable()
    .default(null)
    .describe('Unified social credit code of an organisation or a business: 18 digits and letters'),
  contactPoints: z.array(contactPointInputSchema).max(20).default([]),
});

export const customerInputSchema = z
  .strictObject({
    name: nameSchema,
    residentId: z
      .string()
      .trim()
      .min(1)
      .max(64)
      .regex(/^[^*]*$/, 'must not be masked')
      .nullable()
      .default(null),
    birthDate: birthDateSchema.nullable().default(null),
    language: z
      .string()
      .regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$/, 'must be a language tag such as zh-CN')
      .default('zh-CN'),
    jurisdictions: jurisdictionsSchema.default(['CN']).describe('They choose the policy packs'),
    timeZones: zonesSchema
      .nullable()
      .default(null)
      .describe('Default: Asia/Shanghai where CN comes first, else none known'),
    region: z
      .string()
      .regex(/^[A-Z]{2}-[A-Z0-9]{1,3}$/, 'must be an ISO 3166-2 code such as CN-65')
      .nullable()
      .default(null),
    parties: z.array(partyInputSchema).max(20).describe('Exactly one of them is the debtor'),
  })
  .meta({
    id: 'PutCustomer',
    examples: [
      {
        name: '张三',
        residentId: '11010519491231002X',
        language: 'zh-CN',
        jurisdictions: ['CN'],
        timeZones: ['Asia/Shanghai'],
        parties: [
          {
            partyId: 'self',
            role: 'debtor',
            name: '张三',
            contactPoints: [
              { contactPointId: 'm1', kind: 'phone', value: '13800138000', line: 'mobile', status: 'active' },
            ],
          },
          {
            partyId: 'friend',
            role: 'contact',
            name: '李四',
            contactPoints: [{ contactPointId: 'm2', kind: 'phone', value: '13900139000' }],
          },
        ],
      },
    ],
  });

export const RESIDENT_ID_CHECKS = [
  'valid',
  'wrong_check_character',
  'wrong_date',
  'wrong_region',
  'unchecked',
] as const;
export type ResidentIdCheck = (typeof RESIDENT_ID_CHECKS)[number];

const contactPointSchema = z
  .object({
    contactPointId: z.string(),
    kind: z.enum(CONTACT_POINT_KINDS),
    value: z.string().describe('Normalised; masked unless the caller may read personal data'),
    line: z.enum(LINES).nullable(),
    status: z.enum(CONTACT_POINT_STATUSES),
    place: z.enum(PLACES).nullable(),
    timeZones: z.array(z.string()),
    verifiedOn: z.string().nullable(),
    sharedPhone: z.boolean().describe('Another person on file has this number too: a mark, not a reason to merge'),
    provenance: z
      .object({
        source: z.enum(PROVENANCE_SOURCES),
        noticeSentOn: z.string().nullable(),
        optOutBy: z.string().nullable(),
      })
      .meta({ id: 'Provenance' })
      .nullable(),
  })
  .meta({ id: 'ContactPoint' });

export const customerSchema = z
  .object({
    customerId: z.string(),
    name: z.string(),
    residentId: z.string().nullable(),
    residentIdCheck: z
      .enum(RESIDENT_ID_CHECKS)
      .nullable()
      .describe(
        'Whether the number can be right; only one that can be is matched with others. unchecked: not of China',
      ),
    birthDate: z.string().nullable(),
    language: z.string(),
    jurisdictions: z.array(z.string()),
    timeZones: z.array(z.string()),
    region: z.string().nullable(),
    parties: z.array(
      z
        .object({
          partyId: z.string(),
          role: z.enum(ROLES),
          name: z.string(),
          socialCreditCode: z.string().nullable(),
          socialCreditCodeValid: z.boolean().nullable(),
          contactPoints: z.array(contactPointSchema),
        })
        .meta({ id: 'Party' }),
    ),
    sameAs: z.array(z.string()).describe('The other customers that are the same person'),
    survivorId: z
      .string()
      .nullable()
      .describe('Of several customers of one person, the one that the others were merged into; null for one alone'),
    masked: z
      .boolean()
      .describe('True when names, ids and addresses are masked, for want of the scope personal-data:read'),
    updatedAt: instantSchema,
  })
  .meta({ id: 'Customer' });

const SEARCH_BY = ['customerId', 'accountId', 'residentId', 'phone'] as const;

export const customerSearchSchema = z
  .strictObject({
    customerId: idSchema.optional(),
    accountId: idSchema.optional(),
    residentId: z.string().trim().min(1).max(64).optional(),
    phone: z
      .string()
      .min(1)
      .max(40)
      .optional()
      .describe('Of anybody around the customer; China is the default country'),
    limit: z.int().min(1).max(200).default(50),
    cursor: z.string().max(500).optional(),
  })
  .refine((search) => SEARCH_BY.filter((by) => search[by] !== undefined).length === 1, {
    message: 'needs exactly one of customerId, accountId, residentId and phone',
  })
  .meta({ id: 'CustomerSearch', examples: [{ phone: '13800138000' }, { residentId: '11010519491231002X' }] });

export const customerSearchPageSchema = z
  .object({
    items: z.array(
      z.object({ customer: customerSchema, accountIds: z.array(z.string()) }).meta({ id: 'FoundCustomer' }),
    ),
    nextCursor: z.string().nullable(),
  })
  .meta({ id: 'CustomerSearchPage' });

export type CustomerInput = z.output<typeof customerInputSchema>;
export type Customer = z.infer<typeof customerSchema>;
export type ContactPoint = z.infer<typeof contactPointSchema>;
export type CustomerSearch = z.output<typeof customerSearchSchema>;
export type CustomerSearchPage = z.infer<typeof customerSearchPageSchema>;
