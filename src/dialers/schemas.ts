import { z } from 'zod';
import { collectorSchema } from '../contact/schemas.ts';
import { networkList } from '../networks.ts';
import { CHANNELS, PURPOSES, REPORTED_OUTCOMES } from '../rules/contact/facts.ts';
import { idSchema, instantSchema } from '../validation.ts';

/** Whose shape a dialer speaks. */
export const PLATFORMS = ['genesys-ocs', 'amazon-connect', 'asterisk', 'freeswitch', 'vicidial'] as const;
export type Platform = (typeof PLATFORMS)[number];

/** What can be read from a vendor's record: fields of a permission request, of an attempt report, and where to go on. */
export const MAPPED_FIELDS = [
  'requestId',
  'customerId',
  'accountIds',
  'partyId',
  'contactPointId',
  'address',
  'channel',
  'purpose',
  'automated',
  'ringless',
  'recording',
  'callerNumber',
  'collector',
  'presentsAs',
  'inReplyTo',
  'attemptId',
  'reservationId',
  'direction',
  'startedAt',
  'endedAt',
  'outcome',
  'stage',
  'bridge',
  'transfer',
] as const;
export type MappedField = (typeof MAPPED_FIELDS)[number];

/** Routes that a URL token may open: those of dialers that cannot send a header. */
export const TOKEN_ROUTES = ['pre-dial', 'call-reports', 'events'] as const;
export type TokenRoute = (typeof TOKEN_ROUTES)[number];

const outcome = z.enum(REPORTED_OUTCOMES);
const propertyNames = z.array(z.string().min(1).max(100)).max(10);

/** A result as the vendor writes it: a short code, never text about a person. */
export const resultCodeSchema = z.string().regex(/^[A-Za-z0-9._ -]{1,40}$/, 'must be 1 to 40 letters, digits or . _ -');

const digits = z.string().regex(/^\+?\d{0,8}$/, 'must be up to eight digits');
const numberPrefix = z.strictObject({
  strip: digits.describe('What the number starts with'),
  add: digits.default('').describe('What takes its place'),
  length: z
    .int()
    .min(3)
    .max(20)
    .optional()
    .describe('Digits of the numbers it is for, the prefix included; any when left out'),
});

/** An address or a network, `203.0.113.7` or `2001:db8::/32`. */
const network = z
  .string()
  .max(50)
  .refine((text) => networkList([text]) !== null, 'must be an IP address or a network such as 203.0.113.0/24');

/** What a platform brings along and a dialer may override, entry by entry. */
const overridable = {
  fields: z
    .partialRecord(z.enum(MAPPED_FIELDS), propertyNames)
    .describe("For each of our fields the vendor's properties it is read from, the first that has a value"),
  outcomes: z.record(resultCodeSchema, outcome).describe("The vendor's result codes and what they mean here"),
};

export const dialerInputSchema = z
  .strictObject({
    clientId: idSchema.describe('The API client whose key or URL token it uses'),
    platform: z.enum(PLATFORMS),
    collector: collectorSchema.optional().describe("Left out: that of the client's key"),
    channel: z.enum(CHANNELS).optional().describe('Where the record names none; voice when left out'),
    purpose: z.enum(PURPOSES).optional().describe('Where the record names none'),
    callerNumber: z
      .string()
      .regex(/^[+0-9() -]{2,30}$/)
      .optional()
      .describe('The number the person will see, where the record names none'),
    automated: z.boolean().optional().describe('Where the record does not say'),
    recording: z.boolean().optional().describe('Where the record does not say'),
    numberPrefixes: z
      .array(numberPrefix)
      .max(20)
      .default([])
      .describe('Trunk and dialling prefixes of its numbers; the first that fits is applied'),
    fields: overridable.fields.default({}),
    outcomes: overridable.outcomes.default({}),
    defaultOutcome: outcome.optional().describe('For result codes that the map does not know'),
    onPermitted: z
      .strictObject({ application: z.enum(['bridge', 'transfer']), data: z.string().min(1).max(500) })
      .optional()
      .describe('FreeSWITCH: how a permitted call goes on, where the call does not say'),
    allowedNetworks: z.array(network).max(50).default([]).describe('From where it may call; empty: from anywhere'),
  })
  .superRefine(({ platform, onPermitted }, context) => {
    if (onPermitted && platform !== 'freeswitch')
      context.addIssue({ code: 'custom', path: ['onPermitted'], message: 'is for freeswitch alone' });
  })
  .meta({
    id: 'PutDialer',
    examples: [
      {
        clientId: 'dialer-7',
        platform: 'genesys-ocs',
        collector: { kind: 'third_party', id: 'vendor-7' },
        callerNumber: '95588',
        numberPrefixes: [{ strip: '9', add: '', length: 12 }],
        fields: { customerId: ['CRM_CUSTOMER'], contactPointId: ['CRM_PHONE_ID'] },
        outcomes: { '51': 'refused' },
        defaultOutcome: 'answered',
        allowedNetworks: ['203.0.113.0/24'],
      },
    ],
  });

const { platform, ...rest } = dialerInputSchema.shape;
/** What of a dialer is kept as one document. */
export const dialerConfigSchema = z.object(rest).omit({ clientId: true });

export const dialerSchema = z
  .object({
    dialerId: z.string(),
    clientId: z.string(),
    platform,
    collector: z
      .object({ kind: collectorSchema.shape.kind, id: z.string(), carrier: z.string().nullable() })
      .nullable(),
    channel: z.enum(CHANNELS).nullable(),
    purpose: z.enum(PURPOSES).nullable(),
    callerNumber: z.string().nullable(),
    automated: z.boolean().nullable(),
    recording: z.boolean().nullable(),
    numberPrefixes: z.array(z.object({ strip: z.string(), add: z.string(), length: z.int().nullable() })),
    fields: overridable.fields,
    outcomes: overridable.outcomes,
    defaultOutcome: outcome.nullable(),
    onPermitted: z.object({ application: z.enum(['bridge', 'transfer']), data: z.string() }).nullable(),
    allowedNetworks: z.array(z.string()),
    createdAt: instantSchema,
    updatedAt: instantSchema,
  })
  .meta({ id: 'Dialer' });

export const dialerListSchema = z.object({ items: z.array(dialerSchema) }).meta({ id: 'DialerList' });

/** A platform as its file under `platforms/` describes it. */
export const platformSchema = z
  .strictObject({
    platform,
    title: z.string().min(1),
    fields: overridable.fields,
    outcomes: overridable.outcomes,
    defaultOutcome: outcome.describe(
      'For result codes that the map does not know: it counts, so no cap is passed over',
    ),
    stages: z
      .strictObject({
        started: z.array(z.string()).describe('Values of `stage` in the first report of a call'),
        startedOutcome: outcome.describe('What such a report says of the call'),
      })
      .nullable()
      .describe('Null: each report is the last of its call'),
    tokenRoutes: z.array(z.enum(TOKEN_ROUTES)).describe('Routes a URL token may open, because it cannot send a header'),
  })
  .meta({ id: 'DialerPlatform' });

export const platformListSchema = z.object({ items: z.array(platformSchema) }).meta({ id: 'DialerPlatformList' });

export const newUrlTokenSchema = z
  .strictObject({
    route: z.enum(TOKEN_ROUTES).describe('The one route it opens'),
    overlapSeconds: z
      .int()
      .min(0)
      .max(2_592_000)
      .default(0)
      .describe('How long the older tokens of the route stay valid'),
  })
  .meta({ id: 'NewDialerUrlToken', examples: [{ route: 'events', overlapSeconds: 3600 }, { route: 'pre-dial' }] });

export const urlTokenSchema = z
  .object({
    dialerId: z.string(),
    route: z.enum(TOKEN_ROUTES),
    path: z.string().describe('The path it opens'),
    token: z.string().describe('The secret, shown this once: give it as `?token=…`'),
    createdAt: instantSchema,
  })
  .meta({ id: 'DialerUrlToken' });

export const urlTokenRevocationSchema = z
  .strictObject({ route: z.enum(TOKEN_ROUTES) })
  .meta({ id: 'RevokeDialerUrlTokens', examples: [{ route: 'events' }] });

export const revokedUrlTokensSchema = z
  .object({
    dialerId: z.string(),
    route: z.enum(TOKEN_ROUTES),
    revoked: z.int().describe('Tokens that were valid until now'),
  })
  .meta({ id: 'RevokedDialerUrlTokens' });

export type DialerInput = z.output<typeof dialerInputSchema>;
export type DialerConfig = z.output<typeof dialerConfigSchema>;
export type Dialer = z.infer<typeof dialerSchema>;
export type PlatformDefaults = z.output<typeof platformSchema>;
export type NewUrlToken = z.output<typeof newUrlTokenSchema>;
export type UrlToken = z.infer<typeof urlTokenSchema>;
export type RevokedUrlTokens = z.infer<typeof revokedUrlTokensSchema>;
