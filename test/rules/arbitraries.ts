import fc from 'fast-check';
import {
  ACCOUNT_STATUSES,
  type ContactEvent,
  type ContactFacts,
  type DirectiveFacts,
  type DirectiveKind,
  MORATORIUM_TYPES,
  OUTCOMES,
  PLACES,
  PROVENANCE_SOURCES,
  PURPOSES,
  ROLES,
} from '../../src/rules/contact/facts.ts';
import {
  type About,
  type CapWindow,
  type EventFilter,
  type RuleBody,
  type RuleSpec,
  SCOPES,
} from '../../src/rules/contact/policy.ts';
import { WEEKDAYS, weeklyWindow } from '../../src/rules/time/windows.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../src/rules/time/zone.ts';
import { directive, facts, ms, ruleOf } from './builders.ts';

/**
 * Facts and packs made of the whole vocabulary, in few distinct values so that they meet: two parties, two accounts,
 * two collectors, and times on a grid around the weeks in which the clocks of New York and London change.
 */

const channel = fc.constantFrom('voice' as const, 'voice' as const, 'sms' as const, 'letter' as const);
const collectorId = fc.constantFrom('bank', 'vendor');
const place = fc.constantFrom('home' as const, 'work' as const);
const carrier = fc.constantFrom('aliyun', 'huawei');
/** Members that are mostly absent, as in stored facts. */
const sparse = <T extends Record<string, fc.Arbitrary<unknown>>>(members: T) =>
  Object.fromEntries(
    Object.entries(members).map(([name, value]) => [name, fc.option(value, { nil: undefined, freq: 2 })]),
  ) as { [K in keyof T]: fc.Arbitrary<(T[K] extends fc.Arbitrary<infer V> ? V : never) | undefined> };
const withoutUndefined = <T extends object>(value: T) =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
const nullable = <T>(value: fc.Arbitrary<T>) => fc.oneof(fc.constant(null), fc.constant(null), value);
const some = <T>(...values: T[]) => fc.subarray(values, { minLength: 1 });

export const instant = fc
  .tuple(
    fc.constantFrom('2026-10-23', '2026-10-30', '2026-11-20', '2026-12-29'),
    fc.integer({ min: 0, max: 9 * 24 * 4 }),
    fc.constantFrom(0, 0, 1, -1, SECOND),
  )
  .map(([date, quarters, away]) => ms(`${date}T00:00Z`) + quarters * 15 * MINUTE + away);

const clock = (slot: number) => `${String(slot >> 1).padStart(2, '0')}:${slot % 2 === 0 ? '00' : '30'}`;

export const windowSpec = fc
  .record({
    days: fc.option(fc.subarray([...WEEKDAYS], { minLength: 1 }), { nil: undefined, freq: 2 }),
    slots: fc.oneof(
      { weight: 3, arbitrary: fc.uniqueArray(fc.integer({ min: 0, max: 48 }), { minLength: 2, maxLength: 2 }) },
      { weight: 1, arbitrary: fc.integer({ min: 1, max: 48 }).map((slot) => [0, slot]) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 47 }).map((slot) => [slot, 48]) },
      { weight: 1, arbitrary: fc.constant([0, 48]) },
    ),
  })
  .map(({ days, slots: [a = 0, b = 1] }) => ({ days, from: clock(Math.min(a, b)), to: clock(Math.max(a, b)) }));

export function contactAround(at: number): fc.Arbitrary<ContactEvent> {
  return fc
    .record({
      id: fc.constantFrom('e1', 'e2', 'e3', 'e4', 'e5', 'e6', 'e7', 'e8'),
      at: fc.oneof(
        fc.integer({ min: -2, max: 24 * 4 }).map((quarters) => at - quarters * 15 * MINUTE),
        fc.integer({ min: 0, max: 40 * 24 }).map((hours) => at - hours * HOUR),
      ),
      channel,
      outcome: fc.constantFrom(...OUTCOMES),
      direction: fc.constantFrom('outbound', 'outbound', 'inbound'),
      collectorId,
      purpose: fc.constantFrom('collect' as const, 'collect' as const, ...PURPOSES),
      ...sparse({
        accountIds: fc.constantFrom(['A1'], ['A2'], ['A1', 'A2']),
        conversationAccountIds: fc.constantFrom([], ['A1']),
        place,
        carrier,
        misdirected: fc.constant(true),
        answerIncomplete: fc.constant(true),
        offeredToPay: fc.constant(true),
        inReplyTo: fc.constantFrom('e1', 'e2'),
      }),
    })
    .map(withoutUndefined);
}

/** Kinds that some rule below reads, the ones about times more often. */
const KINDS = [
  'hours_consent',
  'hours_consent',
  'time_restriction',
  'time_restriction',
  'place_restriction',
  'channel_opt_out',
  'address_opt_out',
  'dispute',
  'cease',
  'common_debt',
  'vendor_notice',
  'private_line_approval',
  'call_consent',
  'call_consent',
  'moratorium',
] as const satisfies readonly DirectiveKind[];

function directiveAround(at: number): fc.Arbitrary<DirectiveFacts> {
  const bound = fc.integer({ min: -10 * 24, max: 40 * 24 }).map((hours) => at + hours * HOUR);
  return fc
    .record({
      kind: fc.constantFrom(...KINDS),
      partyId: nullable(fc.constantFrom('self', 'other')),
      contactPointId: nullable(fc.constantFrom('m1', 'm2')),
      accountId: nullable(fc.constantFrom('A1', 'A2')),
      channel: nullable(channel),
      collectorId: nullable(collectorId),
      places: fc.subarray<'home' | 'work'>(['home', 'work']),
      bounds: fc.tuple(fc.oneof(fc.constant(at - DAY), bound), nullable(fc.integer({ min: 1, max: 30 * 24 }))),
      zone: fc.constantFrom('Asia/Shanghai', 'America/New_York'),
      windows: fc.array(windowSpec, { minLength: 1, maxLength: 2 }),
      moratoriumType: fc.constantFrom(...MORATORIUM_TYPES),
    })
    .map(({ bounds: [from, hours], zone, windows, ...rest }) => {
      const until = hours === null ? null : from + hours * HOUR;
      const bounded = windows.map((window) => ({ ...weeklyWindow(window), zone, validFrom: from, validUntil: until }));
      return { ...directive(rest.kind), ...rest, from, until, windows: bounded };
    });
}

export function factsAround(at: number): fc.Arbitrary<ContactFacts> {
  const events = fc.array(contactAround(at), { maxLength: 8 }).map((list) => list.toSorted((a, b) => a.at - b.at));
  const account = fc
    .record({
      accountId: fc.constantFrom('A1', 'A2'),
      status: fc.constantFrom('open' as const, 'open' as const, ...ACCOUNT_STATUSES),
      pastDueDay: fc.constantFrom(20_000, 20_000, 20_000, null, Math.floor(at / DAY) + 1),
      ...sparse({
        inCollectionProcedures: fc.boolean(),
        groupAccountIds: fc.constant(['A1', 'A2']),
        plan: fc.constantFrom({ type: 'individual', status: 'active' }, { type: 'individual', status: 'broken' }),
      }),
    })
    .map(withoutUndefined);
  return fc
    .record({
      request: fc
        .record({
          channel,
          purpose: fc.constantFrom('collect' as const, 'collect' as const, ...PURPOSES),
          automated: fc.boolean(),
          recording: fc.constantFrom(true, true, true, false),
          callerNumber: fc.constantFrom('95588', '95588', '13800138000', null),
          collectorKind: fc.constantFrom('creditor' as const, 'third_party' as const),
          collectorId,
          ...sparse({
            carrier,
            ringless: fc.boolean(),
            reply: fc.record({ attemptId: fc.constant('e1'), known: fc.boolean(), answered: fc.boolean() }),
          }),
        })
        .map(withoutUndefined),
      party: fc.record({
        partyId: fc.constantFrom('self', 'other'),
        role: fc.constantFrom('debtor' as const, ...ROLES),
      }),
      contactPoint: nullable(
        fc
          .record({
            place: nullable(place),
            status: fc.constantFrom('active', 'active', 'invalid'),
            ...sparse({
              verifiedDay: fc.integer({ min: -90, max: 1 }).map((days) => Math.floor(at / DAY) + days),
              provenance: fc.record({
                source: fc.constantFrom(...PROVENANCE_SOURCES),
                noticeSentDay: fc.constant(Math.floor(at / DAY) - 40),
                optOutByDay: fc.integer({ min: -6, max: 6 }).map((days) => Math.floor(at / DAY) + days),
              }),
              onlyNumber: fc.boolean(),
            }),
          })
          .map(withoutUndefined),
      ),
      zones: fc.constantFrom(
        ['Asia/Shanghai'],
        ['Asia/Shanghai'],
        ['America/New_York'],
        ['Asia/Shanghai', 'America/New_York'],
        ['Europe/London', 'Africa/Lagos'],
        [],
      ),
      accounts: fc.uniqueArray(account, { selector: ({ accountId }) => accountId, maxLength: 2 }),
      accountsNamed: fc.boolean(),
      directives: fc.array(directiveAround(at), { maxLength: 4 }),
      debtorHasValidNumber: fc.constantFrom(true, true, false),
      events: fc
        .record({ person: events, number: events, debtor: events, ...sparse({ household: events }) })
        .map(withoutUndefined),
      ...sparse({ region: fc.constantFrom('CN-65', 'CN-11') }),
    })
    .map((given) => facts(withoutUndefined(given) as Parameters<typeof facts>[0]));
}

const filter: fc.Arbitrary<EventFilter> = fc
  .record({
    channels: some('voice' as const, 'sms' as const),
    outcomes: some(...OUTCOMES),
    directions: fc.constantFrom<EventFilter['directions'][]>(['outbound'], ['outbound', 'inbound']),
    ...sparse({
      purposes: some(...PURPOSES),
      places: some(...PLACES),
      by: fc.constantFrom('same_collector' as const, 'same_carrier' as const),
      misdirected: fc.constant('exclude' as const),
      answerIncomplete: fc.constant('exclude' as const),
    }),
  })
  .map(withoutUndefined);
const about = fc.constantFrom<About>('customer', 'party', 'addressee', 'accounts');
const scope = fc.constantFrom('person' as const, 'number' as const, ...SCOPES);
const dayZone = fc.constantFrom('pack' as const, 'person' as const);
const counts = sparse({ zone: dayZone, consentDays: fc.integer({ min: 1, max: 8 }) });
const today = Math.floor(ms('2026-11-20T00:00Z') / DAY);
const calendar = fc
  .array(fc.integer({ min: -30, max: 60 }), { maxLength: 8 })
  .map((days) => ({ years: [2026, 2027], days: new Set(days.map((day) => today + day)) }));
const needs = fc.oneof(
  fc.record({ directive: fc.constantFrom('common_debt' as const, 'cease' as const), about }),
  fc.record({ offerDays: fc.integer({ min: 1, max: 40 }) }),
);

/** Rules by which the clock alone opens and shuts. */
const hours = fc.record({
  kind: fc.constant('hours' as const),
  zone: fc.constantFrom('pack' as const, 'person' as const),
  windows: fc.array(windowSpec, { minLength: 1, maxLength: 3 }),
  consent: fc.boolean(),
});
const hoursByCalendar = fc
  .tuple(hours, calendar, fc.constantFrom('holidays' as const, 'workdays' as const), fc.boolean(), fc.boolean())
  .map(([rule, days, on, toInclusive, fromExclusive]) => ({
    ...rule,
    calendar: days,
    windows: rule.windows.map((window, index) => ({
      ...window,
      toInclusive,
      fromExclusive,
      ...(index > 0 ? {} : { on }),
    })),
  }));
const timed = fc.oneof(
  { weight: 4, arbitrary: hours },
  hoursByCalendar,
  fc.record({ kind: fc.constant('closed_days' as const), zone: dayZone, calendar }),
  fc.record({
    kind: fc.constant('hold' as const),
    directive: fc.constant('moratorium' as const),
    about,
    types: some(...MORATORIUM_TYPES),
  }),
  { weight: 2, arbitrary: fc.constant({ kind: 'blocked_time' as const }) },
  fc.constant({ kind: 'blocked_place' as const }),
  fc.record({
    kind: fc.constant('hold' as const),
    directive: fc.constantFrom('dispute' as const, 'cease' as const),
    about,
  }),
  fc.record({
    kind: fc.constant('opt_out' as const),
    directive: fc.constantFrom('channel_opt_out' as const, 'address_opt_out' as const),
  }),
);

const counting = fc.oneof(
  fc
    .record({
      kind: fc.constant('cap' as const),
      scope,
      count: filter,
      max: fc.integer({ min: 0, max: 4 }),
      ...counts,
      ...sparse({ debts: fc.constant('in_collection_procedures' as const) }),
      window: fc.oneof(
        fc.constantFrom<CapWindow[]>(
          { kind: 'day' },
          { kind: 'week' },
          { kind: 'week', startsOn: 'sun' },
          { kind: 'month' },
          { kind: 'ever' },
        ),
        fc.record({ kind: fc.constant('rolling_days' as const), days: fc.integer({ min: 1, max: 8 }) }),
        fc.record({ kind: fc.constant('rolling' as const), minutes: fc.integer({ min: 1, max: 1500 }) }),
      ),
    })
    .map(withoutUndefined),
  fc
    .record({
      kind: fc.constant('cooldown' as const),
      scope,
      after: filter,
      days: fc.integer({ min: 1, max: 8 }),
      ...counts,
    })
    .map(withoutUndefined),
  fc.record({ kind: fc.constant('gap' as const), scope, after: filter, minutes: fc.integer({ min: 1, max: 3000 }) }),
);

const other: fc.Arbitrary<RuleBody> = fc.oneof(
  fc.record({
    kind: fc.constant('addressee' as const),
    allow: fc.array(
      fc.record({ roles: some(...ROLES), purposes: some(...PURPOSES), needs: fc.option(needs, { nil: undefined }) }),
      { minLength: 1, maxLength: 3 },
    ),
  }),
  fc.record({
    kind: fc.constant('debtor_unreachable' as const),
    unanswered: filter,
    reached: filter,
    consecutiveCalls: fc.integer({ min: 1, max: 3 }),
    consecutiveDays: fc.integer({ min: 1, max: 3 }),
    lookbackDays: fc.integer({ min: 1, max: 30 }),
  }),
  fc.record({ kind: fc.constant('account_status' as const), refuse: some(...ACCOUNT_STATUSES) }),
  fc.record({ kind: fc.constant('overdue' as const), minDays: fc.integer({ min: 1, max: 20 }) }),
  fc.record({ kind: fc.constant('place' as const), refuse: some(...PLACES), unlessOnlyNumber: fc.boolean() }),
  fc.record({ kind: fc.constant('verified_within' as const), days: fc.integer({ min: 1, max: 60 }) }),
  fc.constant<RuleBody>({
    kind: 'address_source',
    accept: [{ source: 'consumer' }, { source: 'creditor', noticeDays: 35 }],
  }),
  fc.constantFrom<RuleBody>(
    { kind: 'known_account' },
    { kind: 'confirmation' },
    { kind: 'plan_in_force', types: ['individual'] },
    { kind: 'overdue' },
    { kind: 'vendor_notice' },
    { kind: 'own_name' },
    { kind: 'contact_point' },
    { kind: 'wrong_number' },
    { kind: 'recording' },
    { kind: 'caller_number', registered: ['9[56]\\d{3,6}'], privateLines: ['1[3-9]\\d{9}'] },
  ),
);

function rulesOf(body: fc.Arbitrary<RuleBody>): fc.Arbitrary<RuleSpec[]> {
  const when = fc.oneof(
    { weight: 3, arbitrary: fc.constant({}) },
    {
      weight: 1,
      arbitrary: fc.record({
        channels: some('voice' as const, 'sms' as const),
        collectors: some('creditor' as const, 'third_party' as const),
      }),
    },
    {
      weight: 1,
      arbitrary: fc
        .record(
          sparse({
            carriers: fc.constant(['aliyun']),
            places: some(...PLACES),
            regions: fc.constant(['CN-65']),
            ringless: fc.boolean(),
          }),
        )
        .map(withoutUndefined),
    },
  );
  const effect = fc.constantFrom('refuse' as const, 'refuse' as const, 'refuse' as const, 'warn' as const);
  const unless = fc.constantFrom<{ unless?: ['reply'] }[]>({}, {}, {}, { unless: ['reply'] });
  return fc
    .array(fc.tuple(body, when, effect, unless), { minLength: 1, maxLength: 6 })
    .map((list) =>
      list.map(([given, applies, does, except], index) =>
        ruleOf(given, { id: `rule.${index}`, when: applies, effect: does, ...except }),
      ),
    );
}

/** One to six rules: of every kind, and of the kinds that follow from directives and the clock alone. */
export const rules = rulesOf(
  fc.oneof({ weight: 3, arbitrary: timed }, { weight: 4, arbitrary: counting }, { weight: 1, arbitrary: other }),
);
export const clockRules = rulesOf(timed);

/** An instant, and facts around it. */
export const situation = instant.chain((at) => fc.tuple(fc.constant(at), factsAround(at)));
