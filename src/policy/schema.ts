import { z } from 'zod';
import {
  ACCOUNT_STATUSES,
  CHANNELS,
  COLLECTOR_KINDS,
  DIRECTIVE_KINDS,
  OUTCOMES,
  PURPOSES,
  ROLES,
} from '../rules/contact/facts.ts';
import { REASON_CODES, STRENGTHS } from '../rules/contact/policy.ts';
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
  .strictObject({ days: z.array(z.enum(WEEKDAYS)).min(1).optional(), from: time, to: time })
  .refine((window) => window.from < window.to, { message: '`from` must be before `to`', path: ['to'] });

const directions = z.array(z.enum(['outbound', 'inbound'])).min(1);
const eventFilter = z.strictObject({
  channels: z.array(z.enum(CHANNELS)).min(1),
  outcomes: z.array(z.enum(OUTCOMES)).min(1),
  directions,
});
const when = z.strictObject({
  channels: z.array(z.enum(CHANNELS)).optional(),
  purposes: z.array(z.enum(PURPOSES)).optional(),
  roles: z.array(z.enum(ROLES)).optional(),
  collectors: z.array(z.enum(COLLECTOR_KINDS)).optional(),
  automated: z.boolean().optional(),
});
const about = z.enum(['customer', 'party', 'addressee', 'accounts']);
const scope = z.enum(['person', 'number']);
const count = z.int().min(0).max(10_000);
const capWindow = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.enum(['day', 'week', 'month']) }),
  z.strictObject({ kind: z.literal('rolling_days'), days: z.int().min(1).max(366) }),
  z.strictObject({
    kind: z.literal('rolling'),
    minutes: z
      .int()
      .min(1)
      .max(366 * 1440),
  }),
]);

const common = {
  id: z.string().regex(/^[a-z0-9.-]{3,64}$/),
  code: z.enum(REASON_CODES),
  strength: z.enum(STRENGTHS),
  effect: z.enum(['refuse', 'warn']).default('refuse'),
  when,
  source: z.string(),
  confidence: z.enum(['text read', 'secondary source', 'from memory', 'uncertain', 'our reading', 'policy']),
  text,
};
const rule = <K extends string, S extends z.ZodRawShape>(kind: K, shape: S) =>
  z.strictObject({ kind: z.literal(kind), ...common, ...shape });

const rules = z.array(
  z.discriminatedUnion('kind', [
    rule('hours', { zone: z.enum(['pack', 'person']), windows: z.array(windowSchema).min(1), consent: z.boolean() }),
    rule('cap', { scope, count: z.string(), window: capWindow, max: count }),
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
          needs: z.strictObject({ directive: z.enum(DIRECTIVE_KINDS), about }).optional(),
        }),
      ),
    }),
    rule('known_account', {}),
    rule('overdue', {}),
    rule('account_status', { refuse: z.array(z.enum(ACCOUNT_STATUSES)).min(1) }),
    rule('hold', { directive: z.enum(DIRECTIVE_KINDS), about }),
    rule('opt_out', { directive: z.enum(['channel_opt_out', 'address_opt_out']) }),
    rule('blocked_time', {}),
    rule('blocked_place', {}),
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
  at: instant,
  outcome: z.enum(OUTCOMES),
  channel: z.enum(CHANNELS).default('voice'),
  direction: z.enum(['outbound', 'inbound']).default('outbound'),
  collectorId: z.string().default('bank'),
});

/** A case the pack must answer as written, or it does not load. What is not given is an ordinary daytime call to the debtor. */
export const exampleSchema = z.strictObject({
  name: z.string().min(5),
  at: instant,
  given: z
    .strictObject({
      channel: z.enum(CHANNELS).default('voice'),
      purpose: z.enum(PURPOSES).default('collect'),
      role: z.enum(ROLES).default('debtor'),
      automated: z.boolean().default(false),
      recording: z.boolean().default(true),
      callerNumber: z.string().nullable().default('95588'),
      collector: z
        .strictObject({ kind: z.enum(COLLECTOR_KINDS), id: z.string() })
        .default({ kind: 'creditor', id: 'bank' }),
      presentsAs: z.string().nullable().default(null),
      accountStatus: z.enum(ACCOUNT_STATUSES).default('open'),
      pastDueSince: z.iso.date().nullable().default('2026-01-20'),
      zones: z.array(zone).default(['Asia/Shanghai']),
      events: z.array(exampleEvent).default([]),
      debtorEvents: z.array(exampleEvent).optional(),
      directives: z
        .array(
          z.strictObject({
            kind: z.enum(DIRECTIVE_KINDS),
            from: instant,
            until: instant.nullable().default(null),
            partyId: z.string().nullable().default(null),
            channel: z.enum(CHANNELS).nullable().default(null),
            collectorId: z.string().nullable().default(null),
            windows: z.array(windowSchema).default([]),
          }),
        )
        .default([]),
    })
    .prefault({}),
  expect: z.strictObject({
    permitted: z.boolean(),
    reasons: z.array(z.enum(REASON_CODES)).default([]),
    nextPermittedAt: instant.nullable().optional(),
  }),
});

export const packSchema = z
  .strictObject({
    pack: z.string().regex(/^[a-z0-9-]{2,40}$/),
    version: z.iso.date(),
    jurisdictions: z.array(z.string().regex(/^[A-Z]{2}(-[A-Z0-9]{1,6})?$/)).min(1),
    zone,
    effectiveFrom: z.iso.date(),
    effectiveUntil: z.iso.date().nullable(),
    title: text,
    checkValiditySeconds: z.int().min(1).max(3600),
    reservationSeconds: z.int().min(1).max(3600),
    account: z.strictObject({
      graceDays: count,
      graceAmount: z.string().refine(isAmount, 'no amount in major units'),
      bucketDays: z.int().min(1),
      mildUpToBucket: z.int().min(1),
    }),
    sources: z.record(z.string(), text),
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
