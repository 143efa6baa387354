import fc from 'fast-check';
import type { TestApp } from './app.ts';

/**
 * Generated customers with a past: what is on file, what was said, and what happened in which order. A story can be told
 * to a service through its operations, or to a simulation at once.
 */

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** Where customers are, and which carriers and collectors their packs know. */
const PLACES = [
  { jurisdictions: ['CN'], timeZones: ['Asia/Shanghai'] },
  { jurisdictions: ['CN'], timeZones: ['Asia/Urumqi', 'Asia/Shanghai'] },
  { jurisdictions: ['US-NYC'], timeZones: ['America/New_York'] },
  { jurisdictions: ['US-NYC'], timeZones: ['America/New_York'] },
  { jurisdictions: ['US-WA'], timeZones: ['America/Los_Angeles'] },
  { jurisdictions: ['US-MA', 'US'], timeZones: ['America/New_York', 'America/Chicago'] },
  { jurisdictions: ['US-FL'], timeZones: ['America/New_York'] },
  { jurisdictions: ['GB'], timeZones: ['Europe/London'] },
  { jurisdictions: ['IN'], timeZones: ['Asia/Kolkata'] },
  { jurisdictions: ['HK', 'CN'], timeZones: ['Asia/Hong_Kong'] },
] as const;

const collector = fc.constantFrom(
  { kind: 'creditor', id: 'bank' },
  { kind: 'third_party', id: 'vendor' },
  { kind: 'third_party', id: 'vendor' },
  { kind: 'third_party', id: 'vendor', carrier: 'aliyun' },
);
const OUTCOMES: Readonly<Record<string, readonly string[]>> = {
  voice: ['no_answer', 'no_answer', 'busy', 'voicemail', 'limited_message', 'conversation', 'wrong_number', 'placed'],
  sms: ['delivered', 'undelivered'],
  email: ['delivered'],
  visit: ['no_answer', 'conversation', 'third_party_answered'],
};
/** Whom on what: the party, one of their contact points, a channel for it. */
const WAYS = [
  ['self', 'm1', 'voice'],
  ['self', 'm1', 'voice'],
  ['self', 'm1', 'sms'],
  ['self', 'w1', 'voice'],
  ['self', 'e1', 'email'],
  ['self', 'h1', 'visit'],
  ['wife', 'm3', 'voice'],
  ['friend', 'm2', 'voice'],
] as const;

/** Undefined but for one in so many. */
const maybe = <T>(value: fc.Arbitrary<T>, oneIn = 2): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: oneIn - 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });
const accountIds = fc.subarray(['A1', 'A2', 'A3'], { minLength: 1 });
const contact = fc.record({
  way: fc.constantFrom(...WAYS),
  byAddress: fc.boolean(),
  purpose: fc.constantFrom('collect', 'collect', 'collect', 'service', 'locate'),
  automated: fc.constantFrom(false, false, true),
  collector,
  accounts: maybe(accountIds, 3),
});
/** Most contacts of a story are alike, or few of them would count together. */
const likely = fc.record({ asUsual: fc.constantFrom(true, true, false), one: contact, outcomeNo: fc.nat({ max: 7 }) });

/** One thing that happened: a report, or a reservation with what became of it. */
const happening = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('attempt' as const),
      contacted: likely,
      direction: fc.constantFrom('outbound', 'outbound', 'outbound', 'inbound'),
      attributed: maybe(fc.constantFrom('A1', 'A2'), 4),
      completedAs: maybe(fc.constantFrom('no_answer', 'conversation', 'wrong_number')),
      offeredToPay: maybe(fc.constant(true), 5),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('reservation' as const),
      contacted: likely,
      /** How far the clock of the dialer is from ours. */
      skewSeconds: fc.constantFrom(5, -5),
      fate: fc.constantFrom('open' as const, 'released' as const, 'reported' as const, 'reported' as const),
    }),
  },
);

const window = fc.constantFrom(
  { from: '00:00', to: '24:00' },
  { from: '07:00', to: '10:00' },
  { from: '12:00', to: '22:30' },
);
const said = fc.oneof(
  fc.record({
    kind: fc.constantFrom('hours_consent', 'time_restriction'),
    details: fc.record({ windows: fc.tuple(window) }),
  }),
  fc.record({
    kind: fc.constantFrom('call_consent', 'vendor_notice'),
    details: fc.constant({ collectorId: 'vendor' }),
  }),
  fc.record({
    kind: fc.constantFrom('common_debt', 'dispute', 'cease', 'hardship_hold', 'third_party_refusal'),
    accountId: maybe(fc.constantFrom('A1', 'A2')),
    partyId: maybe(fc.constantFrom('self', 'wife', 'friend')),
  }),
  fc.record({ kind: fc.constant('channel_opt_out'), channel: fc.constantFrom('voice', 'sms', 'email') }),
  fc.record({ kind: fc.constant('address_opt_out'), contactPointId: fc.constantFrom('m1', 'e1') }),
  fc.record({ kind: fc.constant('place_restriction'), details: fc.constant({ places: ['work'] }) }),
  fc.record({ kind: fc.constant('moratorium'), details: fc.constant({ type: 'breathing_space' }) }),
);

const account = fc.record({
  status: fc.constantFrom('open', 'open', 'open', 'settled', 'legal'),
  pastDueSince: fc.constantFrom('2026-08-20', '2026-08-20', '2026-11-19', null),
  debtGroupId: fc.constantFrom(null, null, 'G1'),
  inCollectionProcedures: fc.constantFrom(null, null, true),
});

export const story = fc.record({
  usual: contact,
  place: fc.constantFrom(...PLACES),
  hasWife: fc.boolean(),
  sharedNumber: fc.constantFrom(false, false, true),
  verifiedOn: maybe(fc.constantFrom('2026-11-01', '2026-06-01')),
  source: maybe(fc.constantFrom('consumer', 'creditor', 'prior_collector')),
  accounts: fc.oneof(
    { weight: 1, arbitrary: fc.array(account, { minLength: 1, maxLength: 1 }) },
    { weight: 3, arbitrary: fc.array(account, { minLength: 2, maxLength: 3 }) },
  ),
  directives: fc.array(
    fc.record({
      said,
      hoursAgo: fc.integer({ min: 1, max: 24 * 12 }),
      hours: maybe(fc.integer({ min: 1, max: 24 * 20 })),
    }),
    { maxLength: 3 },
  ),
  /** Minutes between one happening and the next. */
  past: fc.array(fc.record({ minutes: fc.constantFrom(0, 1, 20, 45, 60, 180, 600, 1440, 4320), happening }), {
    maxLength: 9,
  }),
  /** How long after the last of it is asked. */
  minutesLater: fc.constantFrom(1, 5, 31, 120, 700, 1500),
  questions: fc.array(
    fc.record({
      contacted: likely,
      recording: fc.constantFrom(true, true, true, false),
      callerNumber: fc.constantFrom('95588', '95588', '13900000000'),
      hoursAhead: maybe(fc.integer({ min: -30, max: 30 })),
      inReplyTo: maybe(fc.nat({ max: 8 }), 4),
    }),
    { minLength: 1, maxLength: 3 },
  ),
});
export type Story = typeof story extends fc.Arbitrary<infer T> ? T : never;

type Body = Record<string, unknown>;

/** A story with ids and numbers of its own: what is on file, what happened when, and what is asked. */
export interface Told {
  readonly customerId: string;
  readonly customer: Body;
  readonly accounts: readonly Body[];
  readonly directives: readonly Body[];
  readonly past: readonly {
    readonly atMs: number;
    readonly happening: Story['past'][number]['happening'];
    readonly body: Body;
    readonly outcome: string;
    readonly id: string;
  }[];
  readonly questions: readonly Body[];
  readonly startMs: number;
  readonly endMs: number;
}

const START = Temporal.Instant.from('2026-11-10T02:00:00Z').epochMilliseconds;
const iso = (ms: number) => Temporal.Instant.fromEpochMilliseconds(ms).toString();

/** Gives a story its names; `n` makes them, and its numbers, its own. */
export function tell(given: Story, n: number): Told {
  const customerId = `S${n}`;
  const own = (id: string) => `${customerId}-${id}`;
  const number = (digit: number) => `1${digit}${String(300_000_000 + n)}`;
  const values: Record<string, string> = {
    m1: number(3),
    w1: number(5),
    m2: given.sharedNumber ? number(3) : number(7),
    m3: number(8),
    e1: `debtor${n}@example.com`,
    h1: `上海市黄浦区人民大道${n}号`,
  };
  const provenance = given.source && { source: given.source, noticeSentOn: '2026-09-01', optOutBy: '2026-10-10' };
  const point = (contactPointId: string, kind: string, more: Body = {}) => ({
    contactPointId,
    kind,
    value: values[contactPointId],
    ...more,
  });
  const customer = {
    name: '张三',
    jurisdictions: given.place.jurisdictions,
    timeZones: given.place.timeZones,
    parties: [
      { partyId: 'friend', role: 'contact', name: '李四', contactPoints: [point('m2', 'phone')] },
      {
        partyId: 'self',
        role: 'debtor',
        name: '张三',
        contactPoints: [
          point('m1', 'phone', {
            line: 'mobile',
            ...(given.verifiedOn && { verifiedOn: given.verifiedOn }),
            ...(provenance && { provenance }),
          }),
          point('w1', 'phone', { line: 'work' }),
          point('e1', 'email', { ...(provenance && { provenance }) }),
          point('h1', 'postal', { place: 'home' }),
        ],
      },
      ...(given.hasWife
        ? [{ partyId: 'wife', role: 'spouse', name: '王五', contactPoints: [point('m3', 'phone')] }]
        : []),
    ],
  };
  const accounts = given.accounts.map((one, index) => ({
    accountId: own(`A${index + 1}`),
    customerId,
    currency: 'CNY',
    asOf: '2026-11-01T00:00:00Z',
    balances: { principal: '8000.00', interest: '600.00', penalty: '100.00', fees: '0.00' },
    ...one,
    pastDueSince: one.pastDueSince === '2026-11-19' ? null : one.pastDueSince,
  }));
  const known = (ids: readonly string[] | undefined) =>
    ids?.map(own).filter((id) => accounts.some(({ accountId }) => accountId === id));
  const exists = ([party]: readonly string[]) => party !== 'wife' || given.hasWife;
  const bodyOf = ({ asUsual, one: other }: Story['questions'][number]['contacted']): Body & { channel: string } => {
    const one = asUsual ? given.usual : other;
    const [partyId, contactPointId, channel] = exists(one.way) ? one.way : WAYS[0];
    const named = known(one.accounts);
    return {
      customerId,
      partyId,
      ...(one.byAddress && channel !== 'visit' ? { address: values[contactPointId] } : { contactPointId }),
      channel,
      purpose: one.purpose,
      automated: one.automated,
      collector: one.collector,
      ...(named?.length ? { accountIds: named } : {}),
    };
  };
  let atMs = START;
  const past = given.past.map(({ minutes, happening: one }, index) => {
    atMs += minutes * MINUTE;
    const body = bodyOf(one.contacted);
    const outcomes = OUTCOMES[body.channel]!;
    const outcome = outcomes[one.contacted.outcomeNo % outcomes.length]!;
    return { atMs, happening: one, body, outcome, id: own(`c${index}`) };
  });
  const endMs = atMs + given.minutesLater * MINUTE;
  const directives = given.directives.map(({ said: one, hoursAgo, hours }, index) => {
    const from = endMs - hoursAgo * 60 * MINUTE;
    const { accountId, partyId, ...rest } = { accountId: undefined, partyId: undefined, ...one } as Body & {
      accountId?: string;
      partyId?: string;
    };
    return {
      directiveId: own(`D${index}`),
      ...rest,
      ...(accountId !== undefined && known([accountId])!.length > 0 ? { accountId: own(accountId) } : {}),
      ...(partyId !== undefined && exists([partyId]) ? { partyId } : {}),
      from: iso(from),
      ...(hours === undefined ? {} : { until: iso(from + hours * 60 * MINUTE) }),
    };
  });
  const questions = given.questions.map(({ contacted, recording, callerNumber, hoursAhead, inReplyTo }) => ({
    ...bodyOf(contacted),
    recording,
    callerNumber,
    ...(hoursAhead === undefined ? {} : { at: iso(endMs + hoursAhead * 60 * MINUTE) }),
    ...(inReplyTo === undefined ? {} : { purpose: 'respond', inReplyTo: own(`c${inReplyTo}`) }),
  }));
  return { customerId, customer, accounts, directives, past, questions, startMs: START - DAY, endMs };
}

/** What a simulation takes beside the question. */
export interface Facts {
  readonly customer: Body;
  readonly accounts: readonly Body[];
  readonly directives: readonly Body[];
  readonly attempts: readonly Body[];
  readonly reservations: readonly Body[];
}

/** Lives through a story: everything is stored through the API, each at its own time. Returns the same as facts. */
export async function live(t: TestApp, told: Told): Promise<Facts> {
  const { customerId, customer, accounts, directives, past, startMs, endMs } = told;
  const attempts: Body[] = [];
  const reservations: Body[] = [];
  const send = async (method: 'PUT' | 'POST', path: string, body: Body) => {
    const answer = await t.call(method, path, body);
    if (answer.status >= 300) throw new Error(`${path}: ${JSON.stringify(answer.body)}`);
    return answer.body as Body;
  };
  const report = async (body: Body) => {
    await send('POST', '/v1/contact-attempts', body);
    attempts.push(body);
  };
  t.setNow(iso(startMs));
  await send('PUT', `/v1/customers/${customerId}`, customer);
  for (const { accountId, ...account } of accounts) await send('PUT', `/v1/accounts/${accountId}`, account);
  t.setNow(iso(endMs));
  for (const directive of directives) await send('POST', `/v1/customers/${customerId}/directives`, directive);
  for (const { atMs, happening: one, body, outcome, id } of past) {
    t.setNow(iso(atMs));
    if (one.kind === 'reservation') {
      const request = { ...body, callerNumber: '95588', requestId: id };
      const reserved = await send('POST', '/v1/contact-permissions', { ...request, mode: 'reserve' });
      if (!reserved.permitted) continue;
      const { reservationId } = reserved;
      const status = one.fate === 'released' ? 'released' : 'live';
      reservations.push({ ...request, reservationId, reservedAt: iso(atMs), status });
      if (one.fate === 'released') await send('POST', `/v1/reservations/${reservationId}/release`, { reason: 'test' });
      if (one.fate === 'reported')
        await report({
          ...body,
          attemptId: id,
          reservationId,
          startedAt: iso(atMs + one.skewSeconds * 1000),
          outcome,
        });
      continue;
    }
    const attributed =
      one.attributed && accounts.find(({ accountId }) => accountId === `${customerId}-${one.attributed}`);
    const base = { ...body, attemptId: id, direction: one.direction, startedAt: iso(atMs) };
    const attributions = attributed
      ? [{ accountId: attributed.accountId, call: true, conversation: false }]
      : undefined;
    await report({
      ...base,
      outcome,
      ...(attributions && { attributions }),
      ...(one.offeredToPay && { offeredToPay: true }),
    });
    if (outcome === 'placed' && one.completedAs && body.channel === 'voice')
      await report({ ...base, outcome: one.completedAs });
  }
  t.setNow(iso(endMs));
  return { customer: { customerId, ...customer }, accounts, directives, attempts, reservations };
}
