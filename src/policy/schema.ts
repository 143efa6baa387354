import { z } from 'zod';
import {
  ACCOUNT_STATUSES,
  CHANNELS,
  COLLECTOR_KINDS,
  CONTACT_POINT_KINDS,
  DIRECTIVE_KINDS,
  MORATORIUM_TYPES,
  OUTCOMES,
  PLACES,
  PROVENANCE_SOURCES,
  PURPOSES,
  ROLES,
} from '../rules/contact/facts.ts';
import { REASON_CODES, SCOPES, STRENGTHS } from '../rules/contact/policy.ts';
import { sideOf } from '../rules/ledger/allocate.ts';
import { KINDS } from '../rules/ledger/components.ts';
import { DISTRIBUTION_STEPS } from '../rules/ledger/distribute.ts';
import { DAY_COUNTS } from '../rules/ledger/interest.ts';
import { isAmount } from '../rules/money/money.ts';
import { WEEKDAYS } from '../rules/time/windows.ts';

/** The written form of a pack: one YAML file a lawyer can read. Unknown words are refused, with the line. */

function succeeds(attempt: () => unknown): boolean {
  try {
    attempt();
    return true;
  } catch {
    return false;
  }
}

const zone = z.string().refine((timeZone) => succeeds(() => Intl.DateTimeFormat('en', { timeZone })), {
  error: (issue) => `unknown time zone ${issue.input}`,
});
const pattern = z.string().refine((source) => succeeds(() => new RegExp(source)), 'no valid regular expression');
const text = z.strictObject({ zh: z.string().min(1), en: z.string().min(1) });
const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/);
export const windowSchema = z
  .strictObject({
    days: z.array(z.enum(WEEKDAYS)).min(1).optional(),
    from: time,
    to: time,
    toInclusive: z.literal(true).optional(),
    fromExclusive: z.literal(true).optional(),
    on: z.enum(['holidays', 'workdays']).optional(),
  })
  .refine((window) => window.from < window.to, { message: '`from` must be before `to`', path: ['to'] });

const directions = z.array(z.enum(['outbound', 'inbound'])).min(1);
const some = <const T extends readonly string[]>(words: T) => z.array(z.enum(words)).min(1);
const carrier = z.string().regex(/^[a-z0-9._-]{1,64}$/);
const region = z.string().regex(/^[A-Z]{2}-[A-Z0-9]{1,3}$/);
const eventFilter = z.strictObject({
  channels: some(CHANNELS),
  outcomes: some(OUTCOMES),
  directions,
  purposes: some(PURPOSES).optional(),
  places: some(PLACES).optional(),
  by: z.enum(['same_collector', 'same_carrier']).optional(),
  misdirected: z.literal('exclude').optional(),
  answerIncomplete: z.literal('exclude').optional(),
});
const coverage = z.strictObject({
  channels: some(CHANNELS).optional(),
  purposes: some(PURPOSES).optional(),
  collectors: some(COLLECTOR_KINDS).optional(),
  carriers: z.array(carrier).min(1).optional(),
});
const when = coverage.extend({
  roles: some(ROLES).optional(),
  automated: z.boolean().optional(),
  ringless: z.boolean().optional(),
  places: some(PLACES).optional(),
  regions: z.array(region).min(1).optional(),
});
const about = z.enum(['customer', 'party', 'addressee', 'accounts']);
const scope = z.enum(SCOPES);
const dayZone = z.enum(['pack', 'person']);
const count = z.int().min(0).max(10_000);
const capWindow = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('day') }),
  z.strictObject({ kind: z.literal('week'), startsOn: z.enum(['mon', 'sun']).optional() }),
  z.strictObject({ kind: z.literal('month') }),
  z.strictObject({ kind: z.literal('ever') }),
  z.strictObject({ kind: z.literal('rolling_days'), days: z.int().min(1).max(366) }),
  z.strictObject({
    kind: z.literal('rolling'),
    minutes: z
      .int()
      .min(1)
      .max(366 * 1440),
  }),
  z.strictObject({
    kind: z.literal('anchored'),
    minutes: z
      .int()
      .min(1)
      .max(31 * 1440),
  }),
]);
const consentDays = z.int().min(1).max(366).optional();

const confidence = z.enum(['text read', 'secondary source', 'from memory', 'uncertain', 'our reading', 'policy']);
const common = {
  id: z.string().regex(/^[a-z0-9.-]{3,64}$/),
  code: z.enum(REASON_CODES),
  strength: z.enum(STRENGTHS),
  effect: z.enum(['refuse', 'warn']).default('refuse'),
  enabled: z.boolean().default(true),
  when,
  unless: z.array(z.literal('reply')).min(1).optional(),
  source: z.string(),
  confidence,
  text,
};
const rule = <K extends string, S extends z.ZodRawShape>(kind: K, shape: S) =>
  z.strictObject({ kind: z.literal(kind), ...common, ...shape });

const rules = z.array(
  z.discriminatedUnion('kind', [
    rule('hours', {
      zone: dayZone,
      windows: z.array(windowSchema).min(1),
      calendar: z.string().optional(),
      consent: z.boolean(),
    }),
    rule('closed_days', { zone: dayZone, calendar: z.string() }),
    rule('cap', {
      scope,
      count: z.string(),
      window: capWindow,
      max: count,
      zone: dayZone.optional(),
      consentDays,
      debts: z.literal('in_collection_procedures').optional(),
    }),
    rule('cooldown', {
      scope,
      after: z.string(),
      days: z.int().min(1).max(366),
      zone: dayZone.optional(),
      consentDays,
    }),
    rule('gap', {
      scope,
      after: z.string(),
      minutes: z
        .int()
        .min(1)
        .max(366 * 1440),
    }),
    rule('addressee', {
      allow: z.array(
        z.strictObject({
          roles: z.array(z.enum(ROLES)).min(1),
          purposes: z.array(z.enum(PURPOSES)).min(1),
          needs: z
            .union([
              z.strictObject({ directive: z.enum(DIRECTIVE_KINDS), about }),
              z.strictObject({ offerDays: z.int().min(1).max(366) }),
            ])
            .optional(),
        }),
      ),
    }),
    rule('known_account', {}),
    rule('overdue', { minDays: z.int().min(1).max(366).optional() }),
    rule('account_status', { refuse: z.array(z.enum(ACCOUNT_STATUSES)).min(1) }),
    rule('plan_in_force', { types: z.array(z.string().min(1)).min(1).optional() }),
    rule('hold', { directive: z.enum(DIRECTIVE_KINDS), about, types: some(MORATORIUM_TYPES).optional() }),
    rule('opt_out', { directive: z.enum(['channel_opt_out', 'address_opt_out']) }),
    rule('confirmation', {}),
    rule('blocked_time', {}),
    rule('blocked_place', {}),
    rule('place', { refuse: some(PLACES), unlessOnlyNumber: z.boolean().optional() }),
    rule('address_source', {
      accept: z
        .array(
          z.strictObject({
            source: z.enum(PROVENANCE_SOURCES),
            noticeDays: z.int().min(0).max(366).optional(),
          }),
        )
        .min(1),
    }),
    rule('verified_within', { days: z.int().min(1).max(366) }),
    rule('debtor_unreachable', {
      unanswered: z.string(),
      reached: z.string(),
      consecutiveCalls: count.min(1),
      consecutiveDays: count.min(1),
      lookbackDays: count.min(1).max(366),
    }),
    rule('vendor_notice', {}),
    rule('own_name', {}),
    rule('contact_point', {}),
    rule('wrong_number', {}),
    rule('caller_number', { registered: z.array(pattern).min(1), privateLines: z.array(pattern) }),
    rule('recording', {}),
  ]),
);

const instant = z.iso.datetime({ offset: true });
const exampleEvent = z.strictObject({
  id: z.string().optional(),
  at: instant,
  outcome: z.enum(OUTCOMES),
  channel: z.enum(CHANNELS).default('voice'),
  direction: z.enum(['outbound', 'inbound']).default('outbound'),
  collectorId: z.string().optional(),
  purpose: z.enum(PURPOSES).default('collect'),
  accountIds: z.array(z.string()).optional(),
  conversationAccountIds: z.array(z.string()).optional(),
  place: z.enum(['home', 'work']).optional(),
  carrier: carrier.optional(),
  ringless: z.boolean().optional(),
  misdirected: z.boolean().optional(),
  answerIncomplete: z.boolean().optional(),
  offeredToPay: z.boolean().optional(),
  inReplyTo: z.string().optional(),
});
const exampleDirective = z.strictObject({
  kind: z.enum(DIRECTIVE_KINDS),
  from: instant,
  until: instant.nullable().default(null),
  partyId: z.string().nullable().default(null),
  contactPointId: z.string().nullable().default(null),
  accountId: z.string().nullable().default(null),
  channel: z.enum(CHANNELS).nullable().default(null),
  collectorId: z.string().nullable().default(null),
  windows: z.array(windowSchema).default([]),
  places: z.array(z.enum(['home', 'work'])).default([]),
  moratoriumType: z.enum(MORATORIUM_TYPES).optional(),
});
const exampleContactPoint = z.strictObject({
  kind: z.enum(CONTACT_POINT_KINDS).optional(),
  line: z.enum(['mobile', 'landline', 'work']).default('mobile'),
  place: z.enum(['home', 'work']).optional(),
  status: z.enum(['active', 'invalid']).default('active'),
  verifiedOn: z.iso.date().optional(),
  provenance: z
    .strictObject({
      source: z.enum(PROVENANCE_SOURCES),
      noticeSentOn: z.iso.date().optional(),
      optOutBy: z.iso.date().optional(),
    })
    .optional(),
  onlyNumber: z.boolean().default(false),
});
const exampleAccount = z.strictObject({
  accountId: z.string(),
  status: z.enum(ACCOUNT_STATUSES).default('open'),
  pastDueSince: z.iso.date().nullable().default('2026-01-20'),
  debtGroupId: z.string().optional(),
  inCollectionProcedures: z.boolean().optional(),
  plan: z.strictObject({ type: z.string(), status: z.string() }).optional(),
});

/**
 * A case the pack must answer as written, or it does not load. What is not given is an ordinary recorded daytime call of
 * the bank to the debtor's own mobile about one open account.
 */
export const exampleSchema = z.strictObject({
  name: z.string().min(5),
  at: instant,
  given: z
    .strictObject({
      channel: z.enum(CHANNELS).default('voice'),
      purpose: z.enum(PURPOSES).default('collect'),
      role: z.enum(ROLES).default('debtor'),
      automated: z.boolean().default(false),
      ringless: z.boolean().default(false),
      recording: z.boolean().default(true),
      callerNumber: z.string().nullable().default('95588'),
      collector: z
        .strictObject({ kind: z.enum(COLLECTOR_KINDS), id: z.string(), carrier: carrier.optional() })
        .default({ kind: 'creditor', id: 'bank' }),
      presentsAs: z.string().nullable().default(null),
      region: region.optional(),
      zones: z.array(zone).optional(),
      contactPoint: exampleContactPoint.prefault({}),
      /** Short forms of an account that is the only one. */
      accountStatus: z.enum(ACCOUNT_STATUSES).optional(),
      pastDueSince: z.iso.date().nullable().optional(),
      accounts: z.array(exampleAccount).optional(),
      asks: z.array(z.string()).optional(),
      events: z.array(exampleEvent).default([]),
      numberEvents: z.array(exampleEvent).optional(),
      householdEvents: z.array(exampleEvent).optional(),
      debtorEvents: z.array(exampleEvent).default([]),
      inReplyTo: z.string().optional(),
      directives: z.array(exampleDirective).default([]),
    })
    .prefault({}),
  expect: z.strictObject({
    permitted: z.boolean(),
    reasons: z.array(z.enum(REASON_CODES)).default([]),
    warnings: z.array(z.enum(REASON_CODES)).optional(),
    nextPermittedAt: instant.nullable().optional(),
  }),
});

const calendarSchema = z.strictObject({
  source: z.string(),
  years: z.array(z.int().min(1970).max(2099)).min(1),
  days: z.array(
    z
      .strictObject({ from: z.iso.date(), to: z.iso.date(), name: text })
      .refine(({ from, to }) => from <= to, { message: '`to` is before `from`', path: ['to'] }),
  ),
});

/** A row of the law or of the bank's policy that is no rule of contact: data for other features, and for reviewers. */
const parameterSchema = z.strictObject({
  name: z.string().regex(/^[a-z][A-Za-z0-9_.]{1,80}$/),
  value: z.unknown(),
  strength: z.enum(STRENGTHS),
  source: z.string(),
  confidence,
  /** The rule that carries the row out. */
  rule: z.string().optional(),
  note: text.optional(),
});

const sourced = { source: z.string(), confidence };
const permutation = <const T extends readonly string[]>(words: T) =>
  z
    .array(z.enum(words))
    .length(words.length)
    .refine((order) => new Set(order).size === order.length, 'names one twice');
const share = z.string().regex(/^[01](\.\d{1,12})?$/, 'no decimal fraction');

/** How payments are spread, interest counted and minimum payments made, where the contract of an account does not say. */
const ledgerSchema = z.strictObject({
  allocation: z.strictObject({
    bands: z
      .array(z.strictObject({ upToDaysPastDue: count.optional(), order: permutation(['charges', 'principal']) }))
      .min(1)
      .refine(
        (bands) =>
          bands.every(({ upToDaysPastDue: end }, index) =>
            index === bands.length - 1
              ? end === undefined
              : end !== undefined && end > (bands[index - 1]?.upToDaysPastDue ?? -1),
          ),
        'bands ascend, and only the last one has no end',
      ),
    charges: permutation(KINDS.filter((kind) => sideOf(kind) === 'charges')),
    principal: permutation(KINDS.filter((kind) => sideOf(kind) === 'principal')),
    ...sourced,
  }),
  interest: z.strictObject({ dayCount: z.enum(DAY_COUNTS), compound: z.boolean(), ...sourced }),
  minimumPayment: z.strictObject({
    principalRate: share,
    floor: z.string().refine(isAmount, 'no amount in major units'),
    ...sourced,
  }),
  /** In which order one payment for several accounts pays them: what is past due, what is due, and the rest. */
  distribution: z.strictObject({ order: permutation(DISTRIBUTION_STEPS), ...sourced }),
});

export const packSchema = z
  .strictObject({
    pack: z.string().regex(/^[a-z0-9-]{2,40}$/),
    version: z.iso.date(),
    lifecycle: z.enum(['in_force', 'shadow']).default('in_force'),
    jurisdictions: z.array(z.string().regex(/^[A-Z]{2}(-[A-Z0-9]{1,6})?$/)).min(1),
    zone,
    effectiveFrom: z.iso.date(),
    effectiveUntil: z.iso.date().nullable(),
    title: text,
    coverage: coverage.prefault({}),
    checkValiditySeconds: z.int().min(1).max(3600),
    reservationSeconds: z.int().min(1).max(3600),
    account: z
      .strictObject({
        graceDays: count,
        graceAmount: z.string().refine(isAmount, 'no amount in major units'),
        bucketDays: z.int().min(1),
        mildUpToBucket: z.int().min(1),
        ledger: ledgerSchema.optional(),
      })
      .optional(),
    sources: z.record(z.string(), text),
    calendars: z.record(z.string(), calendarSchema).default({}),
    parameters: z.array(parameterSchema).default([]),
    eventSets: z.record(z.string(), eventFilter),
    rules,
    obligations: z.array(z.strictObject({ code: z.string().regex(/^[A-Z_]+$/), when, source: z.string(), text })),
    examples: z.array(exampleSchema),
  })
  .refine(({ effectiveFrom, effectiveUntil }) => effectiveUntil === null || effectiveFrom < effectiveUntil, {
    message: '`effectiveUntil` must be after `effectiveFrom`',
    path: ['effectiveUntil'],
  });

export type PackDocument = z.infer<typeof packSchema>;
export type PackExample = z.infer<typeof exampleSchema>;
